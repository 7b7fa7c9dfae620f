import { setImmediate as turn } from 'node:timers/promises';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../media/clock.ts';
import { ProtocolError } from '../media/protocol-error.ts';
import { SourceError, type ReceiveReport } from '../sources/source.ts';
import { timeBox } from '../testing/time-box.ts';
import { fakeCamera, interleaved, pictureMaker, wellBehaved, type FakeCamera } from './fake-camera.ts';
import { play } from './playback.ts';
import { parseRtspUrl } from './url.ts';

/** What a camera does instead of the right thing, at one request. */
type Fate =
  | { readonly type: 'right' }
  | { readonly type: 'status'; readonly status: number; readonly headers: readonly string[] }
  | { readonly type: 'frame'; readonly channel: number; readonly bytes: Uint8Array }
  | { readonly type: 'picture'; readonly damageAt: number; readonly byte: number; readonly cut: number }
  | { readonly type: 'text'; readonly text: string };

const fate: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Fate>({ type: 'right' }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('status'),
      status: fc.constantFrom(200, 302, 401, 404, 454, 461, 500),
      headers: fc.subarray([
        'Location: rtsp://127.0.0.1:1/',
        'WWW-Authenticate: Basic realm="a"',
        'Transport: RTP/AVP/TCP;interleaved=9-9',
        'Session: 5',
      ]),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('frame'),
      channel: fc.nat(255),
      bytes: fc.uint8Array({ maxLength: 80 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('picture'),
      damageAt: fc.nat(60),
      byte: fc.nat(255),
      cut: fc.nat(40),
    }),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('!', '\r\n', 'RTSP/1.0 x\r\n\r\n', 'TEARDOWN * RTSP/1.0\r\nCSeq: 1\r\n\r\n')
      .map((text): Fate => ({ type: 'text', text })),
  },
);

describe('play', () => {
  let camera: FakeCamera;
  let fates: Fate[] = [];
  let sentBytes = 0;

  beforeAll(async () => {
    camera = await fakeCamera((request, link) => {
      const pictures = pictureMaker();
      for (;;) {
        const fate = fates.shift();
        if (fate === undefined) {
          wellBehaved(request, link);
          link.hangUp();
          return true;
        }
        switch (fate.type) {
          case 'right':
            wellBehaved(request, link);
            // What is left happens while it plays: no further request comes.
            if (request.method === 'PLAY') break;
            return true;
          case 'status':
            link.reply(request, fate.status, fate.headers);
            if (request.method === 'PLAY' && fate.status === 200) break;
            return true;
          case 'text':
            link.write(fate.text);
            break;
          case 'frame':
            sentBytes += fate.bytes.length;
            link.write(interleaved(fate.channel, fate.bytes));
            break;
          case 'picture':
            for (const packet of pictures()) {
              if (fate.damageAt < packet.length) packet[fate.damageAt] = fate.byte;
              const bytes = packet.subarray(0, packet.length - fate.cut);
              sentBytes += bytes.length;
              link.write(interleaved(0, bytes));
            }
        }
      }
    });
  });
  afterAll(async () => {
    await camera.close();
  });

  it('settles whatever the camera does, says why, counts no more than came, and leaves nothing behind', async () => {
    const target = parseRtspUrl(`rtsp://u:secret-word@127.0.0.1:${camera.port}/x`);
    await fc.assert(
      fc.asyncProperty(fc.nat(4), fc.array(fate, { maxLength: 16 }), async (good, then) => {
        // What the camera sends by itself with the answer to PLAY: three pictures below 2 kB.
        sentBytes = 6000;
        fates = [...Array.from({ length: good }, (): Fate => ({ type: 'right' })), ...then];
        const order: string[] = [];
        const reports: ReceiveReport[] = [];
        let isSettled = false;
        const note = (what: string): void => {
          expect(isSettled, `${what} after the end`).toBe(false);
          order.push(what);
        };
        const signal = new AbortController().signal;
        const end: unknown = await play({
          target,
          transport: 'tcp',
          maxSilenceMs: undefined,
          tlsFingerprint: undefined,
          clock: systemClock,
          random: Math.random,
          signal,
          onTracks: (tracks) => note(`tracks ${tracks.length}`),
          onAccessUnit({ data, unitEnds }) {
            const ends = [0, ...unitEnds];
            expect(unitEnds.length).toBeGreaterThan(0);
            expect(ends.every((end, at) => at === 0 || end > (ends[at - 1] ?? end))).toBe(true);
            expect(ends.at(-1)).toBeLessThanOrEqual(data.length);
            note('unit');
          },
          onReport: (report) => reports.push(report),
        }).catch((error: unknown) => error);
        isSettled = true;
        if (end instanceof Error) {
          if (!(end instanceof SourceError || end instanceof ProtocolError)) throw end;
          expect(end.message).not.toContain('secret-word');
        } else expect(end).toEqual({ type: 'redirected', location: 'rtsp://127.0.0.1:1/' });
        if (order.includes('unit')) expect(order[0]).toBe('tracks 1');
        let bytes = 0;
        for (const report of reports) {
          bytes += report.bytes;
          for (const value of [report.packets, report.bytes, report.lost, report.reordered, report.broken])
            expect(value).toBeGreaterThanOrEqual(0);
        }
        expect(bytes).toBeLessThanOrEqual(sentBytes);
        for (let turns = 0; camera.openLinks() > 0 && turns < 2000; turns++) await turn();
        expect(camera.openLinks()).toBe(0);
      }),
      timeBox,
    );
  });
});
