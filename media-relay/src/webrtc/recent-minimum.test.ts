import { expect, test } from 'vitest';
import { RecentMinimum } from './recent-minimum.ts';

test('is infinite while nothing was seen, then the least of it', () => {
  const minimum = new RecentMinimum(10);
  minimum.rotate(1_000);
  expect(minimum.value).toBe(Infinity);
  const seen = [7, 3, 9].map((value) => {
    minimum.see(value);
    return minimum.value;
  });
  expect(seen).toEqual([7, 3, 3]);
});

test('forgets when the window after the one in which it was seen is over, and not before', () => {
  const minimum = new RecentMinimum(10);
  minimum.rotate(1_000);
  minimum.see(3);
  const values = [1_009, 1_010, 1_019, 1_020].map((nowMs) => {
    minimum.rotate(nowMs);
    minimum.see(5);
    return minimum.value;
  });
  expect(values).toEqual([3, 3, 3, 5]);
});

test('is infinite again when two windows brought nothing', () => {
  const minimum = new RecentMinimum(10);
  minimum.rotate(1_000);
  minimum.see(3);
  for (const nowMs of [1_010, 1_020]) minimum.rotate(nowMs);
  expect(minimum.value).toBe(Infinity);
});
