import { expect, test } from 'vitest';
import { nearestMoment, reachMs } from './nearest.ts';

const times = [10_000, 70_000, 130_000];
const nowMs = 190_000;

test.each([
  [10_000, 10_000],
  [39_000, 10_000],
  [41_000, 70_000],
  [0, 10_000],
  [150_000, 130_000],
  // The live picture is nearer.
  [161_000, undefined],
  [190_000, undefined],
  [250_000, undefined],
])('at %d it is %j', (atMs, expected) => {
  expect(nearestMoment(times, atMs, nowMs, 120_000)).toBe(expected);
});

test('one that is too far away stands for nothing', () => {
  expect(nearestMoment([10_000], 100_000, 1e9, 60_000)).toBeUndefined();
  expect(nearestMoment([], 100_000, 1e9, 60_000)).toBeUndefined();
});

test.each([
  [5, 60_000],
  [60, 120_000],
  [86_400, 900_000],
])('kept every %d s, it may be %d ms away', (everySeconds, expected) => {
  expect(reachMs(everySeconds)).toBe(expected);
});
