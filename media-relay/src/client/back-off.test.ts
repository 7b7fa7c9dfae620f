import { expect, test } from 'vitest';
import { retryDelayMs } from './back-off.ts';

const lowest = () => 0;
const highest = () => 0.999_999;

test('doubles from half a second to thirty seconds, and never leaves these bounds', () => {
  expect([1, 2, 3, 4, 5, 6, 7, 50, 5000].map((failures) => retryDelayMs(failures, lowest))).toEqual([
    500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000, 15_000,
  ]);
  expect([1, 2, 3, 4, 5, 6, 7, 50, 5000].map((failures) => retryDelayMs(failures, highest))).toEqual([
    1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000, 30_000,
  ]);
});

test('never asks again before Retry-After, and spreads those who were told the same', () => {
  expect(retryDelayMs(1, lowest, 7000)).toBe(7000);
  expect(retryDelayMs(1, highest, 7000)).toBe(8400);
  expect(retryDelayMs(9, highest, 1000)).toBe(30_000);
});
