import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import type { HttpDeps } from '../deps.ts';
import { HttpProblem } from '../errors.ts';
import type { Route } from '../route.ts';

/** Two Prometheus and a curious person; more at once would only wait for each other. */
const maxScrapesAtOnce = 4;

export function metricsRoutes({ metrics }: HttpDeps): Route[] {
  let scrapes = 0;
  return [
    {
      id: 'metrics',
      method: 'GET',
      path: '/metrics',
      // They name every stream.
      needs: { permission: 'metrics', scope: 'all' },
      summary: 'Everything that is measured, for Prometheus; docs/METRICS.md lists it',
      answers: { 200: { description: 'Prometheus text format 0.0.4', type: 'text/plain' } },
      problems: ['over-capacity'],
      async handle({ request, response }) {
        if (scrapes >= maxScrapesAtOnce)
          throw new HttpProblem(
            'over-capacity',
            `At most ${maxScrapesAtOnce} scrapes at once are answered.`,
            {
              retryAfterSeconds: 1,
            },
          );
        response.setHeader('Content-Type', metrics.contentType);
        response.setHeader('Cache-Control', 'no-store');
        if (request.method === 'HEAD') {
          response.end();
          return;
        }
        scrapes++;
        // Not when the pipeline ends: that waits for a collector that hangs.
        response.once('close', () => scrapes--);
        try {
          await pipeline(Readable.from(metrics.expose()), response);
        } catch (error) {
          // Whoever asked gave up: nothing here went wrong.
          if (!isHangUp(error)) throw error;
        }
      },
    },
  ];
}

function isHangUp(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
}
