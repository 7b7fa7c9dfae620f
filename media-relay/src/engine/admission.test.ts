import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  MAX_CONNECTING,
  overCapacity,
  overCapacityReasons,
  overCapacitySentence,
  retryAfterSeconds,
  type AdmissionFacts,
  type AdmissionLimits,
} from './admission.ts';

const limits: AdmissionLimits = { viewers: 100, bitrateBps: 100_000_000, memoryShare: 0.9 };
const calm: AdmissionFacts = {
  streamViewers: 4,
  maxStreamViewers: 5,
  streamBitrateBps: 4_000_000,
  hostViewers: 20,
  hostBitrateBps: 80_000_000,
  wasBitrateFull: false,
  connecting: 0,
  isThreadBusy: false,
  isMemoryFull: false,
};

describe('overCapacity', () => {
  test.each([
    [{}, undefined],
    [{ streamViewers: 5 }, 'stream-viewers'],
    [{ streamViewers: 5000, maxStreamViewers: undefined }, undefined],
    [{ maxStreamViewers: 0, streamViewers: 0 }, 'stream-viewers'],
    [{ hostViewers: 99 }, undefined],
    [{ hostViewers: 100 }, 'host-viewers'],
    [{ hostBitrateBps: 96_000_000 }, undefined],
    [{ hostBitrateBps: 96_000_001 }, 'host-bitrate'],
    // Once full, there must be room for it below 95 %.
    [{ hostBitrateBps: 92_000_000, wasBitrateFull: true }, 'host-bitrate'],
    [{ hostBitrateBps: 91_000_000, wasBitrateFull: true }, undefined],
    [{ connecting: MAX_CONNECTING }, 'connecting'],
    [{ isThreadBusy: true }, 'event-loop'],
    [{ isMemoryFull: true }, 'memory'],
    // The limit that the operator set for this stream says more than what the host feels.
    [{ streamViewers: 5, hostViewers: 100, isMemoryFull: true, isThreadBusy: true }, 'stream-viewers'],
  ] satisfies [Partial<AdmissionFacts>, string | undefined][])('%j -> %s', (facts, reason) => {
    expect(overCapacity({ ...calm, ...facts }, limits)).toBe(reason);
  });

  test('without a bit rate limit, no rate is too much', () => {
    const facts = { ...calm, hostBitrateBps: 1e12, wasBitrateFull: true };
    expect(overCapacity(facts, { ...limits, bitrateBps: undefined })).toBeUndefined();
  });
});

test('those who were refused together come back spread over the time once more', () => {
  for (const reason of overCapacityReasons) {
    const soonest = retryAfterSeconds(reason, () => 0);
    const latest = retryAfterSeconds(reason, () => 0.999_999);
    expect(soonest).toBeGreaterThanOrEqual(1);
    expect(latest).toBe(2 * soonest);
    fc.assert(
      fc.property(fc.double({ min: 0, max: 0.999_999, noNaN: true }), (random) => {
        const seconds = retryAfterSeconds(reason, () => random);
        expect(Number.isInteger(seconds)).toBe(true);
        expect(seconds).toBeGreaterThanOrEqual(soonest);
        expect(seconds).toBeLessThanOrEqual(latest);
      }),
      { numRuns: 50 },
    );
    expect(overCapacitySentence(reason)).toMatch(/^(The|This|Too many) .*\.$/);
  }
});
