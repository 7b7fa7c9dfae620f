import { pipeline } from 'node:stream/promises';

import { Scrapes } from '@sightline/exporter';
import type { HttpDeps } from '../deps.ts';
import { HttpProblem } from '../errors.ts';
import type { Route } from '../route.ts';

export function metricsRoutes({ metrics }: HttpDeps): Route[] {
  const scrapes = new Scrapes();
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
        // Gone while it was asked who it is.
        if (response.destroyed) return;
        const full = scrapes.refusal;
        if (full !== undefined) throw new HttpProblem('over-capacity', full, { retryAfterSeconds: 1 });
        response.setHeader('Content-Type', metrics.contentType);
        response.setHeader('Cache-Control', 'no-store');
        if (request.method === 'HEAD') {
          response.end();
          return;
        }
        try {
          await pipeline(scrapes.begin(metrics.expose(), response), response);
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
