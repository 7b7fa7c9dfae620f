import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { timeBox } from '../testing/time-box.ts';
import { ingestMsOf, pictureAgeMs, RelayClock, rtpDifference, sessionClockFrom } from './relay-clock.ts';

test('the offset comes from the sample with the shortest round trip', () => {
  const clock = new RelayClock();
  expect(clock.offsetMs).toBeUndefined();
  clock.add(1000, 1100, 6090);
  expect(clock.offsetMs).toBe(5040);
  clock.add(2000, 2004, 7002);
  clock.add(3000, 3300, 8290);
  expect(clock.offsetMs).toBe(5000);
});

test('samples are forgotten after a minute, because clocks drift; nonsense is ignored', () => {
  const clock = new RelayClock();
  clock.add(1000, 1002, 6001);
  clock.add(62_000, 62_100, 67_100);
  expect(clock.offsetMs).toBe(5050);
  clock.add(63_000, 62_000, 1);
  clock.add(63_000, 63_000, Number.NaN);
  expect(clock.offsetMs).toBe(5050);
});

test('after sleep, in which the local clock may stand still, the samples before it count no more', () => {
  const clock = new RelayClock();
  clock.add(1000, 1004, 6002);
  const asleepMs = 3_600_000;
  clock.add(5000, 5040, 10_020 + asleepMs);
  expect(clock.offsetMs).toBe(5000 + asleepMs);
});

test('the estimate is wrong by at most half the round trip, however it splits into ways', () => {
  fc.assert(
    fc.property(
      fc.double({ min: -1e12, max: 1e12, noNaN: true }),
      fc.double({ min: 0, max: 2000, noNaN: true }),
      fc.double({ min: 0, max: 2000, noNaN: true }),
      (offsetMs, thereMs, backMs) => {
        const clock = new RelayClock();
        clock.add(5000, 5000 + thereMs + backMs, 5000 + thereMs + offsetMs);
        expect(Math.abs((clock.offsetMs ?? Number.NaN) - offsetMs)).toBeLessThanOrEqual(
          (thereMs + backMs) / 2 + 0.01,
        );
      },
    ),
    timeBox,
  );
});

test('RTP timestamps wrap at 32 bits, forwards and backwards', () => {
  expect(rtpDifference(5, 4_294_967_291)).toBe(10);
  expect(rtpDifference(4_294_967_291, 5)).toBe(-10);
  expect(ingestMsOf(8_990, [4_294_967_286, 1000])).toBe(1100);
  expect(ingestMsOf(4_294_967_286, [8_990, 1100])).toBe(1000);
  fc.assert(
    fc.property(fc.nat(2 ** 31 - 1), fc.nat(2 ** 31 - 1), (base, ticks) => {
      const from = base * 2;
      expect(rtpDifference((from + ticks) % 2 ** 32, from)).toBe(ticks);
    }),
    timeBox,
  );
});

test('the age of a picture counts from its arrival at the relay, in either clock', () => {
  // Relay is 5 s ahead. The marked frame arrived at relay time 20,000; the painted one came 33 1/3 ms later.
  expect(pictureAgeMs(15_060, 93_000, [90_000, 20_000], 5000)).toBeCloseTo(60 - 33.333, 2);
});

test('the mark is a frame of middling lateness, also across the wrap of the timestamps', () => {
  const frames = [
    [4_294_964_296, 1000],
    [4_294_967_296 - 300, 1030],
    [2700, 1150],
    [5700, 1101],
    [8700, 1133],
  ];
  expect(sessionClockFrom(JSON.stringify({ relayMs: 1, frames }))).toEqual({
    relayMs: 1,
    mark: [8700, 1133],
    newestMs: 1150,
  });
});

test('the session clock is read with care', () => {
  expect(sessionClockFrom('{"relayMs":5,"frames":[[3,4]]}')).toEqual({
    relayMs: 5,
    mark: [3, 4],
    newestMs: 4,
  });
  const empty = { relayMs: 5, mark: undefined, newestMs: undefined };
  expect(sessionClockFrom('{"relayMs":5,"frames":[]}')).toEqual(empty);
  expect(sessionClockFrom('{"relayMs":5,"frames":[["a",2],[1],[[1],[2]]]}')).toEqual(empty);
  for (const body of ['', 'null', '[]', '{"relayMs":"5","frames":[]}', '{"relayMs":5}']) {
    expect(sessionClockFrom(body)).toBeUndefined();
  }
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (body) => {
      sessionClockFrom(body);
    }),
    timeBox,
  );
});
