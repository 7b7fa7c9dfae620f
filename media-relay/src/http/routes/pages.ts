import type { HttpDeps, PageFile } from '../deps.ts';
import { HttpProblem } from '../errors.ts';
import type { Exchange, Route } from '../route.ts';

const view = { permission: 'view', scope: 'any' } as const;

export function pageRoutes({ pages }: HttpDeps): Route[] {
  return [
    {
      id: 'wall',
      method: 'GET',
      path: '/',
      needs: view,
      summary: 'The wall: live tiles of all streams',
      answers: { 200: { description: 'The page', type: 'text/html' } },
      problems: [],
      handle: (exchange) => sendPage(exchange, pages.wall),
    },
    {
      id: 'monitoring',
      method: 'GET',
      path: '/monitoring',
      needs: view,
      summary: 'The monitoring page: gauges, streams, alerts and charts of the last hour',
      answers: { 200: { description: 'The page', type: 'text/html' } },
      problems: [],
      handle: (exchange) => sendPage(exchange, pages.monitoring),
    },
    {
      id: 'asset',
      method: 'GET',
      path: '/assets/{file}',
      needs: view,
      summary: 'Scripts and styles of the pages',
      answers: { 200: { description: 'The file', type: 'application/octet-stream' } },
      problems: ['not-found'],
      handle(exchange) {
        const file = pages.files.get(exchange.param('file'));
        if (file === undefined) throw new HttpProblem('not-found', 'There is no such file.');
        sendPage(exchange, file);
      },
    },
  ];
}

/** Browsers keep it and ask each time whether it is still the same: an upgrade of the relay shows at once. */
function sendPage({ response }: Exchange, { body, type, etag }: PageFile): void {
  response.set({ 'Content-Type': type, ETag: etag, 'Cache-Control': 'no-cache' });
  response.send(typeof body === 'string' ? body : Buffer.from(body));
}
