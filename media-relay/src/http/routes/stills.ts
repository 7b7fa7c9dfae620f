import { configuredStream } from '../configured-stream.ts';
import type { HttpDeps } from '../deps.ts';
import { HttpProblem } from '../errors.ts';
import { readQuery } from '../input.ts';
import type { Route } from '../route.ts';
import { stillListSchema, stillsQuerySchema } from '../schemas.ts';
import { sendJson } from '../send-json.ts';

const mostStills = 1000;
/** Unix ms in its one spelling, up to the year 9999. */
const stillFile = /^(0|[1-9]\d{0,14})\.jpg$/;
const lastMs = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** Pictures that were kept as files (`snapshots` of the configuration). */
export function stillRoutes({ pictures, streams }: HttpDeps): Route[] {
  return [
    {
      id: 'listStills',
      method: 'GET',
      path: '/api/v1/streams/{stream}/stills',
      needs: { permission: 'view', scope: 'stream' },
      summary: 'Of which moments a picture is kept',
      query: stillsQuerySchema,
      answers: { 200: { description: 'The newest that fit, oldest first', schema: stillListSchema } },
      problems: ['bad-request', 'stream-not-found'],
      async handle(exchange) {
        const { from = 0, to = lastMs, limit = mostStills } = readQuery(stillsQuerySchema, exchange.query);
        const { name } = configuredStream(streams, exchange.param('stream'));
        const times = (await pictures.stills?.times(name, { fromMs: from, toMs: to, limit })) ?? [];
        sendJson(exchange.response, {
          everySeconds: pictures.stills?.everySeconds ?? null,
          stills: times.map((timeMs) => ({ timeMs })),
        });
      },
    },
    {
      id: 'getStill',
      method: 'GET',
      path: '/api/v1/streams/{stream}/stills/{file}',
      needs: { permission: 'view', scope: 'stream' },
      summary: 'A kept picture, by the moment that the list tells: `1893553445678.jpg`',
      answers: {
        200: {
          description: 'The picture in the size that the camera sent; it never changes',
          type: 'image/jpeg',
          headers: { 'Last-Modified': 'When the picture reached the relay' },
        },
      },
      problems: ['bad-request', 'stream-not-found', 'not-found'],
      async handle(exchange) {
        const digits = stillFile.exec(exchange.param('file'))?.[1];
        const atMs = Number(digits);
        if (digits === undefined || atMs > lastMs)
          throw new HttpProblem(
            'bad-request',
            'A still is called by its time in Unix milliseconds and ".jpg".',
          );
        const { name } = configuredStream(streams, exchange.param('stream'));
        const jpeg = await pictures.stills?.read(name, atMs);
        if (jpeg === undefined)
          throw new HttpProblem('not-found', 'Ask for the list of kept pictures; old ones are thrown away.');
        exchange.response
          .set({
            'Content-Type': 'image/jpeg',
            // The moment is its name, so it is the same for as long as anybody has it.
            'Cache-Control': 'private, max-age=86400, immutable',
            'Last-Modified': new Date(atMs).toUTCString(),
          })
          .send(jpeg);
      },
    },
  ];
}
