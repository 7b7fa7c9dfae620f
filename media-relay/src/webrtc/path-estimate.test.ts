import { describe, expect, test } from 'vitest';
import { notReceived, type TransportFeedback } from '../rtp/transport-cc.ts';
import { runPath, streamBitrateBps, type PathLink, type PathStream } from '../testing/paced-path.ts';
import { FULL_PACE_BPS } from './known-path.ts';
import { TokenBucket } from './pacer.ts';
import { LOSSY_SHARE, PathEstimate } from './path-estimate.ts';

/** 4 Mbit/s. */
const camera: PathStream = {
  fps: 30,
  framesPerGroup: 120,
  keyBytes: 100_000,
  deltaBytes: 16_000,
  joinFrames: 60,
};
/** 6.2 Mbit/s, a third of it in its key frames. */
const largeKeys: PathStream = {
  fps: 30,
  framesPerGroup: 60,
  keyBytes: 380_000,
  deltaBytes: 20_000,
  joinFrames: 30,
};
const narrow: PathLink = { rateBps: 20e6, queueBytes: 64_000, oneWayMs: 20 };
const wide: PathLink = { rateBps: 1e9, queueBytes: 1e6, oneWayMs: 20 };

/** On one packet, of which the estimate knows nothing. */
const feedbackOn = (baseSeq: number): TransportFeedback => ({
  senderSsrc: 1,
  mediaSsrc: 2,
  baseSeq,
  feedbackCount: 0,
  referenceTime: 1000,
  arrivals: Int32Array.of(0),
});

/** It has had the time to show what it does. */
const proven = (transportCc: boolean): PathEstimate => new PathEstimate({ nowMs: -1000, transportCc });

const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * share)] ?? Number.NaN;

describe('a clean path', () => {
  test.each([
    ['of a LAN', 0.3, 140],
    ['of 40 ms round trip', 20, 200],
  ])('%s never leaves the full rate but for one round trip', (_name, oneWayMs, joinMs) => {
    const run = runPath({ stream: camera, link: () => ({ ...wide, oneWayMs }), durationMs: 10_000 });
    expect(run.queueDrops).toBe(0);
    expect(run.estimate.capacityBps).toBeUndefined();
    expect(Math.min(...run.paceBps)).toBe(FULL_PACE_BPS);
    // 1.05 MB at 100 Mbit/s take 85 ms.
    expect(run.joinDoneMs).toBeLessThan(joinMs);
  });

  test('that answers no echo is known by its first feedback', () => {
    const run = runPath({ stream: camera, link: () => wide, durationMs: 3000, hasEcho: false });
    expect(run.estimate.capacityBps).toBeUndefined();
    expect(run.joinDoneMs).toBeLessThan(250);
    expect(run.paceBps.slice(1).every((paceBps) => paceBps === FULL_PACE_BPS)).toBe(true);
  });
});

describe('a narrow path of 20 Mbit/s, 64 kB of queue and 40 ms round trip', () => {
  const run = runPath({ stream: largeKeys, link: () => narrow, durationMs: 30_000 });
  const unpaced = runPath({
    stream: largeKeys,
    link: () => narrow,
    durationMs: 30_000,
    fixedPaceBps: FULL_PACE_BPS,
  });

  test('overflows for nobody who is paced, and a quarter of the time for who is not', () => {
    expect(run.queueDrops / run.sentPackets).toBeLessThan(0.001);
    expect(unpaced.queueDrops / unpaced.sentPackets).toBeGreaterThan(0.2);
  });

  test('is measured to a twentieth', () => {
    expect(run.estimate.capacityBps).toBeGreaterThan(19e6);
    expect(run.estimate.capacityBps).toBeLessThan(21e6);
    expect(run.estimate.queueDelayMs).toBeLessThan(10);
    expect(run.estimate.deliveredBps).toBeGreaterThan(streamBitrateBps(largeKeys) * 0.5);
  });

  test('delivers frames as fast as it can: 380 kB take 152 ms', () => {
    expect(percentile(run.frameDelaysMs, 0.5)).toBeLessThan(35);
    // Without those that waited behind the join.
    expect(percentile(run.frameDelaysMs.slice(30), 0.99)).toBeLessThan(152 / 0.85 + 30);
  });

  test('carries a join without echo, too', () => {
    const silent = runPath({ stream: largeKeys, link: () => narrow, durationMs: 10_000, hasEcho: false });
    expect(silent.queueDrops / silent.sentPackets).toBeLessThan(0.002);
  });
});

describe.each([5, 8, 40])('a path of %i Mbit/s', (mbps) => {
  test.each([32_000, 64_000, 256_000])(
    'with a queue of %i bytes loses less than one packet in 150',
    (queueBytes) => {
      const link = { rateBps: mbps * 1e6, queueBytes, oneWayMs: 20 };
      const run = runPath({ stream: camera, link: () => link, durationMs: 30_000 });
      expect(run.queueDrops / run.sentPackets).toBeLessThan(1 / 150);
      const capacityBps = run.estimate.capacityBps ?? 0;
      expect(Math.abs(capacityBps / link.rateBps - 1)).toBeLessThan(0.1);
    },
  );
});

describe('a path of 500 kbit/s with a second of queue, which gets more than it carries', () => {
  const bps = 500_000;
  /** Packets of 1,200 bytes at the pace, eight at a time as a feed sends them; feedback tells of three or four of them. */
  function overload(durationMs: number, widensAtMs = Infinity, bps = 500_000) {
    const estimate = new PathEstimate({ nowMs: 0, transportCc: true });
    const bucket = new TokenBucket(0, 9600, 0);
    const arrivalsMs: (number | undefined)[] = [];
    const paces: number[] = [];
    let freeAtMs = 0;
    let reported = 0;
    for (let nowMs = 0; nowMs < durationMs; nowMs++) {
      const paceBps = Math.min(4e6, estimate.paceBps(4e6, nowMs));
      bucket.setRate(paceBps, 9600);
      if (bucket.credit(nowMs) >= 9600) {
        estimate.sent(arrivalsMs.length, 8, 9600, nowMs);
        bucket.take(9600);
        for (let i = 0; i < 8; i++) {
          const isDropped = freeAtMs - nowMs > 1000;
          if (!isDropped)
            freeAtMs = Math.max(freeAtMs, nowMs) + 9_600_000 / (nowMs < widensAtMs ? bps : 10 * bps);
          arrivalsMs.push(isDropped ? undefined : freeAtMs + 20);
        }
      }
      paces.push(paceBps);
      if (nowMs % 60 !== 59) continue;
      const cameUpTo = arrivalsMs.findLastIndex((ms) => ms !== undefined && ms <= nowMs - 20) + 1;
      if (cameUpTo === reported) continue;
      const arrivals = arrivalsMs.slice(reported, cameUpTo);
      const ticks = arrivals.map((ms) => (ms === undefined ? notReceived : Math.floor(ms * 4)));
      estimate.feedback({ ...feedbackOn(reported), arrivals: Int32Array.from(ticks) }, nowMs);
      reported = cameUpTo;
    }
    return { estimate, paces, lost: arrivalsMs.map((ms) => ms === undefined) };
  }

  test('is measured within 300 ms, by three or four packets in each feedback', () => {
    const { estimate } = overload(300);
    expect(estimate.capacityBps).toBeGreaterThan(bps * 0.9);
    expect(estimate.capacityBps).toBeLessThan(bps * 1.1);
  });

  test('gets less from then on, whatever the least of others is', () => {
    const { estimate, paces, lost } = overload(60_000);
    // What it was given at the stream's rate before it was known.
    expect(lost.lastIndexOf(true)).toBeLessThan(300);
    expect(estimate.queueDelayMs).toBeLessThan(300);
    const settled = paces.slice(3000);
    expect(Math.max(...settled)).toBeLessThan(bps * 0.9);
    expect(Math.min(...settled)).toBeGreaterThan(bps * 0.8);
  });

  test('gets 100 kbit/s at least, that something comes through', () => {
    const { estimate, paces } = overload(60_000, Infinity, 60_000);
    expect(estimate.capacityBps).toBeLessThan(70_000);
    expect(paces.at(-1)).toBe(100_000);
  });

  test('gets what it carries soon after it has become ten times wider', () => {
    const { paces } = overload(60_000, 30_000);
    expect(paces.findIndex((paceBps, ms) => ms > 30_000 && paceBps >= 4e6) - 30_000).toBeLessThan(20_000);
  });
});

test('after a fade of a path that was wide, a viewer gets its stream again soon', () => {
  const wifi: PathLink = { rateBps: 100e6, queueBytes: 64_000, oneWayMs: 5 };
  const isFaded = (nowMs: number): boolean => nowMs >= 5000 && nowMs < 6000;
  const link = (nowMs: number): PathLink => (isFaded(nowMs) ? { ...wifi, rateBps: 1e6 } : wifi);
  const run = runPath({ stream: camera, link, durationMs: 10_000 });
  const at = (ms: number): number => run.paceBps[ms / 100] ?? 0;
  expect(Math.min(...run.paceBps.slice(50, 60))).toBeLessThan(10e6);
  // The queue of the fade takes half a second, and then feedback must tell.
  expect(at(7500)).toBeGreaterThan(10e6);
  expect(run.queueDrops).toBeLessThan(100);
});

describe('a train of ten packets', () => {
  /** They leave at once, for a stream of 4 Mbit/s; undefined for lost ones. */
  const train = (
    estimate: PathEstimate,
    seq: number,
    nowMs: number,
    arrivalsMs: readonly (number | undefined)[],
    streamBps = 4e6,
  ): void => {
    estimate.paceBps(streamBps, nowMs);
    estimate.sent(seq, 10, 12_000, nowMs);
    const arrivals = Int32Array.from(arrivalsMs, (ms) => (ms === undefined ? notReceived : 4 * (nowMs + ms)));
    estimate.feedback({ ...feedbackOn(seq), arrivals }, nowMs);
    estimate.paceBps(streamBps, nowMs);
  };
  const each = (ms: number): number[] => Array.from({ length: 10 }, (_, i) => i * ms);
  /** Ten good seconds, a fade, and then one at once. */
  const afterFade = (streamBps: number, hasMoved: boolean): number | undefined => {
    const estimate = proven(true);
    for (let i = 0; i < 10; i++) train(estimate, 10 * i, 1000 * i, each(0));
    if (hasMoved) estimate.pathChanged(9500);
    train(estimate, 100, 10_000, each(20), streamBps);
    train(estimate, 110, 10_500, each(0), streamBps);
    return estimate.capacityBps;
  };

  test('soon behind a fade is believed as far as its stream needs it, and on its own path alone', () => {
    expect(afterFade(4e6, false)).toBeCloseTo(4 * 480_000, -4);
    expect(afterFade(400_000, false)).toBeCloseTo(480_000, -4);
    expect(afterFade(4e6, true)).toBeCloseTo(480_000, -4);
  });

  test('of which half is lost without delay shows no queue, unless the path carries less than the stream', () => {
    const queuedBps = (streamBps: number): readonly (number | undefined)[] => {
      const estimate = proven(true);
      for (let i = 0; i < 40; i++) estimate.sent(i, 1, 1200, 1000 + i);
      const arrivals = Int32Array.from({ length: 40 }, (_, i) =>
        i % 2 === 0 ? 4 * (1000 + i) : notReceived,
      );
      estimate.feedback({ ...feedbackOn(0), arrivals }, 1040);
      estimate.paceBps(streamBps, 1040);
      return [estimate.carriedBps, estimate.queuedBps];
    };
    const [carriedBps, none] = queuedBps(1e6);
    expect(carriedBps).toBeGreaterThan(1e6);
    expect(none).toBeUndefined();
    const [overloadedBps, queued] = queuedBps(90e6);
    expect(queued).toBe(overloadedBps);
    expect(queued).toBeGreaterThan(1e6);
  });

  test('that shows more than the full pace limits nothing, whatever it lost', () => {
    const estimate = proven(true);
    train(estimate, 0, 0, each(0));
    estimate.sent(10, 40, 48_000, 1000);
    const arrivals = Int32Array.from({ length: 40 }, (_, i) => (i % 4 === 3 ? notReceived : 4 * 1010));
    estimate.feedback({ ...feedbackOn(10), arrivals }, 1000);
    expect(estimate.lossShare).toBeGreaterThan(0.1);
    expect(estimate.capacityBps).toBeUndefined();
  });
});

test('random loss of 5 % slows nothing below 2.5 times the stream, with and without transport-wide feedback', () => {
  for (const hasTransportCc of [true, false]) {
    const link = { ...wide, lossRatio: 0.05 };
    const run = runPath({ stream: camera, link: () => link, durationMs: 30_000, hasTransportCc });
    expect(run.randomLosses).toBeGreaterThan(500);
    expect(Math.min(...run.paceBps)).toBeGreaterThan(streamBitrateBps(camera) * 2.5);
    expect(run.estimate.lossShare).toBeGreaterThan(0.01);
    expect(run.estimate.lossShare).toBeLessThan(0.1);
  }
});

test('packets that are overtaken are no loss', () => {
  const estimate = new PathEstimate({ nowMs: 0, transportCc: true });
  let highest = 0;
  for (let i = 0; i < 100; i++) {
    const nowMs = i * 60;
    estimate.sent(20 * i, 20, 24_000, nowMs);
    // The first packet of each 20 is in the feedback after the one that misses it.
    const arrivals = Array.from({ length: i === 0 ? 20 : 40 }, (_, at) => 4 * 60 * Math.floor(at / 20));
    arrivals[i === 0 ? 0 : 20] = notReceived;
    estimate.feedback({ ...feedbackOn(20 * Math.max(0, i - 1)), arrivals: Int32Array.from(arrivals) }, nowMs);
    highest = Math.max(highest, estimate.lossShare);
  }
  expect(highest).toBeGreaterThan(0);
  expect(highest).toBeLessThan(LOSSY_SHARE);
  // One more is late, and the only news beside a single packet.
  estimate.sent(2000, 1, 1200, 6000);
  estimate.feedback({ ...feedbackOn(1980), arrivals: new Int32Array(21) }, 6100);
  expect(estimate.lossShare).toBe(0);
});

test('a longer path is no queue when the viewer is known to have moved', () => {
  const estimate = new PathEstimate({ nowMs: 0, transportCc: true });
  const queueMsAt = (seq: number, nowMs: number, delayMs: number): number => {
    estimate.sent(seq, 1, 1200, nowMs);
    estimate.feedback({ ...feedbackOn(seq), arrivals: Int32Array.of(4 * (nowMs + delayMs)) }, nowMs);
    return estimate.queueDelayMs;
  };
  queueMsAt(0, 0, 20);
  expect(queueMsAt(1, 100, 220)).toBe(200);
  estimate.pathChanged(200);
  expect(estimate.queueDelayMs).toBe(0);
  expect(queueMsAt(2, 200, 220)).toBe(0);
});

test('delay that jumps, as on a busy radio, is not taken for a queue', () => {
  const link = { rateBps: 60e6, queueBytes: 300_000, oneWayMs: 15, jitterMs: 12 };
  const run = runPath({ stream: camera, link: () => link, durationMs: 30_000 });
  expect(run.queueDrops).toBe(0);
  expect(Math.min(...run.paceBps)).toBeGreaterThan(streamBitrateBps(camera) * 2.5);
});

test('a path that gets better is found out, without an overflow', () => {
  const at = (mbps: number): PathLink => ({ ...narrow, rateBps: mbps * 1e6 });
  const run = runPath({
    stream: camera,
    link: (nowMs) => at(nowMs < 15_000 ? 10 : 200),
    durationMs: 60_000,
  });
  expect(run.paceBps[149]).toBeLessThan(10e6);
  expect(run.paceBps.at(-1)).toBe(FULL_PACE_BPS);
  expect(run.queueDrops / run.sentPackets).toBeLessThan(0.002);
});

test('a path that gets worse is found out within a second', () => {
  const at = (mbps: number): PathLink => ({ ...narrow, rateBps: mbps * 1e6 });
  const run = runPath({
    stream: largeKeys,
    link: (nowMs) => at(nowMs < 10_000 ? 1000 : 20),
    durationMs: 30_000,
  });
  expect(run.paceBps[95]).toBe(FULL_PACE_BPS);
  // The first key frame on the worse path pays for the knowledge, the others do not.
  expect(run.paceBps.slice(125).every((paceBps) => paceBps < 21e6 * 1.5)).toBe(true);
  expect(run.queueDrops / run.sentPackets).toBeLessThan(0.03);
});

test('a path that carries less than the stream gets no more than it carries', () => {
  const link = { rateBps: 2e6, queueBytes: 64_000, oneWayMs: 20 };
  const run = runPath({ stream: camera, link: () => link, durationMs: 20_000 });
  expect(run.paceBps.slice(-100).every((paceBps) => paceBps < 3.1e6)).toBe(true);
  expect(percentile(run.paceBps.slice(-100), 0.5)).toBeLessThan(2e6);
});

describe('reports alone', () => {
  test('halve the pace on a full queue, and let it grow again', () => {
    const run = runPath({
      stream: largeKeys,
      link: () => narrow,
      durationMs: 60_000,
      hasTransportCc: false,
      hasEcho: false,
    });
    const unpaced = runPath({
      stream: largeKeys,
      link: () => narrow,
      durationMs: 60_000,
      hasTransportCc: false,
      fixedPaceBps: FULL_PACE_BPS,
    });
    expect(run.queueDrops / run.sentPackets).toBeLessThan(unpaced.queueDrops / unpaced.sentPackets / 4);
    expect(percentile(run.paceBps, 0.5)).toBeLessThan(30e6);
  });

  test('leave the first flight to the echo, whose queue limits the join', () => {
    for (const mbps of [10, 20, 40]) {
      const link = { ...narrow, rateBps: mbps * 1e6 };
      const join = runPath({ stream: camera, link: () => link, durationMs: 2000, hasTransportCc: false });
      expect(join.queueDrops / join.sentPackets).toBeLessThan(1 / 150);
    }
  });

  test('that tell of loss behind a queue which the echo has shown do not call it radio', () => {
    const link = { rateBps: 5e6, queueBytes: 128_000, oneWayMs: 20 };
    const run = runPath({ stream: camera, link: () => link, durationMs: 10_000, hasTransportCc: false });
    expect(run.queueDrops / run.sentPackets).toBeLessThan(0.02);
  });

  test('a longer path is no queue for long', () => {
    const estimate = new PathEstimate({ nowMs: 0, transportCc: false });
    let nowMs = 0;
    for (let i = 0; i < 20; i++) estimate.receiverReport(0, 5, (nowMs += 1000));
    estimate.receiverReport(0, 200, (nowMs += 1000));
    expect(estimate.queueDelayMs).toBe(195);
    for (let i = 0; i < 60; i++) estimate.receiverReport(0, 200, (nowMs += 1000));
    expect(estimate.queueDelayMs).toBe(0);
  });

  test('a longer path is none at all when the viewer is known to have moved', () => {
    const estimate = new PathEstimate({ nowMs: 0, transportCc: false });
    estimate.receiverReport(0, 5, 1000);
    estimate.receiverReport(0, 50, 2000);
    expect(estimate.queueDelayMs).toBe(45);
    estimate.pathChanged(2000);
    expect(estimate.queueDelayMs).toBe(0);
    estimate.receiverReport(0, 200, 3000);
    expect(estimate.queueDelayMs).toBe(0);
    estimate.receiverReport(0, 230, 4000);
    expect(estimate.queueDelayMs).toBe(30);
  });

  test('let the pace grow only by time in which something was sent', () => {
    const estimate = new PathEstimate({ nowMs: 0, transportCc: false });
    estimate.sent(0, 1, 1200, 0);
    estimate.paceBps(4e6, 0);
    estimate.remb(6e6, 0);
    estimate.remb(3e6, 1000);
    const knownBps = estimate.capacityBps ?? 0;
    estimate.sent(0, 1, 1200, 4000);
    // The camera pauses.
    for (let nowMs = 4000; nowMs < 20_000; nowMs += 1000) estimate.receiverReport(0, 40, nowMs);
    expect((estimate.capacityBps ?? 0) / knownBps).toBeCloseTo(1.5);
  });

  test('what the path carries is what was too much for it, not the half of it', () => {
    const estimate = proven(false);
    estimate.paceBps(4e6, 0);
    expect(estimate.carriedBps).toBeUndefined();
    estimate.remb(6e6, 0);
    estimate.remb(4e6, 3000);
    expect(estimate.paceBps(4e6, 3000)).toBe(FULL_PACE_BPS / 2);
    expect(estimate.carriedBps).toBe(FULL_PACE_BPS);
  });

  test('loss without delay does not tell what it carries when the pace is the least for the stream', () => {
    const estimate = proven(false);
    estimate.paceBps(4e6, 0);
    estimate.receiverReport(0, 40, 1000);
    const carried: (number | undefined)[] = [];
    for (let nowMs = 2000; nowMs < 8000; nowMs += 1000) {
      estimate.receiverReport(0.15 * 256, 40, nowMs);
      estimate.paceBps(4e6, nowMs);
      carried.push(estimate.carriedBps);
    }
    expect(estimate.paceBps(4e6, 8000)).toBe(10e6);
    expect(estimate.capacityBps).toBeLessThan(10e6);
    expect(carried[0]).toBe(FULL_PACE_BPS);
    expect(carried.at(-1)).toBeUndefined();
  });

  test('a receiver that lowers its REMB sees the delay grow', () => {
    const estimate = proven(false);
    expect(estimate.paceBps(4e6, 0)).toBe(FULL_PACE_BPS);
    estimate.remb(6e6, 1000);
    estimate.remb(5.9e6, 2000);
    expect(estimate.paceBps(4e6, 2000)).toBe(FULL_PACE_BPS);
    estimate.remb(4e6, 3000);
    expect(estimate.paceBps(4e6, 3000)).toBe(FULL_PACE_BPS / 2);
  });

  test('delay in the reports is a queue, loss without delay is not', () => {
    const queued = proven(false);
    queued.paceBps(4e6, 0);
    queued.receiverReport(0, 40, 1000);
    queued.receiverReport(0.05 * 256, 40, 2000);
    expect(queued.paceBps(4e6, 2000)).toBe(FULL_PACE_BPS);
    queued.receiverReport(0.05 * 256, 70, 3000);
    expect(queued.paceBps(4e6, 3000)).toBe(FULL_PACE_BPS / 2);
    expect(queued.queueDelayMs).toBe(30);
  });
});

test('half of what met trouble is a guess, and goes down to 500 kbit/s at most', () => {
  for (const transportCc of [false, true]) {
    const estimate = proven(transportCc);
    for (let nowMs = 3000; nowMs < 60_000; nowMs += 1000) {
      estimate.sent(0, 10, 12_000, nowMs);
      estimate.paceBps(100_000, nowMs);
      estimate.receiverReport(200, 40, nowMs);
    }
    expect(estimate.paceBps(100_000, 60_000)).toBe(500_000);
  }
});

describe('the start', () => {
  /** The first flight has left at the full rate; the round trip of the idle path is 40 ms, and `echoed` answers behind it. */
  const start = (transportCc: boolean): { estimate: PathEstimate; echoed: (delayMs: number) => void } => {
    const answers: ((roundTripMs: number) => void)[] = [];
    const echo = (answer: (roundTripMs: number) => void): void => void answers.push(answer);
    const estimate = new PathEstimate({ nowMs: 0, transportCc, echo });
    for (let at = 0; at < 60_000; at += 12_000) estimate.sent(at / 1200, 10, 12_000, at / 12_500);
    const [idle, behind] = answers;
    idle?.(40);
    return { estimate, echoed: (delayMs) => behind?.(40 + delayMs) };
  };
  const started = (transportCc: boolean): PathEstimate => {
    const estimate = new PathEstimate({ nowMs: 0, transportCc });
    for (let at = 0; at < 60_000; at += 12_000) estimate.sent(at / 1200, 10, 12_000, at / 12_500);
    return estimate;
  };

  test('60 kB at the full rate, then no more than any usual path carries, until something answers', () => {
    const estimate = new PathEstimate({ nowMs: 0, transportCc: true });
    expect(estimate.paceBps(2e6, 0)).toBe(FULL_PACE_BPS);
    expect(started(true).paceBps(2e6, 5)).toBe(10e6);
    expect(started(true).paceBps(8e6, 5)).toBe(20e6);
  });

  test('an echo that was not held up proves the path, one that was does not', () => {
    const late = start(true);
    late.echoed(19);
    expect(late.estimate.paceBps(2e6, 50)).toBe(10e6);
    const clear = start(true);
    clear.echoed(1);
    expect(clear.estimate.paceBps(2e6, 51)).toBe(FULL_PACE_BPS);
  });

  test('an echo that was held up limits a viewer that can only report, and lets it try more after two seconds', () => {
    const { estimate, echoed } = start(false);
    // 60 kB at 10 Mbit/s take 48 ms, and 3.84 ms were over when the last of them left.
    echoed(48 - 3.84);
    expect(estimate.capacityBps).toBe(10e6);
    expect(estimate.paceBps(4e6, 400)).toBe(8.5e6);
    // The NACKs for what the first flight lost tell the same again.
    estimate.nack(10, 60);
    expect(estimate.capacityBps).toBe(10e6);
    for (const nowMs of [1000, 2000, 3000]) {
      estimate.sent(0, 1, 1200, nowMs);
      estimate.receiverReport(0, 40, nowMs);
    }
    expect(estimate.paceBps(4e6, 3000)).toBeGreaterThan(10e6);
    // One that feeds back says more soon.
    const other = start(true);
    other.echoed(48);
    expect(other.estimate.capacityBps).toBeUndefined();
  });

  test('a very late echo limits to 500 kbit/s: its sender answers when it likes', () => {
    const { estimate, echoed } = start(false);
    echoed(3000);
    expect(estimate.capacityBps).toBe(500_000);
    expect(estimate.paceBps(100_000, 4000)).toBe(500_000);
  });

  test('live frames one by one fill no queue: whatever held up the echo behind them was something else', () => {
    const answers: ((roundTripMs: number) => void)[] = [];
    const trickle = new PathEstimate({
      nowMs: 0,
      transportCc: false,
      echo: (answer) => void answers.push(answer),
    });
    for (let i = 0; i < 20; i++) {
      trickle.sent(i, 10, 12_000, i * 33);
      if (i === 1) answers.shift()?.(40);
    }
    expect(answers.length).toBeGreaterThan(0);
    for (const answer of answers) answer(88);
    expect(trickle.capacityBps).toBeUndefined();
  });

  test('an echo that does not come has met a queue, and what follows waits for it', () => {
    const { estimate, echoed } = start(false);
    expect(estimate.paceBps(2e6, 48)).toBe(10e6);
    expect(estimate.paceBps(2e6, 50)).toBe(2.4e6);
    echoed(4);
    expect(estimate.paceBps(2e6, 51)).toBe(FULL_PACE_BPS);
  });

  test('a viewer that never reports is believed after a while', () => {
    expect(started(false).paceBps(2e6, 299)).toBe(10e6);
    expect(started(false).paceBps(2e6, 301)).toBe(FULL_PACE_BPS);
    // It promised feedback, so its silence is the path's: half a second of it, whenever it begins.
    const estimate = started(true);
    expect(estimate.paceBps(2e6, 501)).toBe(10e6);
    // It has answered before.
    expect(start(false).estimate.paceBps(2e6, 999)).toBe(2.4e6);
    expect(start(false).estimate.paceBps(2e6, 1001)).toBe(FULL_PACE_BPS);
  });

  test('feedback that stops makes the pace modest, and no picture late', () => {
    const estimate = started(true);
    expect(estimate.paceBps(2e6, 1000)).toBe(10e6);
    expect(estimate.paceBps(2e6, 1000, true)).toBe(FULL_PACE_BPS);
  });

  test('with feedback, an echo is asked for once before and once behind the first flight', () => {
    const answers: ((roundTripMs: number) => void)[] = [];
    const estimate = new PathEstimate({
      nowMs: 0,
      transportCc: true,
      echo: (answer) => void answers.push(answer),
    });
    estimate.sent(0, 10, 59_000, 0);
    expect(answers).toHaveLength(1);
    answers[0]?.(40);
    for (let i = 0; i < 100; i++) estimate.sent(10 + i, 1, 1200, i);
    expect(answers).toHaveLength(2);
  });
});

describe('a viewer without feedback, whose echoes speak for it', () => {
  /** A third or more of it in its key frames. */
  const streams: readonly (readonly [string, PathStream])[] = [
    ['2 Mbit/s', { fps: 30, framesPerGroup: 60, keyBytes: 100_000, deltaBytes: 6_700, joinFrames: 30 }],
    ['3 Mbit/s', { fps: 30, framesPerGroup: 60, keyBytes: 150_000, deltaBytes: 10_000, joinFrames: 30 }],
    ['4 Mbit/s', { fps: 30, framesPerGroup: 120, keyBytes: 250_000, deltaBytes: 14_700, joinFrames: 30 }],
    ['4 Mbit/s, a long join', camera],
  ];

  test.each(streams)(
    'of %s joins over 5 Mbit/s with a short queue and sees its key frames',
    (_name, stream) => {
      const link = { rateBps: 5e6, queueBytes: 64_000, oneWayMs: 20 };
      const run = runPath({ stream, link: () => link, durationMs: 20_000, hasTransportCc: false });
      // 60 kB fill it; what leaves until the echo is overdue does not fit.
      expect(run.queueDrops).toBeLessThan(40);
      expect(run.dropsAtMs.every((ms) => ms < 100)).toBe(true);
      const withFeedback = runPath({ stream, link: () => link, durationMs: 20_000 });
      expect(run.frozenMs).toBeLessThan(withFeedback.frozenMs + 50);
      expect(run.firstFrameMs).toBeLessThan(withFeedback.firstFrameMs + 50);
    },
  );

  test.each(streams)('of %s loses little more than the start on 8 to 20 Mbit/s', (_name, stream) => {
    for (const mbps of [8, 20]) {
      const link = { rateBps: mbps * 1e6, queueBytes: 64_000, oneWayMs: 20 };
      const run = runPath({ stream, link: () => link, durationMs: 20_000, hasTransportCc: false });
      expect(run.queueDrops / run.sentPackets).toBeLessThan(0.02);
    }
  });

  test.each(streams)('of %s joins a wide path as fast as with feedback', (_name, stream) => {
    for (const oneWayMs of [0.3, 20]) {
      const path = { stream, link: () => ({ ...wide, oneWayMs }), durationMs: 5000 };
      const run = runPath({ ...path, hasTransportCc: false });
      const withFeedback = runPath(path);
      expect(run.firstFrameMs).toBeLessThanOrEqual(withFeedback.firstFrameMs);
      expect(run.joinDoneMs).toBeLessThanOrEqual(withFeedback.joinDoneMs);
      expect(run.estimate.capacityBps).toBeUndefined();
    }
  });

  test('is told a busy radio from a queue', () => {
    const [, stream] = streams[1] ?? ['', camera];
    for (const jitterMs of [12, 30, 60]) {
      const link = { rateBps: 40e6, queueBytes: 300_000, oneWayMs: 10, jitterMs };
      const run = runPath({ stream, link: () => link, durationMs: 30_000, hasTransportCc: false });
      expect(run.frozenMs).toBe(0);
      expect(percentile(run.frameDelaysMs, 0.95)).toBeLessThan(20 + jitterMs);
      expect(run.joinDoneMs).toBeLessThan(300);
    }
  });

  test('finds out a path that gets worse by its next large picture, and one that gets better in time', () => {
    const at = (mbps: number): PathLink => ({ ...narrow, rateBps: mbps * 1e6 });
    const [, stream] = streams[1] ?? ['', camera];
    const path = { stream, hasTransportCc: false, durationMs: 30_000 };
    const worse = runPath({ ...path, link: (nowMs) => at(nowMs < 5000 ? 1000 : 8) });
    expect(worse.paceBps[49]).toBe(FULL_PACE_BPS);
    // 300 without echoes, in every key frame.
    expect(worse.queueDrops).toBeLessThan(120);
    const better = runPath({ ...path, link: (nowMs) => at(nowMs < 8000 ? 10 : 200) });
    expect(better.queueDrops).toBeLessThan(10);
    expect(better.paceBps.at(-1)).toBeGreaterThan(20e6);
  });

  test('is not limited for long by an echo that came late by chance', () => {
    const path = { stream: camera, link: () => wide, durationMs: 5000, hasTransportCc: false };
    const { joinDoneMs, firstFrameMs } = runPath(path);
    let count = 0;
    // The second one, which is that behind the first flight.
    const one = runPath({ ...path, answersEchoMs: (ms) => (++count === 2 ? ms + 40 : ms) });
    expect(count).toBeGreaterThan(2);
    expect(one.joinDoneMs).toBeLessThan(joinDoneMs + 80);
    // Whatever comes to a busy machine is answered when it is no more.
    const paused = runPath({ ...path, answersEchoMs: (ms) => (ms > 20.5 && ms < 75 ? 75 : ms) });
    expect(paused.joinDoneMs).toBeLessThan(joinDoneMs + 100);
    for (const run of [one, paused]) {
      expect(run.firstFrameMs).toBeLessThan(firstFrameMs + 60);
      expect(run.estimate.capacityBps).toBeUndefined();
    }
  });
});

test('a camera that pauses tells nothing of the path: what is known of it stays', () => {
  const { estimate } = runPath({
    stream: camera,
    link: () => ({ ...narrow, rateBps: 5e6 }),
    durationMs: 20_000,
  });
  const knownBps = estimate.capacityBps ?? 0;
  expect(knownBps).toBeCloseTo(5e6, -6);
  // No media, hence no feedback, while reports go on.
  let nowMs = 20_000;
  estimate.feedback(feedbackOn(60_000), nowMs);
  for (let i = 0; i < 10; i++) estimate.receiverReport(0, 40, (nowMs += 1000));
  expect(estimate.capacityBps).toBe(knownBps);
  nowMs += 5000;
  estimate.sent(0, 10, 12_000, nowMs);
  estimate.receiverReport(0, 40, nowMs + 20);
  expect(estimate.capacityBps).toBe(knownBps);
});

test('feedback that ends while packets leave is made up for by reports, from then on', () => {
  const { estimate } = runPath({
    stream: camera,
    link: () => ({ ...narrow, rateBps: 5e6 }),
    durationMs: 20_000,
  });
  const knownBps = estimate.capacityBps ?? 0;
  estimate.feedback(feedbackOn(60_000), 25_000);
  const reportAt = (nowMs: number): number => {
    estimate.sent(0, 1, 1200, nowMs);
    estimate.receiverReport(0, 40, nowMs);
    return (estimate.capacityBps ?? 0) / knownBps;
  };
  expect(reportAt(25_100)).toBe(1);
  expect(reportAt(26_900)).toBe(1);
  expect(reportAt(27_900)).toBeCloseTo(1.5);
  expect(reportAt(28_900)).toBeCloseTo(1.5 ** 2);
});

test('a burst of NACKs is heard before any feedback', () => {
  const estimate = proven(true);
  estimate.sent(0, 40, 48_000, 0);
  estimate.nack(9, 40);
  expect(estimate.paceBps(2e6, 41)).toBe(FULL_PACE_BPS);
  estimate.nack(1, 42);
  expect(estimate.paceBps(2e6, 43)).toBe(10e6);
});

test('frames that are late raise the pace: to what the path carries, or beyond the full rate where nothing limits it', () => {
  const clean = new PathEstimate({ nowMs: 0, transportCc: false });
  expect(clean.paceBps(4e6, 0, true)).toBe(4 * FULL_PACE_BPS);
  const { estimate } = runPath({ stream: largeKeys, link: () => narrow, durationMs: 6000 });
  // Within the time in which no trial is made.
  const [paced, late] = [estimate.paceBps(6e6, 6000), estimate.paceBps(6e6, 6000, true)];
  expect(late).toBe(estimate.capacityBps);
  expect(paced / late).toBeCloseTo(0.85);
});
