import { expect, test } from 'vitest';
import { median, percentile, round, slope } from './stats.ts';

test('percentiles are values of the sample, by nearest rank', () => {
  const values = [5, 1, 4, 2, 3];
  expect(median(values)).toBe(3);
  expect(percentile(values, 0.95)).toBe(5);
  expect(percentile(values, 0)).toBe(1);
  expect(percentile([], 0.5)).toBeNaN();
});

test('the slope ignores the offset', () => {
  expect(
    slope([
      [0, 100],
      [10, 120],
      [20, 140],
    ]),
  ).toBe(2);
});

test('rounding keeps the digits asked for', () => {
  expect(round(1.2345, 2)).toBe(1.23);
});
