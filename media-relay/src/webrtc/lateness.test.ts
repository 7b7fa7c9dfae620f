/** What a feed sends where the path carries less than the stream. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { frames, videoFeedBench } from '../testing/video-feed-bench.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

describe('a path that carries too little', () => {
  /** Until a bucket of so many bits per second is empty, and no more. */
  function slow(paceBps: number) {
    const made = videoFeedBench({
      capacityBps: paceBps,
      lossShare: 0,
      paceBps: () => paceBps,
      sent: () => undefined,
    });
    made.frame(1000, true, false);
    made.feed.start(Date.now());
    vi.advanceTimersByTime(100);
    made.sent.splice(0);
    return made;
  }
  const second = (frame: (bytes: number, isKey?: boolean) => void): void => {
    for (let i = 0; i < 30; i++) {
      frame(8000, i === 0);
      vi.advanceTimersByTime(33);
    }
  };

  test('drops to the next key frame, never part of a frame, and counts what it drops', () => {
    const { frame, sent, statistics } = slow(500_000);
    for (let i = 0; i < 5; i++) second(frame);
    const shown = frames(sent);
    expect(statistics.droppedFrames.slow).toBeGreaterThan(60);
    // Frames of the last second may still wait.
    expect(shown.length + (statistics.droppedFrames.slow ?? 0)).toBeGreaterThan(150 - 31);
    // What was begun was sent whole, but for the last one.
    const packets = Map.groupBy(sent, ({ number }) => number);
    for (const number of [...packets.keys()].slice(0, -1))
      expect(packets.get(number)?.reduce((sum, one) => sum + one.packets, 0)).toBe(8);
    // Whatever follows a gap is a key frame: the first of its 30, with one before them all.
    for (const [i, { number }] of shown.entries())
      if (i > 0 && number !== (shown[i - 1]?.number ?? 0) + 1) expect((number - 1) % 30).toBe(0);
    expect(statistics.droppedFrames.history).toBe(0);
  });

  test('is left in peace while it drops: a request for a key frame waits for the next one', () => {
    const { feed, frame, statistics } = slow(500_000);
    second(frame);
    const before = statistics.bursts;
    feed.resync(Date.now() + 2000);
    expect(statistics.droppedFrames.slow).toBeGreaterThan(0);
    expect(statistics.bursts).toBe(before);
  });

  test('what pacing adds is what its path would not have needed', () => {
    const { frame, statistics } = slow(8_000_000);
    statistics.takePacerDelay();
    // 100 ms at 8 Mbit/s, but headers and the granularity of the timer.
    frame(100_000, true);
    vi.advanceTimersByTime(150);
    const { maxSeconds } = statistics.takePacerDelay();
    expect(maxSeconds).toBeLessThan(0.012);
    expect(statistics.takePacerDelay()).toEqual({ meanSeconds: 0, maxSeconds: 0 });
  });
});

test('a request for a key frame goes to the newest one, and what waits before it is counted', () => {
  const path = { capacityBps: 1e6, lossShare: 0, paceBps: () => 1e6, sent: () => undefined };
  const { feed, frame, sent, statistics } = videoFeedBench(path);
  frame(1000, true, false);
  feed.start(Date.now());
  vi.advanceTimersByTime(1100);
  frame(50_000);
  vi.advanceTimersByTime(33);
  frame(1000);
  frame(1000, true);
  feed.resync(Date.now());
  vi.advanceTimersByTime(500);
  expect(frames(sent).map(({ number }) => number)).toEqual([0, 1, 3]);
  // The one that was cut short, and one behind it.
  expect(statistics.droppedFrames.slow).toBe(2);
});

describe('a path that carries less than the stream from the start', () => {
  /** 2 Mbit/s in groups of `groupFrames` pictures; the viewer joins in the third, `joinAt` pictures after its start. */
  function join(paceBps: number, groupFrames: number, joinAt: number, keyBytes = 60_000) {
    const made = videoFeedBench({
      capacityBps: paceBps,
      lossShare: 0,
      paceBps: () => paceBps,
      sent: () => undefined,
    });
    const arrivalsMs: number[] = [];
    let mostWaitingMs = 0;
    const play = (count: number, eachMs: () => void = () => undefined, toFeed = true): void => {
      for (let i = 0; i < count; i++) {
        const isKey = arrivalsMs.length % groupFrames === 0;
        arrivalsMs.push(Date.now());
        made.budget.heard(Date.now());
        made.frame(isKey ? keyBytes : 8000, isKey, toFeed);
        for (let ms = 0; ms < 33; ms++) {
          vi.advanceTimersByTime(1);
          mostWaitingMs = Math.max(mostWaitingMs, made.feed.waitingMs(Date.now()));
          eachMs();
        }
      }
    };
    const joinedAt = groupFrames * 2 + joinAt;
    play(joinedAt, undefined, false);
    made.feed.start(Date.now());
    return {
      ...made,
      play,
      joinedAt,
      nextKey: groupFrames * 3,
      /** How old the pictures were as they began to leave, key frames left out. */
      agesMs: (from: number, to = Number.POSITIVE_INFINITY): number[] =>
        frames(made.sent)
          .filter(({ number }) => number >= from && number < to && number % groupFrames !== 0)
          .map(({ number, atMs }) => atMs - (arrivalsMs[number] ?? 0)),
      takeMostWaitingMs: (): number => {
        const taken = mostWaitingMs;
        mostWaitingMs = 0;
        return taken;
      },
    };
  }

  test.each([
    ['by far', 425_000, 120],
    ['by a third', 1_300_000, 300],
  ])(
    '%s: from the next key frame on no picture is late by more than 500 ms and what the key frame took',
    (_how, paceBps, groupFrames) => {
      const { play, sent, statistics, joinedAt, nextKey, agesMs, takeMostWaitingMs } = join(
        paceBps,
        groupFrames,
        groupFrames / 2,
      );
      play(600);
      expect(frames(sent).filter(({ number }) => number % groupFrames === 0).length).toBeGreaterThan(2);
      const keyFrameMs = (1.05 * 60_000 * 8000) / paceBps;
      expect(Math.max(...agesMs(nextKey))).toBeLessThanOrEqual(500 + keyFrameMs);
      // Those that were there when it joined are old anyway: each is shown until there is something better.
      const own = frames(sent).filter(({ number }) => number < nextKey);
      expect(own.map(({ number }) => number)).toEqual(own.map((_, i) => groupFrames * 2 + i));
      // Each that came since then was sent, is counted, or still waits.
      const since = frames(sent).filter(({ number }) => number >= joinedAt).length;
      const { slow, overtaken, ...others } = statistics.droppedFrames;
      expect(slow).toBeGreaterThan(200);
      expect(slow + overtaken + since).toBeLessThanOrEqual(600);
      expect(slow + overtaken + since).toBeGreaterThan(600 - 20);
      expect(Object.values(others)).toEqual([0, 0, 0, 0]);
      expect(statistics.firstPacketDelay.quantileMs(1)).toBeGreaterThan(0);
      expect(takeMostWaitingMs()).toBeGreaterThan(400);
    },
  );

  test.each([
    ['joins amid a group', 30],
    ['joins at its start', 1],
  ])(
    'a viewer who %s sees every picture, although a key frame alone takes more than 500 ms',
    (_how, joinAt) => {
      const { play, sent, statistics } = join(6_000_000, 60, joinAt, 400_000);
      play(600);
      const momentsMs = frames(sent).map(({ atMs }) => atMs);
      const gapsMs = momentsMs.slice(1).map((atMs, i) => atMs - (momentsMs[i] ?? 0));
      expect(Math.max(...gapsMs)).toBeLessThan(700);
      expect(statistics.droppedFrames.slow).toBe(0);
    },
  );

  test.each([8000, 20_000])(
    'pictures get no older from group to group where the path is just too narrow (key frames of %d bytes)',
    (keyBytes) => {
      const { play, nextKey, agesMs } = join(1_800_000, 30, 1, keyBytes);
      play(1200);
      expect(agesMs(nextKey).length).toBeGreaterThan(900);
      expect(Math.max(...agesMs(nextKey))).toBeLessThan(500 + 150);
    },
  );

  test('what came since the burst began is left out when it falls behind further, and the choice of a rendition hears of it', () => {
    const { play, sent, statistics, joinedAt, nextKey, agesMs, takeMostWaitingMs } = join(1_300_000, 300, 10);
    // The key frame alone takes 370 ms, the first one behind it was 330 ms old.
    play(20);
    expect(takeMostWaitingMs()).toBeLessThan(200);
    play(250);
    expect(takeMostWaitingMs()).toBeGreaterThan(400);
    const least = Math.min(...agesMs(0));
    expect(least).toBeGreaterThan(500);
    expect(Math.max(...agesMs(joinedAt, nextKey))).toBeLessThanOrEqual(least + 500);
    expect(frames(sent).length).toBeGreaterThan(20);
    expect(frames(sent).length + statistics.droppedFrames.slow).toBe(280);
  });

  test('a moment in which the kernel was full explains what the burst lost, not what the path does from then on', () => {
    const { play, destination, statistics, takeMostWaitingMs } = join(1_300_000, 120, 60);
    destination.socket.writable = false;
    play(1);
    destination.socket.writable = true;
    play(59);
    expect(statistics.droppedFrames).toMatchObject({ socket: 0, slow: 0 });
    play(230);
    expect(statistics.droppedFrames.socket).toBe(60);
    expect(statistics.droppedFrames.slow).toBeGreaterThan(60);
    takeMostWaitingMs();
    play(10);
    expect(takeMostWaitingMs()).toBe(500);
  });

  test('a request for a key frame is answered once a second, and never keeps one from leaving whole', () => {
    const { feed, play, sent, statistics } = join(425_000, 300, 150);
    play(140, () => feed.resync(Date.now()));
    const keys = Map.groupBy(
      sent.filter(({ number }) => number === 600),
      ({ timestamp }) => timestamp,
    );
    // 1.15 s for the key frame, a second for an answer to it.
    expect(keys.size).toBe(3);
    expect(statistics.bursts).toBe(3);
    for (const runs of [...keys.values()].slice(0, 2))
      expect(runs.reduce((sum, { packets }) => sum + packets, 0)).toBe(60);
    sent.splice(0);
    // Live: the key frame that overtook the burst is what is asked for.
    play(20);
    play(20, () => feed.resync(Date.now()));
    expect(frames(sent).filter(({ number }) => number === 900)).toHaveLength(1);
    expect(statistics.bursts).toBe(3);
  });
});

test('a burst that catches up leaves nothing out, however long its key frame takes, and nothing counts as waiting', () => {
  const paceBps = 10_000_000;
  const { feed, frame, sent, statistics } = videoFeedBench({
    capacityBps: paceBps,
    lossShare: 0,
    paceBps: () => paceBps,
    sent: () => undefined,
  });
  // 4 Mbit/s, but for 820 ms of key frame.
  frame(1_000_000, true, false);
  let mostWaitingMs = 0;
  const play = (count: number): void => {
    for (let i = 0; i < count; i++) {
      for (let ms = 0; ms < 33; ms++) {
        vi.advanceTimersByTime(1);
        mostWaitingMs = Math.max(mostWaitingMs, feed.waitingMs(Date.now()));
      }
      frame(16_000);
    }
    vi.advanceTimersByTime(33);
  };
  feed.start(Date.now());
  play(90);
  expect(frames(sent).map(({ number }) => number)).toEqual(Array.from({ length: 91 }, (_, i) => i));
  // The same for one that begins with 3 s of pictures, after others that were young.
  sent.splice(0);
  feed.resync(Date.now());
  play(110);
  expect(frames(sent).map(({ number }) => number)).toEqual(Array.from({ length: 201 }, (_, i) => i));
  expect(Object.values(statistics.droppedFrames)).toEqual([0, 0, 0, 0, 0, 0]);
  expect(mostWaitingMs).toBeLessThan(50);
});
