import { expect, test } from 'vitest';

import { explainedCores, fitMediaCost } from './fit.ts';

const rich = { framesPerSecond: 300, packetsPerSecond: 4000 };
const poor = { framesPerSecond: 600, packetsPerSecond: 1200 };
const rate = (load: typeof rich, cost: Parameters<typeof explainedCores>[0]) => ({
  ...load,
  cores: explainedCores(cost, load),
});

test('costs that made both loads are found again', () => {
  const cost = { usPerFrame: 21, usPerPacket: 2.5 };
  const found = fitMediaCost(rate(rich, cost), rate(poor, cost));
  expect(found.usPerFrame).toBeCloseTo(21, 6);
  expect(found.usPerPacket).toBeCloseTo(2.5, 6);
});

test.each([
  ['a negative cost per picture', { usPerFrame: -3, usPerPacket: 5 }],
  ['a negative cost per packet', { usPerFrame: 80, usPerPacket: -1 }],
])('%s is none, and the richer load is still explained', (_, cost) => {
  const load = rate(rich, cost);
  const found = fitMediaCost(load, rate(poor, cost));
  expect(Math.min(found.usPerFrame, found.usPerPacket)).toBe(0);
  expect(explainedCores(found, rich)).toBeCloseTo(load.cores, 9);
});

test('a load that used less than nothing costs nothing', () => {
  expect(fitMediaCost({ ...rich, cores: -1 }, { ...poor, cores: -1 })).toEqual({
    usPerFrame: 0,
    usPerPacket: 0,
  });
});
