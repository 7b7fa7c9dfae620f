import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { DecodeError } from '../decode/decode-error.ts';
import type { LiveJob } from '../decode/pool.ts';
import type { FeedListener } from '../engine/engine-port.ts';
import { maxMjpegViewers, MjpegStreams, type MjpegViewer } from './mjpeg.ts';

// The decoder and the engine are played by the test; the real ones are in e2e/moving-pictures.test.ts.

const units = Uint8Array.from([0, 0, 0, 4, 0x67, 66, 0, 30, 0, 0, 0, 2, 0x68, 1, 0, 0, 0, 1, 0x65]);
const picture = { units, isKey: true, number: 0, arrivalMs: 1000, captureMs: undefined };

let jobs: LiveJob[];
let feeds: FeedListener[];
let calls: string[];
let written: number[];
let refusal: DecodeError | undefined;
let streams: MjpegStreams;

beforeEach(() => {
  vi.useFakeTimers();
  [jobs, feeds, calls, written, refusal] = [[], [], [], [], undefined];
  streams = new MjpegStreams({
    engine: {
      openFeed(stream, listener) {
        feeds.push(listener);
        calls.push(`open ${stream}`);
        return {
          taken: (bytes) => calls.push(`taken ${bytes}`),
          close: () => calls.push(`close ${stream}`),
        };
      },
    },
    pool: {
      ffmpeg: { isThere: true, path: 'ffmpeg', version: '7.1' },
      open(job) {
        if (refusal !== undefined) return Promise.reject(refusal);
        jobs.push(job);
        return Promise.resolve({
          write(bytes) {
            written.push(bytes.length);
            return Promise.resolve();
          },
          close: () => calls.push('kill'),
        });
      },
    },
  });
});
afterEach(() => vi.useRealTimers());

interface TestViewer extends MjpegViewer {
  readonly got: string[];
  isBusy: boolean;
}

function viewer(): TestViewer {
  const got: string[] = [];
  return {
    got,
    isBusy: false,
    onPicture(jpeg) {
      if (this.isBusy) return 'busy';
      got.push(String(jpeg));
      return 'taken';
    },
    onEnd: () => got.push('end'),
  };
}

const decoded = (text: string): void =>
  jobs.at(-1)?.onOutput(Buffer.from(`--ffmpeg\r\nContent-length: ${text.length}\r\n\r\n${text}\r\n`));

test('one decoder for a stream and width, another for another width; it ends with the last viewer', async () => {
  const [a, b, c] = [viewer(), viewer(), viewer()];
  const [leaveA, leaveB, leaveC] = await Promise.all([
    streams.watch('lobby', 320, a),
    streams.watch('lobby', 320, b),
    streams.watch('lobby', 640, c),
  ]);
  expect([jobs.length, feeds.length]).toEqual([2, 2]);
  expect(jobs[0]?.arguments.join(' ')).toContain('min(320');
  leaveC();
  expect(calls).toEqual(['open lobby', 'open lobby', 'close lobby', 'kill']);
  leaveA();
  leaveA();
  expect(streams.statistics).toMatchObject({ viewers: 1, streams: 1 });
  leaveB();
  expect(streams.statistics).toMatchObject({ viewers: 0, streams: 0 });
  expect([...a.got, ...b.got, ...c.got]).toEqual([]);
});

test('pictures of the feed go into the decoder and are told to be used up', async () => {
  await streams.watch('lobby', undefined, viewer());
  feeds[0]?.onPicture({ ...picture, isKey: false, units: units.slice(14) });
  feeds[0]?.onPicture(picture);
  await vi.advanceTimersByTimeAsync(0);
  // The first has no parameter sets, so nothing can begin with it; then head, configuration, picture.
  expect(written).toHaveLength(3);
  expect(calls).toEqual(['open lobby', 'taken 5', 'taken 19']);
});

test('who comes later gets the newest picture at once; who is busy misses some', async () => {
  const [early, late] = [viewer(), viewer()];
  await streams.watch('lobby', undefined, early);
  decoded('one');
  await streams.watch('lobby', undefined, late);
  late.isBusy = true;
  decoded('two');
  late.isBusy = false;
  decoded('three');
  expect([early.got, late.got]).toEqual([
    ['one', 'two', 'three'],
    ['one', 'three'],
  ]);
  expect(streams.statistics).toMatchObject({ sentTotal: 5, droppedTotal: 1 });
});

test('a viewer who takes nothing for 30 s is let go, and a stream without pictures', async () => {
  const [good, bad] = [viewer(), viewer()];
  await streams.watch('lobby', undefined, good);
  await streams.watch('lobby', undefined, bad);
  bad.isBusy = true;
  for (let i = 0; i <= 31; i++) {
    await vi.advanceTimersByTimeAsync(1000);
    decoded('x');
  }
  expect(bad.got).toEqual(['end']);
  expect(good.got).toHaveLength(32);
  await vi.advanceTimersByTimeAsync(30_000);
  expect(good.got.at(-1)).toBe('end');
  expect(streams.statistics).toMatchObject({ viewers: 0, streams: 0 });
});

test.each([
  ['the stream is removed', () => feeds[0]?.onEnd('stream-removed')],
  ['the decoder ends', () => jobs[0]?.onEnd()],
  ['the decoder writes nonsense', () => jobs[0]?.onOutput(Buffer.alloc(5000))],
  ['the relay stops', () => streams.close()],
])('it ends for all when %s', async (_, end) => {
  const [a, b] = [viewer(), viewer()];
  await streams.watch('lobby', undefined, a);
  await streams.watch('lobby', undefined, b);
  end();
  expect([a.got, b.got]).toEqual([['end'], ['end']]);
  expect(calls.filter((call) => call === 'kill')).toHaveLength(1);
  expect(streams.statistics).toMatchObject({ viewers: 0, streams: 0 });
});

test('refusals: the pool is full, too many viewers; nobody is counted then', async () => {
  refusal = new DecodeError('busy', 'Full.');
  await expect(streams.watch('lobby', undefined, viewer())).rejects.toBe(refusal);
  expect(streams.statistics).toMatchObject({ viewers: 0, streams: 0 });
  refusal = undefined;
  for (let i = 0; i < maxMjpegViewers; i++) await streams.watch('lobby', undefined, viewer());
  await expect(streams.watch('lobby', undefined, viewer())).rejects.toMatchObject({ code: 'busy' });
  expect(streams.statistics).toMatchObject({ viewers: maxMjpegViewers, streams: 1, rejectedTotal: 1 });
});
