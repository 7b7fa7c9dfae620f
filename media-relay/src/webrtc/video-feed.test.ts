import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { frames, step, videoFeedBench } from '../testing/video-feed-bench.ts';
import { MAX_RUN_PACKETS } from './egress.ts';
import { FULL_PACE_BPS } from './known-path.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

describe('joining', () => {
  test('sends the whole cached group, in order, stamped with the moment of departure, at the pace', () => {
    const { feed, sent, record } = videoFeedBench();
    record(60);
    const joinedMs = Date.now();
    feed.start(joinedMs);
    vi.advanceTimersByTime(400);
    const burst = frames(sent);
    expect(burst.map(({ number }) => number)).toEqual(Array.from({ length: 60 }, (_, i) => i));
    for (const [i, one] of burst.entries()) {
      const before = burst[i - 1];
      if (!before) continue;
      expect(step(before.timestamp, one.timestamp)).toBeGreaterThan(0);
      // Departure times, not capture times: off by less than a millisecond and the frames of the same tick.
      expect(step(burst[0]?.timestamp ?? 0, one.timestamp) / 90).toBeCloseTo(
        one.atMs - (burst[0]?.atMs ?? 0),
        -0.5,
      );
    }
    const bytes = 100_000 + 59 * 16_000;
    const lastMs = (burst.at(-1)?.atMs ?? 0) - joinedMs;
    expect(lastMs).toBeGreaterThan(((bytes * 8) / FULL_PACE_BPS) * 1000 * 0.8);
    expect(lastMs).toBeLessThan(((bytes * 8) / FULL_PACE_BPS) * 1000 * 1.3);
  });

  test('never sends more at once than its credit and ten packets, and gives nobody else\u2019s pace away', () => {
    const { feed, sent, record } = videoFeedBench();
    record(30);
    feed.start(Date.now());
    vi.advanceTimersByTime(300);
    expect(Math.max(...sent.map(({ packets }) => packets))).toBe(MAX_RUN_PACKETS);
    const perMs = Map.groupBy(sent, ({ atMs }) => atMs);
    for (const calls of perMs.values()) {
      const packets = calls.reduce((sum, one) => sum + one.packets, 0);
      expect(packets * 1028).toBeLessThanOrEqual((FULL_PACE_BPS / 8000) * 2.5 + 10 * 1028);
    }
  });

  test('live frames queue behind the burst and then keep the camera\u2019s distances', () => {
    const { feed, sent, record, frame } = videoFeedBench();
    record(60);
    feed.start(Date.now());
    for (let i = 0; i < 30; i++) {
      frame(16_000);
      vi.advanceTimersByTime(33);
    }
    const all = frames(sent);
    expect(all.map(({ number }) => number)).toEqual(Array.from({ length: 90 }, (_, i) => i));
    const live = all.slice(-20);
    for (const [i, one] of live.entries())
      if (i > 0) expect(step(live[i - 1]?.timestamp ?? 0, one.timestamp)).toBe(2970);
    // On the viewer's clock the burst ran straight into the live frames: no jump.
    for (const [i, one] of all.entries())
      if (i > 0) expect(step(all[i - 1]?.timestamp ?? 0, one.timestamp)).toBeLessThan(33 * 90 * 2);
  });

  test('waits for a key frame when none is cached', () => {
    const { feed, sent, frame } = videoFeedBench();
    feed.start(Date.now());
    frame(5000);
    frame(5000);
    expect(sent).toEqual([]);
    frame(8000, true);
    frame(5000);
    vi.advanceTimersByTime(5);
    expect(frames(sent).map(({ number }) => number)).toEqual([2, 3]);
  });
});

describe('live', () => {
  function live() {
    const made = videoFeedBench();
    made.frame(8000, true, false);
    made.feed.start(Date.now());
    vi.advanceTimersByTime(100);
    made.sent.splice(0);
    return made;
  }

  test('a normal frame leaves at once, and its delay is counted', () => {
    const { frame, sent, statistics } = live();
    frame(16_000);
    expect(sent.map(({ packets }) => packets)).toEqual([16]);
    expect(sent.every(({ atMs }) => atMs === Date.now())).toBe(true);
    expect(statistics.firstPacketDelay.quantileMs(0.99)).toBeLessThanOrEqual(0.25);
  });

  test('a large key frame is spread at the pace', () => {
    const { frame, sent } = live();
    frame(400_000, true);
    const startMs = Date.now();
    vi.advanceTimersByTime(100);
    const lastMs = (sent.at(-1)?.atMs ?? 0) - startMs;
    expect(sent.reduce((sum, { packets }) => sum + packets, 0)).toBe(400);
    expect(lastMs).toBeGreaterThan(20);
    expect(lastMs).toBeLessThan(45);
  });

  test('nothing leaves while the kernel is full, and all of it afterwards', () => {
    const { frame, sent, destination } = live();
    destination.socket.writable = false;
    frame(5000);
    vi.advanceTimersByTime(20);
    expect(sent).toEqual([]);
    destination.socket.writable = true;
    vi.advanceTimersByTime(5);
    expect(sent).toHaveLength(1);
  });

  test('a viewer that asks for a key frame gets the group again, at most once a second, on a clock that never steps back', () => {
    const { feed, frame, sent, statistics } = live();
    for (let i = 0; i < 45; i++) {
      frame(2000);
      vi.advanceTimersByTime(33);
    }
    const before = sent.at(-1)?.timestamp ?? 0;
    sent.splice(0);
    feed.resync(Date.now());
    feed.resync(Date.now());
    vi.advanceTimersByTime(200);
    feed.resync(Date.now());
    vi.advanceTimersByTime(200);
    expect(frames(sent)[0]?.number).toBe(0);
    expect(frames(sent)).toHaveLength(46);
    expect(step(before, sent[0]?.timestamp ?? 0)).toBeGreaterThan(0);
    expect(statistics.bursts).toBe(2);
    vi.advanceTimersByTime(1000);
    feed.resync(Date.now());
    vi.advanceTimersByTime(200);
    expect(statistics.bursts).toBe(3);
  });

  test('a key frame that is leaving is not cut short by one that asks, even when a newer one has come', () => {
    const path = { lossShare: 0, capacityBps: 400_000, paceBps: () => 400_000, sent: () => undefined };
    const { feed, frame, sent, budget } = videoFeedBench(path);
    feed.start(Date.now());
    // It takes 2.5 seconds, and there is one every two.
    for (let i = 0; i < 240; i++) {
      frame(i % 60 === 0 ? 120_000 : 1000, i % 60 === 0);
      for (let ms = 0; ms < 33; ms++) {
        vi.advanceTimersByTime(1);
        budget.heard(Date.now());
        if (i > 40 && ms === 0) feed.resync(Date.now());
      }
    }
    const begun = [...new Set(sent.map(({ number }) => number))].filter((number) => number % 60 === 0);
    const packets = begun.map((of) =>
      sent.filter(({ number }) => number === of).reduce((sum, run) => sum + run.packets, 0),
    );
    expect(begun.length).toBeGreaterThan(2);
    // The last one is still leaving.
    expect(packets.slice(0, -1)).toEqual(packets.slice(0, -1).fill(120));
  });

  test('any other frame is cut short by the newer key frame that is asked for', () => {
    const path = { lossShare: 0, capacityBps: 400_000, paceBps: () => 400_000, sent: () => undefined };
    const { feed, frame, sent } = videoFeedBench(path);
    feed.start(Date.now());
    frame(1000, true);
    vi.advanceTimersByTime(1500);
    frame(60_000);
    vi.advanceTimersByTime(500);
    frame(1000, true);
    feed.resync(Date.now());
    vi.advanceTimersByTime(500);
    const last = sent.at(-1);
    expect(last?.number).toBe(2);
    expect(
      sent.filter(({ number }) => number === 1).reduce((sum, { packets }) => sum + packets, 0),
    ).toBeLessThan(60);
  });

  test('after an interruption of the source the next key frame goes on', () => {
    const { feed, store, frame, sent } = live();
    store.breakGop();
    feed.interrupt();
    frame(2000);
    expect(sent).toEqual([]);
    frame(2000, true);
    frame(2000);
    expect(frames(sent)).toHaveLength(2);
  });

  test('a feed that the history overtook starts again with what is cached, and counts what it lost', () => {
    const { frame, sent, destination, statistics } = live();
    destination.socket.writable = false;
    for (let i = 0; i < 1500; i++) frame(20_000, i % 30 === 0);
    destination.socket.writable = true;
    vi.advanceTimersByTime(500);
    expect(statistics.droppedFrames.socket).toBeGreaterThan(400);
    expect(statistics.droppedFrames.history).toBe(0);
    const shown = frames(sent);
    expect(shown[0]?.number).toBe(1471);
    expect(shown.at(-1)?.number).toBe(1500);
  });
});

test('nothing is left of a closed feed', () => {
  const { feed, record, sent, pacer } = videoFeedBench();
  record(60);
  feed.start(Date.now());
  vi.advanceTimersByTime(10);
  feed.close();
  sent.splice(0);
  vi.advanceTimersByTime(100);
  expect(sent).toEqual([]);
  expect(pacer.waiting).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});
