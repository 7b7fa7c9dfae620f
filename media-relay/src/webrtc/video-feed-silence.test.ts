/** A feed whose viewer no longer reads, as ViewerBudget judges. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { frames, step, videoFeedBench } from '../testing/video-feed-bench.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

describe('a viewer that no longer reads', () => {
  /** Two seconds of 30 fps with a key frame each second, live. */
  function watching() {
    const made = videoFeedBench();
    let count = 0;
    const play = (frameCount: number, bytes = 4000): void => {
      for (let i = 0; i < frameCount; i++) {
        made.frame(bytes, count++ % 30 === 0);
        vi.advanceTimersByTime(33);
      }
    };
    made.feed.setStreamBitrate(1_000_000);
    made.feed.start(Date.now());
    play(60);
    made.sent.splice(0);
    made.viewer.reads = false;
    return { ...made, play };
  }

  test('costs nothing after some seconds, and each picture that it misses is counted', () => {
    const { play, sent, statistics, pacer } = watching();
    play(300);
    const last = frames(sent);
    expect(last.length).toBeGreaterThan(85);
    expect(last.length).toBeLessThan(100);
    expect(statistics.droppedFrames).toMatchObject({
      'silent-viewer': 300 - last.length,
      budget: 0,
      slow: 0,
    });
    expect(pacer.waiting).toBe(0);
  });

  test('gets one burst when it is heard again, on the clock that it had', () => {
    const { play, sent, feed, budget, viewer, statistics } = watching();
    play(160);
    const before = sent.at(-1)?.timestamp ?? 0;
    sent.splice(0);
    const { bursts } = statistics;
    viewer.reads = true;
    expect(budget.heard(Date.now())).toBe(true);
    feed.resume(Date.now());
    feed.resync(Date.now());
    play(20);
    const shown = frames(sent);
    // The group of the frames 210 to 239 was there up to its tenth.
    expect(shown.map(({ number }) => number)).toEqual(Array.from({ length: 30 }, (_, i) => 210 + i));
    for (const [i, one] of shown.entries())
      expect(step(shown[i - 1]?.timestamp ?? before, one.timestamp)).toBeGreaterThan(0);
    expect(statistics.bursts).toBe(bursts + 1);
  });

  test('is given up sooner when its stream swells, and pictures that wait for it are dropped with the rest', () => {
    const { play, sent, statistics, destination } = watching();
    play(30, 30_000);
    // One that is cut short is dropped, too.
    const packets = Map.groupBy(sent, ({ number }) => number).values();
    const left = [...packets].filter((runs) => runs.reduce((sum, run) => sum + run.packets, 0) === 30).length;
    expect(left).toBeGreaterThan(21);
    expect(left).toBeLessThan(28);
    expect(statistics.droppedFrames).toMatchObject({ budget: 30 - left, 'silent-viewer': 0 });
    destination.socket.writable = false;
    play(5);
    expect(statistics.droppedFrames.budget).toBe(35 - left);
  });

  test('does not hear of key frames either until it speaks', () => {
    const { play, sent, feed } = watching();
    play(100);
    sent.splice(0);
    feed.resync(Date.now());
    feed.interrupt();
    play(60);
    expect(sent).toEqual([]);
  });
});
