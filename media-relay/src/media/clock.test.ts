import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

import { expect, test } from 'vitest';

import { clockOf, fromUnixMs, systemClock, toUnixMs } from './clock.ts';

test('the clock runs on through a step of the system time, and its moments are told by the new one', () => {
  let monotonicMs = 1_000;
  let stepMs = 0;
  // The system tells whole milliseconds.
  const clock = clockOf(
    () => monotonicMs,
    () => Math.floor(monotonicMs + stepMs),
  );
  monotonicMs = 1_000.75;
  expect([clock(), toUnixMs(1_000.5, clock)]).toEqual([1_000.75, 1_000.5]);
  stepMs = -60_000;
  expect([clock(), toUnixMs(60_900.25, clock)]).toEqual([1_000.75, 899.5]);
  expect(fromUnixMs(toUnixMs(70_000, clock), clock)).toBe(70_000);
  // The same moment stays the same, whatever fraction of a millisecond it is looked at.
  monotonicMs = 1_001.25;
  expect(toUnixMs(60_900.25, clock)).toBe(899.5);
  stepMs = 0;
  expect(Math.abs(toUnixMs(1_000.5, clock) - 1_000.5)).toBeLessThan(1);
});

test('a clock of a test is Unix time', () => {
  expect([toUnixMs(5, () => 7), fromUnixMs(5, () => 7)]).toEqual([5, 5]);
});

test('the system agrees with itself while nobody sets it', () => {
  expect(Math.abs(toUnixMs(systemClock(), systemClock) - Date.now())).toBeLessThan(50);
});

test('a thread that begins later counts from the start of the process, so its moments are those of the main thread', async () => {
  const code = "require('node:worker_threads').parentPort.postMessage(performance.timeOrigin)";
  const worker = new Worker(code, { eval: true });
  const [timeOrigin] = (await once(worker, 'message')) as [number];
  // To the last digit: one that was worked out anew would differ by what the system's clock was set since.
  expect(timeOrigin).toBe(performance.timeOrigin);
  await worker.terminate();
});
