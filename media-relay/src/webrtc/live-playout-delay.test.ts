import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { videoFeedBench } from '../testing/video-feed-bench.ts';
import { FULL_PACE_BPS } from './known-path.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

describe('playout delay of live key frames', () => {
  const clean = { capacityBps: undefined, lossShare: 0, paceBps: () => FULL_PACE_BPS, sent: () => undefined };
  test.each([
    ['none on a clean path', clean, 100_000, 0, 500],
    ['time for a resend where packets are lost', { ...clean, lossShare: 0.05 }, 100_000, 90, 500],
    ['time for a key frame where the path is narrow', { ...clean, capacityBps: 10e6 }, 200_000, 190, 500],
    ['none for small ones', { ...clean, capacityBps: 10e6 }, 50_000, 0, 500],
    ['never more than the maximum', { ...clean, capacityBps: 1e6 }, 200_000, 500, 500],
  ])('%s', (_name, path, keyBytes, minMs, maxMs) => {
    const { feed, frame, sent } = videoFeedBench(path);
    frame(1000, true, false);
    feed.start(Date.now());
    vi.advanceTimersByTime(3100);
    // While it catches up, and on other frames, there is none.
    frame(1000);
    expect(sent.map((one) => one.playoutDelay)).toEqual([0, 0]);
    frame(keyBytes, true);
    const value = sent.at(-1)?.playoutDelay ?? 0;
    expect([(value >>> 12) * 10, (value & 0xfff) * 10]).toEqual([minMs, maxMs]);
  });
});
