import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { notReceived, type TransportFeedback } from '../rtp/transport-cc.ts';
import { timeBox } from '../testing/time-box.ts';
import { HEAD_PACKETS, PacketTrains, type FeedbackTotals, type Train } from './packet-trains.ts';

/** Arrivals in ms of the receiver's clock, undefined for lost ones. */
function feedback(baseSeq: number, arrivalsMs: readonly (number | undefined)[]): TransportFeedback {
  const referenceTime = 1000;
  return {
    senderSsrc: 1,
    mediaSsrc: 2,
    baseSeq,
    feedbackCount: 0,
    referenceTime,
    arrivals: Int32Array.from(arrivalsMs, (ms) =>
      ms === undefined ? notReceived : Math.round((ms - 64 * referenceTime) * 4),
    ),
  };
}

function read(
  trains: PacketTrains,
  baseSeq: number,
  arrivalsMs: readonly (number | undefined)[],
  nowMs = 1000,
): { readonly seen: readonly Train[]; readonly totals: FeedbackTotals } {
  const seen: Train[] = [];
  const totals = trains.read(feedback(baseSeq, arrivalsMs), nowMs, (train) => seen.push(train));
  return { seen, totals };
}

/** The receiver's clock is so far ahead, the way there included. */
const AHEAD = 70_000;
const list = <T>(length: number, value: (i: number) => T): T[] => Array.from({ length }, (_, i) => value(i));

describe('one train', () => {
  test('that met a queue: the rate of its arrival, and a delay that grows all along', () => {
    const trains = new PacketTrains();
    trains.sent(5, 20, 24_000, 0);
    // 1,200 bytes each half millisecond: 19.2 Mbit/s.
    const { seen } = read(
      trains,
      5,
      list(20, (i) => AHEAD + i / 2),
    );
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ received: 20, lost: 0, growthMs: 9.5, isGradual: true, queueMs: 9.5 });
    expect(seen[0]?.deliveredBps).toBeCloseTo(19.2e6, -4);
  });

  test('that met none: its rate is at most the one at which it left', () => {
    const trains = new PacketTrains();
    for (let i = 0; i < 20; i++) trains.sent(i, 1, 1200, i);
    const { seen } = read(
      trains,
      0,
      list(20, (i) => AHEAD + i),
    );
    expect(seen[0]).toMatchObject({ growthMs: 0, queueMs: 0 });
    expect(seen[0]?.deliveredBps).toBeCloseTo(9.6e6, -4);
    // Held up together, and let go together.
    for (let i = 20; i < 40; i++) trains.sent(i, 1, 1200, 80 + i);
    const together = list(20, () => AHEAD + 120);
    expect(read(trains, 20, together).seen[0]?.deliveredBps).toBeCloseTo(9.6e6, -4);
  });

  test('that a busy receiver read late grows in one jump', () => {
    const trains = new PacketTrains();
    trains.sent(0, 20, 24_000, 0);
    const { seen } = read(
      trains,
      0,
      list(20, (i) => AHEAD + (i < 8 ? 0 : 15)),
    );
    expect(seen[0]).toMatchObject({ growthMs: 15, isGradual: false });
  });

  test('with holes counts them, and nothing of them', () => {
    const trains = new PacketTrains();
    trains.sent(0, 10, 12_000, 0);
    const { seen, totals } = read(
      trains,
      0,
      list(10, (i) => (i % 5 === 2 ? undefined : AHEAD)),
    );
    expect(seen).toMatchObject([{ received: 8, lost: 2 }]);
    expect(totals).toMatchObject({ received: 8, lost: 2, receivedBytes: 9600, queueMs: 0 });
  });

  test('of which nothing arrived is told by the totals alone', () => {
    const trains = new PacketTrains();
    trains.sent(0, 10, 12_000, 0);
    const { seen, totals } = read(
      trains,
      0,
      list(10, () => undefined),
    );
    expect(seen).toEqual([]);
    expect(totals).toEqual({ received: 0, receivedBytes: 0, lost: 10, queueMs: undefined });
  });
});

test('packets more than 10 ms apart are different trains, and a head counts by itself', () => {
  const trains = new PacketTrains();
  trains.sent(0, 12, 14_400, 0);
  trains.sent(12, 12, 14_400, 33);
  trains.sent(24, HEAD_PACKETS + 10, 50_000, 66);
  const arrivals = [...list(12, () => AHEAD), ...list(12, () => AHEAD + 33), ...list(42, () => AHEAD + 66)];
  const { seen } = read(trains, 0, arrivals);
  expect(seen.map(({ received }) => received)).toEqual([12, 12, HEAD_PACKETS, 10]);
});

test('a train of which little comes between two feedbacks is told when it is long enough, and no sooner', () => {
  const trains = new PacketTrains();
  trains.sent(0, 12, 14_400, 0);
  // 1,200 bytes each 20 ms: 480 kbit/s.
  const part = (from: number, packets: number) =>
    read(
      trains,
      from,
      list(packets, (i) => AHEAD + 20 * (from + i)),
    ).seen;
  expect([part(0, 3), part(3, 4)]).toEqual([[], []]);
  expect(part(7, 3)).toMatchObject([{ received: 10, growthMs: 180, isGradual: true, queueMs: 180 }]);
  expect(part(10, 2)).toEqual([]);
  // What is left of it tells little, and has ended.
  trains.sent(12, 8, 9600, 50);
  const arrivals = list(8, () => AHEAD + 300);
  expect(read(trains, 12, arrivals).seen.map(({ received }) => received)).toEqual([2, 8]);
});

test('feedback that another has overtaken is a train of its own', () => {
  const trains = new PacketTrains();
  for (let i = 0; i < 24; i++) trains.sent(i, 1, 1200, 10 * i);
  // 2 Mbit/s: 4.8 ms each.
  const part = (from: number, packets: number) =>
    read(
      trains,
      from,
      list(packets, (i) => AHEAD + 240 + 4.75 * (from + i)),
    ).seen;
  part(0, 8);
  const swapped = [...part(18, 6), ...part(8, 10)];
  for (const { deliveredBps } of swapped) expect(deliveredBps).toBeLessThan(2.1e6);
});

test('a stall of the receiver in a train of two feedbacks is no rate of the path', () => {
  const trains = new PacketTrains();
  trains.sent(0, 24, 28_800, 0);
  read(trains, 0, [AHEAD, AHEAD, AHEAD]);
  const rest = list(21, (i) => (i < 10 ? undefined : AHEAD + 1000 + i / 4));
  const [train] = read(trains, 3, rest).seen;
  expect(train).toMatchObject({ received: 14, lost: 10, isGradual: false });
  expect(train?.deliveredBps).toBeGreaterThan(10e6);
  // A path of 32 kbit/s takes 300 ms for each, and radio holds up what it likes for less than that.
  trains.sent(24, 8, 9600, 20_000);
  const slow = list(8, (i) => AHEAD + 20_000 + 300 * i);
  expect(read(trains, 24, slow).seen.at(-1)?.deliveredBps).toBeCloseTo(32_000, -3);
  trains.sent(32, 8, 9600, 30_000);
  const held = list(8, (i) => AHEAD + 30_000 + (i < 4 ? 0 : 100));
  expect(read(trains, 32, held).seen.at(-1)?.deliveredBps).toBeCloseTo(672_000, -3);
});

test('a train ends where the path does', () => {
  const trains = new PacketTrains();
  trains.sent(0, 3, 3600, 0);
  read(trains, 0, [AHEAD, AHEAD, AHEAD]);
  trains.pathChanged();
  trains.sent(3, 8, 9600, 5);
  const { seen } = read(
    trains,
    3,
    list(8, () => AHEAD + 500),
  );
  expect(seen).toMatchObject([{ received: 8, growthMs: 0 }]);
});

test('a packet counts once, in the feedback that names it first', () => {
  const trains = new PacketTrains();
  trains.sent(0, 10, 12_000, 0);
  const missesOne = [AHEAD, undefined, AHEAD];
  expect(read(trains, 0, missesOne).totals).toMatchObject({ received: 2, lost: 1 });
  expect(read(trains, 0, missesOne).totals).toMatchObject({ received: 0, lost: 0 });
  const rest = list(10, (i) => (i === 1 ? undefined : AHEAD + 40));
  expect(read(trains, 0, rest).totals).toMatchObject({ received: 7, lost: 0 });
});

test('what arrives after it was named as missing was late and not lost, and tells nothing of a queue', () => {
  const trains = new PacketTrains();
  trains.sent(0, 3, 3600, 0);
  read(trains, 0, [AHEAD, undefined, AHEAD]);
  trains.sent(3, 8, 9600, 60);
  const { seen, totals } = read(trains, 1, [AHEAD + 30, AHEAD, ...list(8, () => AHEAD + 60)]);
  expect(totals).toEqual({ received: 9, receivedBytes: 10_800, lost: -1, queueMs: 0 });
  expect(seen).toMatchObject([
    { received: 2, lost: 1 },
    { received: 8, lost: 0 },
  ]);
  expect(read(trains, 1, [AHEAD + 30]).totals).toMatchObject({ received: 0, lost: 0 });
});

test('what left again with its number after it was named as missing is lost for good', () => {
  const trains = new PacketTrains();
  trains.sent(0, 3, 3600, 0);
  trains.read(
    feedback(0, [AHEAD, undefined, AHEAD]),
    1000,
    () => undefined,
    (seq) => trains.lost(seq),
  );
  expect(read(trains, 1, [AHEAD + 100]).totals).toMatchObject({ received: 0, lost: 0 });
});

test('a packet that left again with its number is lost, whatever arrives under it', () => {
  const trains = new PacketTrains();
  trains.sent(0xffff, 8, 9600, 0);
  trains.lost(0);
  const { seen, totals } = read(trains, 0xffff, [AHEAD, AHEAD + 60, ...list(6, () => AHEAD)]);
  expect(totals).toMatchObject({ received: 7, lost: 1, queueMs: 0 });
  expect(seen[0]).toMatchObject({ received: 7, lost: 1, growthMs: 0 });
  // The number comes round again.
  trains.sent(0, 1, 1200, 100);
  expect(read(trains, 0, [AHEAD + 100]).totals).toMatchObject({ received: 1, lost: 0 });
});

test('names the lost ones by their media sequence numbers, once', () => {
  const trains = new PacketTrains();
  trains.sent(0, 3, 3600, 7, 0xffff);
  trains.sent(3, 1, 1200, 9, 400);
  const lost: number[][] = [];
  const arrivals = feedback(0, [undefined, AHEAD, undefined, undefined]);
  for (let i = 0; i < 2; i++)
    trains.read(
      arrivals,
      1000,
      () => undefined,
      (...one) => lost.push(one),
    );
  expect(lost).toEqual([
    [0xffff, 7],
    [1, 7],
    [400, 9],
  ]);
});

test('the empty delay is forgotten after ten to twenty seconds, because clocks drift', () => {
  const trains = new PacketTrains();
  const delayAt = (seq: number, nowMs: number, delayMs: number): number | undefined => {
    trains.sent(seq, 1, 1200, nowMs);
    return read(trains, seq, [AHEAD + nowMs + delayMs], nowMs).totals.queueMs;
  };
  expect(delayAt(0, 0, 0)).toBe(0);
  expect(delayAt(1, 5000, 7)).toBe(7);
  expect(delayAt(2, 12_000, 7)).toBe(7);
  expect(delayAt(3, 23_000, 7)).toBe(0);
});

test('a longer path is no queue, once it is known to be another one', () => {
  const trains = new PacketTrains();
  const delaysAt = (seq: number, nowMs: number, delaysMs: readonly number[]): FeedbackTotals =>
    read(
      trains,
      seq,
      delaysMs.map((delayMs) => AHEAD + nowMs + delayMs),
      nowMs,
    ).totals;
  trains.sent(0, 1, 1200, 0);
  delaysAt(0, 0, [20]);
  // Feedback on this one, which left by the old path, comes after the move.
  trains.sent(1, 1, 1200, 100);
  trains.pathChanged();
  trains.sent(2, 1, 1200, 100);
  expect(delaysAt(1, 100, [20, 220])).toEqual({ received: 1, receivedBytes: 1200, lost: 0, queueMs: 0 });
  trains.sent(3, 1, 1200, 200);
  expect(delaysAt(3, 200, [225]).queueMs).toBe(5);
});

test('whatever a receiver writes, the totals are within what was sent', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(0xffff), fc.integer({ min: 1, max: 60 }), fc.nat(50)), { maxLength: 30 }),
      fc.array(
        fc.tuple(fc.nat(0xffff), fc.array(fc.option(fc.integer({ min: -1e6, max: 1e6 })), { maxLength: 80 })),
        { maxLength: 30 },
      ),
      (sends, reports) => {
        const trains = new PacketTrains();
        let nowMs = 0;
        let left = 0;
        let lost = 0;
        for (const [seq, packets, waitMs] of sends) {
          nowMs += waitMs;
          left += packets;
          trains.sent(seq, packets, packets * 1200, nowMs);
        }
        for (const [seq, arrivals] of reports) {
          const { seen, totals } = read(
            trains,
            seq,
            arrivals.map((ms) => ms ?? undefined),
            nowMs,
          );
          left -= totals.received + totals.lost;
          lost += totals.lost;
          expect(left).toBeGreaterThanOrEqual(0);
          expect(lost).toBeGreaterThanOrEqual(0);
          for (const train of seen) expect(train.deliveredBps).toBeGreaterThanOrEqual(0);
        }
      },
    ),
    timeBox,
  );
});
