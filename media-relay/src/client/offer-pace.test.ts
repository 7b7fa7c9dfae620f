import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { timeBox } from '../testing/time-box.ts';
import { OfferPace } from './offer-pace.ts';

const highest = () => 0.999_999;

test('spaces offers while the relay answers, and far apart while it does not', () => {
  const pace = new OfferPace(40, highest);
  expect(pace.waitMs(1000)).toBe(0);
  pace.took(1000);
  expect(pace.waitMs(1010)).toBe(30);
  expect(pace.answered('dock', 1020)).toBe(false);
  expect(pace.waitMs(1040)).toBe(0);

  const gapsMs = [0, 1, 2, 3, 4].map((failures) => {
    const nowMs = 10_000 * (failures + 1);
    pace.took(nowMs);
    pace.failed('dock', nowMs);
    return Math.round(pace.waitMs(nowMs));
  });
  expect(gapsMs).toEqual([500, 1000, 2000, 2000, 2000]);
  expect(pace.answered('dock', 60_000)).toBe(true);
  expect(pace.waitMs(60_000)).toBe(40);
});

test('nobody of the page asks before Retry-After', () => {
  const pace = new OfferPace(40, () => 0);
  pace.failed('dock', 0, 5000);
  expect(pace.waitMs(4999)).toBe(1);
  pace.failed('gate', 100);
  expect(pace.waitMs(4999)).toBe(1);
  expect(pace.waitMs(5000)).toBe(0);
});

test('no Retry-After closes the page for more than half a minute', () => {
  const pace = new OfferPace(40, () => 0);
  pace.failed('dock', 0, 600_000);
  expect(pace.waitMs(0)).toBe(25_000);
});

test('the relay is back when it answers a stream that it did not, and answered nobody in between', () => {
  const pace = new OfferPace(40, () => 0);
  for (const stream of ['dock', 'gate', 'roof']) pace.failed(stream, 0);
  expect([pace.answered('gate', 100), pace.answered('dock', 200)]).toEqual([true, false]);
  // One camera's proxy fails, whatever the others are told.
  for (let nowMs = 1000; nowMs < 10_000; nowMs += 1000) {
    for (let failures = 0; failures < 4; failures++) pace.failed('roof', nowMs);
    expect(pace.answered('gate', nowMs)).toBe(false);
    expect(pace.waitMs(nowMs)).toBe(40);
  }
});

test('40 tiles of a dead relay ask at most once in 1.5 s together', () => {
  const property = fc.property(fc.double({ min: 0, max: 0.999, noNaN: true }), (random) => {
    const pace = new OfferPace(40, () => random);
    const offersMs: number[] = [];
    for (let nowMs = 0; nowMs < 60_000; nowMs += 10) {
      if (pace.waitMs(nowMs) > 0) continue;
      offersMs.push(nowMs);
      pace.took(nowMs);
      pace.failed('dock', nowMs);
    }
    expect(offersMs.filter((atMs) => atMs > 10_000).length).toBeLessThanOrEqual(34);
  });
  fc.assert(property, timeBox);
});
