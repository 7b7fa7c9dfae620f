import { expect, test } from 'vitest';

import { explainedCores, fitMediaCost } from './fit.ts';
import type { MediaCost } from './model.ts';

const rich = { framesPerSecond: 300, packetsPerSecond: 8700 };
const some = { framesPerSecond: 300, packetsPerSecond: 4500 };
const poor = { framesPerSecond: 600, packetsPerSecond: 1200 };
const loads = [rich, some, poor];
const used = (cost: MediaCost, factors: readonly number[] = [1, 1, 1]) =>
  loads.map((load, at) => ({ ...load, cores: explainedCores(cost, load) * (factors[at] ?? 1) }));

test('costs that made all loads are found again', () => {
  const found = fitMediaCost(used({ usPerFrame: 21, usPerPacket: 2.5 }));
  expect(found.usPerFrame).toBeCloseTo(21, 6);
  expect(found.usPerPacket).toBeCloseTo(2.5, 6);
});

test('what disturbed one load is shared out: no load is missed by as much, wherever it was', () => {
  for (const factors of [
    [1.3, 1, 1],
    [1, 1.3, 1],
    [1, 1, 1.3],
  ]) {
    const measured = used({ usPerFrame: 21, usPerPacket: 2.5 }, factors);
    const found = fitMediaCost(measured);
    const errors = measured.map((load) => Math.abs(explainedCores(found, load) / load.cores - 1));
    expect(Math.max(...errors)).toBeLessThan(0.2);
    expect(found.usPerFrame).toBeGreaterThan(0);
    expect(found.usPerPacket).toBeGreaterThan(0);
  }
});

test.each([
  ['a negative cost per picture', { usPerFrame: -3, usPerPacket: 5 }, 'usPerFrame'],
  ['a negative cost per packet', { usPerFrame: 80, usPerPacket: -1 }, 'usPerPacket'],
] as const)('%s is none, and the other explains the loads as well as it can', (_, cost, which) => {
  const measured = used(cost);
  const found = fitMediaCost(measured);
  expect(found[which]).toBe(0);
  const shares = measured.map((load) => explainedCores(found, load) / load.cores);
  expect(Math.min(...shares)).toBeLessThan(1);
  expect(Math.max(...shares)).toBeGreaterThan(1);
});

test('a load that used less than nothing says nothing, and none at all costs nothing', () => {
  const cost = { usPerFrame: 21, usPerPacket: 2.5 };
  const found = fitMediaCost([...used(cost), { ...rich, cores: -1 }]);
  expect(found.usPerFrame).toBeCloseTo(21, 6);
  expect(fitMediaCost([{ ...rich, cores: -1 }])).toEqual({ usPerFrame: 0, usPerPacket: 0 });
});

test('one load alone is explained by its packets', () => {
  const load = { ...rich, cores: 0.05 };
  expect(explainedCores(fitMediaCost([load]), load)).toBeCloseTo(0.05, 9);
  expect(fitMediaCost([load, load])).toEqual(fitMediaCost([load]));
});
