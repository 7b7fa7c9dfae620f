import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { frames, videoFeedBench } from '../testing/video-feed-bench.ts';
import type { StoredFrame } from '../stream/packet-store.ts';
import { FeedPace } from './feed-pace.ts';
import { TokenBucket } from './pacer.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

test('a burst that others hold back leaves nothing out before the next key frame, and nothing counts as waiting', () => {
  const { feed, budget, frame, sent, statistics } = videoFeedBench(undefined, 1_300_000);
  let mostWaitingMs = 0;
  const play = (count: number): void => {
    for (let i = 0; i < count; i++) {
      frame(8000);
      budget.heard(Date.now());
      for (let ms = 0; ms < 33; ms++) {
        vi.advanceTimersByTime(1);
        mostWaitingMs = Math.max(mostWaitingMs, feed.waitingMs(Date.now()));
      }
    }
  };
  frame(150_000, true, false);
  feed.start(Date.now());
  play(200);
  const before = frames(sent).length;
  expect(frames(sent).map(({ number }) => number)).toEqual(Array.from({ length: before }, (_, i) => i));
  expect(before).toBeLessThan(150);
  expect(statistics.droppedFrames.slow).toBe(0);
  expect(mostWaitingMs).toBe(0);
  // From there on it needs nothing of what they share.
  frame(60_000, true);
  play(30);
  expect(frames(sent).at(-1)?.number).toBe(231);
  expect(statistics.droppedFrames).toMatchObject({ overtaken: 201 - before, slow: 0 });
});

test('a live frame waits at most 100 ms for the pacer, however large those before it are', () => {
  const { feed, frame, statistics, sent } = videoFeedBench();
  frame(1000, true, false);
  feed.start(Date.now());
  vi.advanceTimersByTime(100);
  statistics.takePacerDelay();
  // 3 MB take 240 ms at 100 Mbit/s.
  frame(3_000_000, true);
  vi.advanceTimersByTime(33);
  frame(1000);
  vi.advanceTimersByTime(200);
  expect(frames(sent)).toHaveLength(3);
  expect(statistics.takePacerDelay().maxSeconds).toBeLessThan(0.11);
});

describe('what pacing adds', () => {
  /** A picture of 100 kB, one of 1 kB behind it; the longest that it added. */
  function add(made: ReturnType<typeof videoFeedBench>): number {
    made.statistics.takePacerDelay();
    made.frame(100_000, true);
    vi.advanceTimersByTime(33);
    made.frame(1000);
    vi.advanceTimersByTime(400);
    return made.statistics.takePacerDelay().maxSeconds;
  }
  function begin(path: { capacityBps: number; carriedBps: number | undefined; bps: number }) {
    const made = videoFeedBench({
      lossShare: 0,
      sent: () => undefined,
      paceBps: () => path.bps,
      capacityBps: path.capacityBps,
      get carriedBps() {
        return path.carriedBps;
      },
    });
    made.frame(1000, true, false);
    made.feed.start(Date.now());
    vi.advanceTimersByTime(100);
    return made;
  }

  test('is all that a picture waits for a rate that nothing but loss has told of', () => {
    // The pace does not believe it, and is at its least for the stream.
    const made = begin({ capacityBps: 500_000, carriedBps: undefined, bps: 4_000_000 });
    expect(add(made)).toBeGreaterThan(0.15);
    // But for what leaves at once.
    expect(add(begin({ capacityBps: 500_000, carriedBps: 500_000, bps: 4_000_000 }))).toBeLessThan(0.01);
  });

  test('is not hidden by pictures before it that the path was thought to carry slower than it did', () => {
    const path = { capacityBps: 500_000, carriedBps: 500_000, bps: 4_000_000 };
    const made = begin(path);
    for (let i = 0; i < 30; i++) {
      made.frame(8000);
      vi.advanceTimersByTime(33);
    }
    path.carriedBps = 20_000_000;
    expect(add(made)).toBeGreaterThan(0.1);
  });
});

/** Of a path of 800 kbit/s. */
const paceOf = (estimate: {
  queuedBps?: number;
  paceBps?: (...of: [number, number, boolean?]) => number;
}): FeedPace =>
  new FeedPace(
    { carriedBps: 800_000, paceBps: () => 800_000, queuedBps: undefined, ...estimate },
    new TokenBucket(1e9, 1e9, 0),
    0,
  );

test('where no queue has been seen, frames do not wait for what leaves again', () => {
  const pace = paceOf({});
  expect(pace.liveCredit(undefined, 0)).toBe(250);
  pace.leftBesides(10_000, 0);
  expect(pace.liveCredit(undefined, 0)).toBe(250);
});

test('what leaves again amid a picture is before the rest of it, and forgives nothing', () => {
  const pace = paceOf({ queuedBps: 800_000 });
  pace.frameLeaves(0);
  pace.take(1000, false);
  pace.leftBesides(1000, 400);
  pace.take(1000, false);
  // 30 ms of its path, but it took 500.
  expect(pace.frameLeft(500)).toBe(470);
});

test('a picture that takes its path seconds is 50 ms late soon, and then leaves as fast as the path carries it', () => {
  const lates: number[] = [];
  const pace = paceOf({
    paceBps(_streamBps, nowMs, isLate = false) {
      if (isLate) lates.push(nowMs);
      return isLate ? 800_000 : 680_000;
    },
  });
  const picture = { arrivalMs: 0 } as StoredFrame;
  let left = 200_000;
  let nowMs = 0;
  pace.liveCredit(picture, nowMs);
  pace.frameLeaves(nowMs);
  for (; left > 0; nowMs++) {
    const credit = pace.liveCredit(picture, nowMs);
    if (credit <= 0) continue;
    pace.take(1000, false);
    left -= 1000;
  }
  expect(lates[0]).toBeGreaterThan(300);
  expect(lates[0]).toBeLessThan(400);
  expect(pace.frameLeft(nowMs)).toBeLessThan(70);
});

test('what leaves again is taken from the pace, and is nothing that pacing adds', () => {
  const pace = paceOf({ queuedBps: 800_000 });
  const at = (nowMs: number): number => pace.liveCredit(undefined, nowMs);
  // 2.5 ms of the rate, and then 100 bytes each millisecond.
  expect(at(1000)).toBe(250);
  pace.leftBesides(10_000, 1000);
  expect(at(1097)).toBe(-50);
  expect(at(1098)).toBe(50);
  pace.frameLeaves(1000);
  pace.take(1000, false);
  expect(pace.frameLeft(1110)).toBe(0);
  pace.frameLeaves(1110);
  pace.take(1000, false);
  expect(pace.frameLeft(1130)).toBe(10);
});
