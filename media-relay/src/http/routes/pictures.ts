import type { Response } from 'express';

import { DecodeError } from '../../decode/decode-error.ts';
import { toUnixMs } from '../../media/clock.ts';
import type { SnapshotResult } from '../../pictures/snapshots.ts';
import { pictureWidth } from '../../pictures/widths.ts';
import { withoutCredentials } from '../../telemetry/events.ts';
import { configuredStream } from '../configured-stream.ts';
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

const boundary = 'sightline-picture';
/** An on-demand camera and a decoder have to start within. */
const firstPictureMs = 8000;

export function pictureRoutes({ pictures, streams, clock, engine }: HttpDeps): Route[] {
  async function play(response: Response, name: string, width: number | undefined): Promise<void> {
    // Gone while it was asked who it is: nothing more would be heard of it, and it would hold a decoder for ever.
    if (response.destroyed) return;
    const first = Promise.withResolvers<'picture' | 'gone' | 'over'>();
    let hasBegun = false;
    response.once('close', () => first.resolve('gone'));
    const leave = await pictures.mjpeg
      .watch(name, width, {
        onPicture(jpeg) {
          if (response.writableLength > 0) return 'busy';
          if (!hasBegun) writeHead(response).write(`--${boundary}\r\n`);
          hasBegun = true;
          writePart(response, jpeg);
          first.resolve('picture');
          return 'taken';
        },
        onEnd() {
          first.resolve('over');
          // Whoever does not read would never see the end.
          if (response.writableLength > 0) response.destroy();
          else if (hasBegun) response.end();
        },
      })
      .catch((error: unknown) => {
        throw error instanceof DecodeError ? refused(error) : error;
      });
    response.once('close', leave);
    const timer = setTimeout(() => first.resolve('over'), firstPictureMs);
    const outcome = await first.promise;
    clearTimeout(timer);
    if (outcome === 'picture') return;
    leave();
    if (outcome === 'over') throw new HttpProblem('stream-not-ready', 'No picture came.');
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
        const { name } = configuredStream(streams, exchange.param('stream'));
        const result = await pictures.snapshots.get(name, pictureWidth(width));
        if (!result.ok) throw refused(result);
        const { jpeg, arrivalMs, tag } = result.snapshot;
        const ageMs = Math.max(0, clock() - arrivalMs);
        exchange.response.set({
          'Content-Type': 'image/jpeg',
          'Cache-Control': 'private, no-cache',
          'Last-Modified': new Date(toUnixMs(arrivalMs, clock)).toUTCString(),
          ETag: `"${tag}"`,
          Age: String(Math.floor(ageMs / 1000)),
          'X-Sightline-Age': (ageMs / 1000).toFixed(3),
        });
        if (isKnown(exchange.request.headers['if-none-match'], tag)) exchange.response.status(304).end();
        else exchange.response.send(jpeg);
      },
    },
    {
      id: 'getMjpeg',
      method: 'GET',
      path: '/api/v1/streams/{stream}/mjpeg',
      needs: { permission: 'view', scope: 'stream' },
      summary: 'Moving pictures, five a second at most, where WebRTC cannot go',
      isEndless: true,
      query: snapshotQuerySchema,
      answers: {
        200: {
          description: 'JPEGs, one part each, until the viewer goes',
          type: 'multipart/x-mixed-replace',
        },
      },
      problems: [
        'bad-request',
        'stream-not-found',
        'stream-refused',
        'no-decoder',
        'over-capacity',
        'shutting-down',
        'stream-not-ready',
      ],
      async handle(exchange) {
        const { width } = readQuery(snapshotQuerySchema, exchange.query);
        const { name } = configuredStream(streams, exchange.param('stream'));
        const snapshot = engine.snapshot()?.streams.find((stream) => stream.name === name);
        if (snapshot?.state === 'refused')
          throw new HttpProblem('stream-refused', withoutCredentials(snapshot.reason ?? ''));
        const { request, response } = exchange;
        if (request.method === 'HEAD') writeHead(response).end();
        else await play(response, name, pictureWidth(width));
      },
    },
  ];
}

/** Decoders are free again soon, unlike a place for one more viewer. */
function refused({ code, message }: { readonly code: Refusal; readonly message: string }): HttpProblem {
  return new HttpProblem(problemOf[code], message, code === 'busy' ? { retryAfterSeconds: 2 } : {});
}

function writeHead(response: Response): Response {
  response.set({
    'Content-Type': `multipart/x-mixed-replace; boundary=${boundary}`,
    'Cache-Control': 'no-store',
    Connection: 'close',
  });
  return response;
}

/** The next part's boundary goes with the picture: browsers show it when they see its end. */
function writePart(response: Response, jpeg: Buffer): void {
  response.cork();
  response.write(`Content-Type: image/jpeg\r\nContent-Length: ${jpeg.length}\r\n\r\n`);
  response.write(jpeg);
  response.write(`\r\n--${boundary}\r\n`);
  response.uncork();
}

/** RFC 9110, 13.1.2. Not left to Express, which looks away when the request also says no-cache. */
function isKnown(ifNoneMatch: string | undefined, tag: string): boolean {
  return (ifNoneMatch ?? '').split(',').some((known) => known.trim().replace(/^W\//, '') === `"${tag}"`);
}
