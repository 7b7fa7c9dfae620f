import { expect, test } from 'vitest';
import { Link } from './link.ts';
import { seededRandom } from './random.ts';

test('a delay is added, nothing is lost', () => {
  const link = new Link({ delayMs: 20 }, seededRandom(1));
  expect([0, 1, 2].map((nowMs) => link.arrivalMs(1000, nowMs))).toEqual([20, 21, 22]);
  expect(link.lost).toBe(0);
});

function lossesOf4000(): boolean[] {
  const link = new Link({ lossRatio: 0.05 }, seededRandom(7));
  return Array.from({ length: 4000 }, (_, nowMs) => link.arrivalMs(1000, nowMs) === undefined);
}

test('loss has its ratio and is the same in every run', () => {
  const lost = lossesOf4000();
  expect(lossesOf4000()).toEqual(lost);
  const ratio = lost.filter(Boolean).length / lost.length;
  expect(ratio).toBeGreaterThan(0.04);
  expect(ratio).toBeLessThan(0.06);
});

test('a rate spaces datagrams out, and the queue drops its tail', () => {
  // 972 + 28 bytes at 8 Mbit/s: one millisecond each; the queue holds two.
  const link = new Link({ rateBps: 8_000_000, queueBytes: 2000 }, seededRandom(1));
  expect([0, 0, 0].map((nowMs) => link.arrivalMs(972, nowMs))).toEqual([1, 2, undefined]);
  expect(link.arrivalMs(972, 1)).toBe(3);
  expect(link.droppedByQueue).toBe(1);
});

test('a reordered datagram comes after its successor', () => {
  const random = [0.9, 0, 0.9, 0.9];
  const link = new Link({ reorderRatio: 0.5, reorderMs: 5 }, () => random.shift() ?? 1);
  expect([link.arrivalMs(100, 0), link.arrivalMs(100, 1)]).toEqual([5, 1]);
});
