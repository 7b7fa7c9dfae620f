import type { SnapshotResult } from '../../pictures/snapshots.ts';
import { pictureWidth } from '../../pictures/widths.ts';
import type { HttpDeps } from '../deps.ts';
import { HttpProblem } from '../errors.ts';
import type { ProblemCode } from '../errors.ts';
import { readQuery } from '../input.ts';
import type { Route } from '../route.ts';
import { snapshotQuerySchema } from '../schemas.ts';

type Refusal = Extract<SnapshotResult, { ok: false }>['code'];

/** How the reasons for having no picture are called over HTTP. */
const problemOf: Readonly<Record<Refusal, ProblemCode>> = {
  'stream-not-found': 'stream-not-found',
  'stream-not-ready': 'stream-not-ready',
  'no-ffmpeg': 'no-decoder',
  busy: 'over-capacity',
  closing: 'shutting-down',
  failed: 'picture-unreadable',
};

export function pictureRoutes({ pictures, streams, clock }: HttpDeps): Route[] {
  function mustExist(name: string): string {
    if (streams.get(name) === undefined)
      throw new HttpProblem('stream-not-found', 'No stream of this name is configured.');
    return name;
  }

  return [
    {
      id: 'getSnapshot',
      method: 'GET',
      path: '/api/v1/streams/{stream}/snapshot.jpg',
      needs: { permission: 'view', scope: 'stream' },
      summary: 'The newest key frame, or the last one of a camera that is down',
      query: snapshotQuerySchema,
      answers: {
        200: {
          description: 'The picture',
          type: 'image/jpeg',
          headers: {
            ETag: 'Of this picture in this width',
            'Last-Modified': 'When the picture reached the relay',
            Age: 'Age of the picture in whole seconds',
            'X-Sightline-Age': 'Age of the picture in seconds, with milliseconds',
          },
        },
        304: { description: 'There is no newer one' },
      },
      problems: [
        'bad-request',
        'stream-not-found',
        'no-decoder',
        'over-capacity',
        'picture-unreadable',
        'shutting-down',
        'stream-not-ready',
      ],
      async handle(exchange) {
        const { width } = readQuery(snapshotQuerySchema, exchange.query);
        const name = mustExist(exchange.param('stream'));
        const result = await pictures.snapshots.get(name, pictureWidth(width));
        if (!result.ok) throw refused(result);
        const { jpeg, arrivalMs, tag } = result.snapshot;
        const ageMs = Math.max(0, clock() - arrivalMs);
        exchange.response.set({
          'Content-Type': 'image/jpeg',
          'Cache-Control': 'private, no-cache',
          'Last-Modified': new Date(arrivalMs).toUTCString(),
          ETag: `"${tag}"`,
          Age: String(Math.floor(ageMs / 1000)),
          'X-Sightline-Age': (ageMs / 1000).toFixed(3),
        });
        if (isKnown(exchange.request.headers['if-none-match'], tag)) exchange.response.status(304).end();
        else exchange.response.send(jpeg);
      },
    },
  ];
}

/** Decoders are free again soon, unlike a place for one more viewer. */
function refused({ code, message }: Extract<SnapshotResult, { ok: false }>): HttpProblem {
  return new HttpProblem(problemOf[code], message, code === 'busy' ? { retryAfterSeconds: 2 } : {});
}

/** RFC 9110, 13.1.2. Not left to Express, which looks away when the request also says no-cache. */
function isKnown(ifNoneMatch: string | undefined, tag: string): boolean {
  return (ifNoneMatch ?? '').split(',').some((known) => known.trim().replace(/^W\//, '') === `"${tag}"`);
}
