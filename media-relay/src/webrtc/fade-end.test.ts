import { describe, expect, test } from 'vitest';
import { FadeEnd } from './fade-end.ts';

const WIDE = 100e6;
const FADED = 0.5e6;

/** A path that nothing limited for ten seconds, and then a fade. */
function faded(): FadeEnd {
  const fadeEnd = new FadeEnd(0);
  fadeEnd.trouble(undefined, 10_000);
  return fadeEnd;
}

describe('after a fade', () => {
  test('what arrives many times faster is believed, by four times in each 200 ms', () => {
    const fadeEnd = faded();
    expect(fadeEnd.leap(WIDE, FADED, 10_299)).toBeUndefined();
    expect(fadeEnd.leap(WIDE, FADED, 10_300)).toBe(4 * FADED);
    expect(fadeEnd.leap(WIDE, 4 * FADED, 10_499)).toBeUndefined();
    expect(fadeEnd.leap(WIDE, 4 * FADED, 10_500)).toBe(16 * FADED);
    expect(fadeEnd.leap(10 * FADED, FADED, 10_700)).toBe(4 * FADED);
  });

  test('what is only a little faster is tried', () => {
    expect(faded().leap(7.9 * FADED, FADED, 11_000)).toBeUndefined();
  });

  test('no more than the path was known to carry before', () => {
    const fadeEnd = new FadeEnd(0);
    fadeEnd.trouble(1e6, 10_000);
    expect(fadeEnd.leap(WIDE, FADED, 10_300)).toBe(1e6);
    expect(fadeEnd.leap(WIDE, 1e6, 10_500)).toBeUndefined();
  });

  test('trouble that goes on forgets nothing of what was before it', () => {
    const fadeEnd = faded();
    for (let nowMs = 10_100; nowMs <= 20_000; nowMs += 100) fadeEnd.trouble(FADED, nowMs);
    expect(fadeEnd.leap(WIDE, FADED, 20_300)).toBe(4 * FADED);
  });
});

describe('what has not held is not believed', () => {
  test('of a path that was never without trouble for two seconds', () => {
    const fadeEnd = new FadeEnd(0);
    for (let nowMs = 100; nowMs < 60_000; nowMs += 1999)
      fadeEnd.trouble(nowMs === 100 ? undefined : FADED, nowMs);
    expect(fadeEnd.leap(WIDE, FADED, 61_000)).toBeUndefined();
  });

  test('once trouble has followed a leap: a shaper lets short bursts through', () => {
    const fadeEnd = faded();
    expect(fadeEnd.leap(WIDE, FADED, 10_300)).toBe(4 * FADED);
    fadeEnd.trouble(4 * FADED, 12_299);
    expect(fadeEnd.leap(WIDE, FADED, 13_000)).toBeUndefined();
    // It has carried twice that for two seconds since.
    fadeEnd.trouble(2 * FADED, 14_300);
    expect(fadeEnd.leap(WIDE, FADED, 15_000)).toBe(2 * FADED);
  });

  test('of another path', () => {
    const fadeEnd = faded();
    fadeEnd.pathChanged(10_100);
    expect(fadeEnd.leap(WIDE, FADED, 11_000)).toBeUndefined();
    fadeEnd.trouble(undefined, 12_050);
    expect(fadeEnd.leap(WIDE, FADED, 13_000)).toBeUndefined();
  });
});
