import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { AccessUnit } from '../media/access-unit.ts';
import type { VideoTrack } from '../media/track.ts';
import { Arena } from '../native/arena.ts';
import { DelayHistogram, PathStatistics } from '../stream/path-statistics.ts';
import { PacketStore, type Packetiser, type StoredFrame } from '../stream/packet-store.ts';
import { MAX_RUN_PACKETS, type Destination } from './egress.ts';
import { Pacer, TokenBucket } from './pacer.ts';
import { FULL_PACE_BPS, PathEstimate } from './path-estimate.ts';
import { QUEUE_BUDGET_BYTES } from './tcp-connection.ts';
import { ViewerBudget } from './viewer-budget.ts';
import { VideoFeed } from './video-feed.ts';

const track: VideoTrack = {
  kind: 'video',
  codec: 'h264',
  encodingName: 'H264',
  clockRate: 90_000,
  h264: undefined,
};
const packetiser: Packetiser = {
  bound: ({ data }) => ({ packets: Math.ceil(data.length / 1000), bytes: data.length }),
  write({ data }, target, offset, lengths) {
    const packets = Math.ceil(data.length / 1000);
    target.set(data, offset);
    for (let i = 0; i < packets; i++) lengths[i] = Math.min(1000, data.length - i * 1000);
    return { packets, bytes: data.length };
  },
};

interface Sent {
  readonly number: number;
  readonly packets: number;
  readonly timestamp: number;
  readonly playoutDelay: number;
  readonly atMs: number;
}

type Path = Pick<PathEstimate, 'capacityBps' | 'carriedBps' | 'lossShare' | 'paceBps' | 'sent'>;

/** It carries what it is known to, unless the test says something else. */
const withCarried = (path: Omit<Path, 'carriedBps'> & Partial<Path>): Path =>
  'carriedBps' in path ? (path as Path) : { ...path, carriedBps: path.capacityBps };

function bench(path?: Omit<Path, 'carriedBps'> & Partial<Path>, burstsBps = 400_000_000) {
  const arena = new Arena();
  const store = new PacketStore(arena, packetiser);
  const statistics = new PathStatistics(new DelayHistogram());
  const pacer = new Pacer(() => Date.now());
  const budget = new ViewerBudget(Date.now());
  const viewer = { reads: true };
  // So old that its path is proven.
  const estimate = new PathEstimate({ nowMs: Date.now() - 1000, transportCc: false });
  const sent: Sent[] = [];
  let seq = 0;
  const destination = { socket: { writable: true } } as Destination;
  let ticks = 1_000_000;
  const feed = new VideoFeed({
    store,
    pacer,
    statistics,
    estimate: path === undefined ? estimate : withCarried(path),
    budget,
    destination: () => destination,
    burstBudget: new TokenBucket(burstsBps, 128 * 1024, Date.now()),
    firstTimestamp: 0xffff_f000,
    nowMs: Date.now(),
    sender: {
      get nextExtendedSeq() {
        return seq;
      },
      get nextTransportSeq() {
        return seq & 0xffff;
      },
      sendPackets(
        _to,
        _memory,
        frame: StoredFrame,
        from: number,
        to: number,
        timestamp: number,
        playoutDelay: number,
      ) {
        sent.push({ number: frame.number, packets: to - from, timestamp, playoutDelay, atMs: Date.now() });
        seq += to - from;
        if (viewer.reads) budget.heard(Date.now());
        return frame.payloadLengths.slice(from, to).reduce((sum, bytes) => sum + bytes + 28, 0);
      },
    },
  });
  /** The camera delivers one frame, 33 ms after the last. */
  const frame = (bytes: number, isKey = false, toFeed = true): void => {
    ticks += 2970;
    const data = new Uint8Array(bytes);
    const unit: AccessUnit = {
      track,
      ticks,
      arrivalMs: Date.now(),
      captureMs: undefined,
      isKey,
      isBroken: false,
      data,
      unitEnds: [bytes],
    };
    const stored = store.append(unit, ticks);
    if (stored && toFeed) feed.onFrame(stored, Date.now());
  };
  /** Seconds of 30 fps: 4 Mbit/s with a large key frame first. */
  const record = (frames: number): void => {
    for (let i = 0; i < frames; i++) {
      frame(i === 0 ? 100_000 : 16_000, i === 0, false);
      vi.advanceTimersByTime(33);
    }
  };
  return { feed, budget, viewer, store, sent, frame, record, statistics, destination, pacer };
}

/** Frames as the viewer sees them: number, RTP timestamp, moment of the first packet. */
const frames = (sent: readonly Sent[]): Sent[] => sent.filter((one, i) => one.number !== sent[i - 1]?.number);
const step = (from: number, to: number): number => (to - from) | 0;

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

describe('joining', () => {
  test('sends the whole cached group, in order, stamped with the moment of departure, at the pace', () => {
    const { feed, sent, record } = bench();
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
    const { feed, sent, record } = bench();
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
    const { feed, sent, record, frame } = bench();
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
    const { feed, sent, frame } = bench();
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
    const made = bench();
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

describe('a viewer that no longer reads', () => {
  /** Two seconds of 30 fps with a key frame each second, live. */
  function watching() {
    const made = bench();
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

describe('playout delay of live key frames', () => {
  const clean = { capacityBps: undefined, lossShare: 0, paceBps: () => FULL_PACE_BPS, sent: () => undefined };
  test.each([
    ['none on a clean path', clean, 100_000, 0, 500],
    ['time for a resend where packets are lost', { ...clean, lossShare: 0.05 }, 100_000, 90, 500],
    ['time for a key frame where the path is narrow', { ...clean, capacityBps: 10e6 }, 200_000, 190, 500],
    ['none for small ones', { ...clean, capacityBps: 10e6 }, 50_000, 0, 500],
    ['never more than the maximum', { ...clean, capacityBps: 1e6 }, 200_000, 500, 500],
  ])('%s', (_name, path, keyBytes, minMs, maxMs) => {
    const { feed, frame, sent } = bench(path);
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

describe('a path that carries too little', () => {
  /** Until a bucket of so many bits per second is empty, and no more. */
  function slow(paceBps: number) {
    const made = bench({
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

describe('what pacing adds', () => {
  /** A picture of 100 kB, one of 1 kB behind it; the longest that it added. */
  function add(made: ReturnType<typeof bench>): number {
    made.statistics.takePacerDelay();
    made.frame(100_000, true);
    vi.advanceTimersByTime(33);
    made.frame(1000);
    vi.advanceTimersByTime(400);
    return made.statistics.takePacerDelay().maxSeconds;
  }
  function begin(path: { capacityBps: number; carriedBps: number | undefined; bps: number }) {
    const made = bench({
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

test('a request for a key frame goes to the newest one, and what waits before it is counted', () => {
  const path = { capacityBps: 1e6, lossShare: 0, paceBps: () => 1e6, sent: () => undefined };
  const { feed, frame, sent, statistics } = bench(path);
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
    const made = bench({ capacityBps: paceBps, lossShare: 0, paceBps: () => paceBps, sent: () => undefined });
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
  const { feed, frame, sent, statistics } = bench({
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

test('a burst that others hold back leaves nothing out before the next key frame, and nothing counts as waiting', () => {
  const { feed, budget, frame, sent, statistics } = bench(undefined, 1_300_000);
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
  const { feed, frame, statistics, sent } = bench();
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

test('a connection is given no more than it has room for, however late the picture is', () => {
  const { feed, frame, sent, destination } = bench();
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

test('nothing is left of a closed feed', () => {
  const { feed, record, sent, pacer } = bench();
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
