import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runPath, type PathLink, type PathStream } from '../testing/paced-path.ts';
import { shortTimeBox } from '../testing/time-box.ts';
import { FULL_PACE_BPS } from './known-path.ts';
import { PathEstimate } from './path-estimate.ts';

interface Asked {
  readonly atMs: number;
  readonly answer: (roundTripMs: number) => void;
}

/** A long join. */
const fourMbps: PathStream = {
  fps: 30,
  framesPerGroup: 120,
  keyBytes: 100_000,
  deltaBytes: 16_000,
  joinFrames: 60,
};

/** The clock of the test, and what the estimate asks the viewer for. */
function watch(transportCc = false, nowMs = 0) {
  const clock = { nowMs };
  const asked: Asked[] = [];
  const estimate = new PathEstimate({
    nowMs,
    transportCc,
    echo: (answer) => void asked.push({ atMs: clock.nowMs, answer }),
  });
  /** 1200 bytes each millisecond and packet. */
  const send = (ms: number, packetsPerMs: number): void => {
    for (let i = 0; i < ms; i++) {
      clock.nowMs++;
      estimate.paceBps(4e6, clock.nowMs);
      estimate.sent(0, packetsPerMs, packetsPerMs * 1200, clock.nowMs);
    }
  };
  return { clock, asked, estimate, send };
}

describe('requests for echoes', () => {
  test('are 5 ms apart, and a twentieth of the round trip, whatever leaves', () => {
    for (const roundTripMs of [0.3, 40, 400]) {
      const { asked, send } = watch();
      asked[0]?.answer(roundTripMs);
      send(2000, 10);
      const gaps = asked.slice(2).map(({ atMs }, i) => atMs - (asked[i + 1]?.atMs ?? 0));
      expect(gaps.length).toBeGreaterThan(10);
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(Math.max(5, roundTripMs / 20));
    }
  });

  test('end with the answer of an idle path: who answers none is asked twice', () => {
    const { asked, send } = watch();
    send(5000, 10);
    expect(asked).toHaveLength(2);
  });

  test('stop for feedback, whatever becomes of its echoes', () => {
    const { asked, send, estimate, clock } = watch(true);
    asked[0]?.answer(40);
    send(1000, 10);
    expect(asked).toHaveLength(2);
    asked[1]?.answer(900);
    estimate.pathChanged(clock.nowMs);
    asked[2]?.answer(60);
    send(1000, 10);
    expect(asked).toHaveLength(3);
    expect(estimate.capacityBps).toBeUndefined();
  });
});

test('a join that begins late on a long path is proven by the echo behind it, not forgotten for those that follow', () => {
  const { asked, send, estimate, clock } = watch();
  asked[0]?.answer(300);
  clock.nowMs = 400;
  send(300, 5);
  expect(asked.length).toBeGreaterThan(10);
  expect(estimate.paceBps(2e6, clock.nowMs)).toBeLessThanOrEqual(10e6);
  asked[1]?.answer(300);
  expect(estimate.paceBps(2e6, clock.nowMs)).toBe(FULL_PACE_BPS);
});

test('a queue of seconds forgets no echo that waits in it', () => {
  // 4 Mbit/s over 2: before, echoes were forgotten before they could be answered.
  const link = { rateBps: 2e6, queueBytes: 128_000, oneWayMs: 20 };
  const run = runPath({ stream: fourMbps, link: () => link, durationMs: 20_000, hasTransportCc: false });
  expect(run.queueDrops).toBeLessThan(400);
});

test('one late echo on a path that has a queue all the same: what it says is withdrawn, and the path tried as at the start', () => {
  const link: PathLink = { rateBps: 10e6, queueBytes: 128_000, oneWayMs: 20 };
  let count = 0;
  const run = runPath({
    stream: fourMbps,
    link: () => link,
    durationMs: 10_000,
    hasTransportCc: false,
    answersEchoMs: (ms) => (++count === 2 ? ms + 40 : ms),
  });
  expect(run.queueDrops).toBeLessThan(60);
  expect(run.frozenMs).toBe(0);
});

test('radio that holds packets up on a narrow path is taken for no narrower one', () => {
  const stream: PathStream = {
    fps: 30,
    framesPerGroup: 60,
    keyBytes: 100_000,
    deltaBytes: 11_000,
    joinFrames: 30,
  };
  for (const rateBps of [4e6, 5e6, 6e6, 8e6])
    for (const jitterMs of [30, 60]) {
      const link: PathLink = { rateBps, queueBytes: 64_000, oneWayMs: 20, jitterMs };
      const run = runPath({ stream, link: () => link, durationMs: 30_000, hasTransportCc: false });
      const delaysMs = run.frameDelaysMs.toSorted((a, b) => a - b);
      // Before, 17 s where the capacity had been lowered below the stream's rate.
      expect(delaysMs[delaysMs.length >> 1]).toBeLessThan(120);
      expect(run.frozenMs).toBeLessThan(1500);
      expect(run.queueDrops / run.sentPackets).toBeLessThan(0.03);
    }
});

test('an answer as late as its sender likes leaves a capacity from which the pace can grow', () => {
  const { asked, send, estimate, clock } = watch();
  asked[0]?.answer(40);
  send(6, 10);
  clock.nowMs += 60_000;
  asked[1]?.answer(60_000);
  expect(estimate.capacityBps).toBe(500_000);
  expect(estimate.paceBps(4e6, clock.nowMs + 200)).toBeGreaterThanOrEqual(4e6);
});

test('a viewer that moves takes neither a queue nor its drain along', () => {
  const { asked, send, estimate, clock } = watch();
  asked[0]?.answer(40);
  send(20, 10);
  clock.nowMs = 105;
  asked[1]?.answer(100);
  expect(estimate.paceBps(4e6, clock.nowMs)).toBe(500_000);
  estimate.pathChanged(clock.nowMs);
  expect(estimate.paceBps(4e6, clock.nowMs)).toBeGreaterThanOrEqual(4e6);
  // What was asked on the old path tells nothing of the new one.
  const before = estimate.capacityBps;
  for (const { answer } of asked.slice(2, -1)) answer(500);
  expect(estimate.capacityBps).toBe(before);
});

test('what left before a viewer moved waits in no queue of its new path', () => {
  const { asked, send, estimate, clock } = watch();
  asked[0]?.answer(40);
  send(3000, 2);
  estimate.pathChanged(clock.nowMs);
  const count = asked.length;
  asked.at(-1)?.answer(40);
  send(8, 10);
  const late = asked[count + 1];
  if (late === undefined) throw new Error('no echo was asked for');
  clock.nowMs = late.atMs + 100;
  late.answer(100);
  expect(estimate.capacityBps).toBeLessThan(FULL_PACE_BPS);
  // The little that followed it has come through meanwhile.
  expect(estimate.paceBps(4e6, clock.nowMs)).toBeGreaterThanOrEqual(4e6);
});

test('one late echo that is refuted leaves nothing behind: loss without delay is radio, as before', () => {
  const { asked, send, estimate, clock } = watch();
  asked[0]?.answer(40);
  send(20, 10);
  asked[1]?.answer(40 + 44);
  expect(estimate.capacityBps).toBeLessThan(FULL_PACE_BPS);
  asked[2]?.answer(41);
  expect(estimate.capacityBps).toBeUndefined();
  // Half of the full pace or less, but never below 2.5 times the stream: as on a path that never showed a queue.
  clock.nowMs += 2000;
  for (let i = 0; i < 40; i++) {
    clock.nowMs += 300;
    estimate.paceBps(4e6, clock.nowMs);
    estimate.sent(0, 10, 12_000, clock.nowMs);
    estimate.nack(10, clock.nowMs);
  }
  expect(estimate.paceBps(4e6, clock.nowMs)).toBeGreaterThanOrEqual(10e6);
});

test('whatever a viewer answers, when, and how often: the pace is a rate that a stream can live with', () => {
  const step = fc.record({
    ms: fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 30_000 })),
    packets: fc.nat(40),
    /** Which of those that wait, and whether again. */
    answer: fc.option(fc.record({ which: fc.nat(60), isKept: fc.boolean() })),
    reported: fc.option(
      fc.record({ lost: fc.nat(255), roundTripMs: fc.option(fc.nat(5000), { nil: undefined }) }),
    ),
    nacked: fc.nat(30),
    isMoving: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.boolean(), fc.array(step, { maxLength: 200 }), (transportCc, steps) => {
      const { clock, asked, estimate } = watch(transportCc, -5000);
      for (const [i, { ms, packets, answer, reported, nacked, isMoving }] of steps.entries()) {
        clock.nowMs += ms;
        if (packets > 0) estimate.sent(i * 40, packets, packets * 1200, clock.nowMs);
        if (isMoving && i % 20 === 19) estimate.pathChanged(clock.nowMs);
        if (answer !== null && asked.length > 0) {
          const at = answer.which % asked.length;
          asked[at]?.answer(clock.nowMs - asked[at].atMs);
          if (!answer.isKept) asked.splice(at, 1);
        }
        if (reported) estimate.receiverReport(reported.lost, reported.roundTripMs, clock.nowMs);
        if (nacked > 20) estimate.nack(nacked, clock.nowMs);
        const paceBps = estimate.paceBps(4e6, clock.nowMs);
        expect(paceBps).toBeGreaterThanOrEqual(500_000);
        expect(paceBps).toBeLessThanOrEqual(FULL_PACE_BPS);
        expect(estimate.capacityBps ?? 1).toBeGreaterThan(0);
        expect(estimate.carriedBps ?? 1).toBeGreaterThan(0);
        expect(estimate.queueDelayMs).toBeGreaterThanOrEqual(0);
        expect(estimate.roundTripMs ?? 0).toBeGreaterThanOrEqual(0);
      }
    }),
    shortTimeBox,
  );
});
