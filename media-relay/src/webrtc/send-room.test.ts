import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { frames, videoFeedBench } from '../testing/video-feed-bench.ts';
import { MAX_RUN_PACKETS } from './egress.ts';
import { QUEUE_BUDGET_BYTES } from './tcp-connection.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

test('a connection is given no more than it has room for, however late the picture is', () => {
  const { feed, frame, sent, destination } = videoFeedBench();
  let drained = 0;
  const queued = (): number => sent.reduce((sum, { packets }) => sum + packets * 1028, -drained);
  const tcp = {
    send: () => undefined,
    get hasRoom() {
      return queued() < QUEUE_BUDGET_BYTES;
    },
  };
  Object.assign(destination, { tcp });
  frame(1000, true, false);
  feed.start(Date.now());
  vi.advanceTimersByTime(100);
  drained = queued();
  frame(3_000_000, true);
  let most = 0;
  for (let ms = 0; ms < 1000; ms++) {
    vi.advanceTimersByTime(1);
    most = Math.max(most, queued());
    drained += Math.min(queued(), 6000);
  }
  expect(sent.reduce((sum, { packets }) => sum + packets, 0)).toBe(3001);
  expect(most).toBeGreaterThan(QUEUE_BUDGET_BYTES);
  expect(most).toBeLessThan(QUEUE_BUDGET_BYTES + MAX_RUN_PACKETS * 1028);
});

test('a connection that takes nothing for long keeps the newest key frame, and what comes behind it', () => {
  const { feed, frame, sent, destination, statistics } = videoFeedBench();
  const tcp = { send: () => undefined, hasRoom: true };
  Object.assign(destination, { tcp });
  frame(1000, true, false);
  feed.start(Date.now());
  vi.advanceTimersByTime(5000);
  sent.splice(0);
  frame(1000, true);
  Object.assign(destination.socket, { writable: false });
  for (let i = 0; i < 30; i++) {
    frame(1000, i === 0);
    vi.advanceTimersByTime(33);
  }
  Object.assign(destination.socket, { writable: true });
  for (let i = 0; i < 5; i++) {
    frame(1000);
    vi.advanceTimersByTime(33);
  }
  expect(frames(sent).map(({ number }) => number)).toEqual(Array.from({ length: 36 }, (_, i) => i + 1));
  expect(Object.values(statistics.droppedFrames)).toEqual([0, 0, 0, 0, 0, 0]);
});
