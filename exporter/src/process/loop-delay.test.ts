import { expect, test } from 'vitest';

import { LoopDelay, loopDelayBounds } from './loop-delay.ts';

test('what comes late is counted by how late, and what is in time is not late', () => {
  const delay = new LoopDelay(100);
  // The first one only starts the clock; then in time, early, 30 ms and 1.4 s late.
  for (const atMs of [1000, 1100, 1199, 1329, 2829]) delay.tick(atMs);
  const { counts, sum } = delay.delays;
  expect([...counts]).toEqual([2, 0, 1, 0, 0, 0, 0, 1, 0]);
  expect(counts).toHaveLength(loopDelayBounds.length + 1);
  expect(sum).toBeCloseTo(1.43);
  expect(delay.takeMaxMs()).toBe(1400);
  expect(delay.takeMaxMs()).toBe(0);
});
