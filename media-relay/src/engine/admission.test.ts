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
  streamSent: { sentBps: 16_000_000, limitBps: 20_000_000, wasFull: false },
  hostViewers: 20,
  hostSent: { sentBps: 80_000_000, limitBps: 100_000_000, wasFull: false },
  connecting: 0,
  isThreadBusy: false,
  isMemoryFull: false,
};

const host = (sentBps: number, wasFull = false): Partial<AdmissionFacts> => ({
  hostSent: { sentBps, limitBps: 100_000_000, wasFull },
});
const stream = (sentBps: number, wasFull = false): Partial<AdmissionFacts> => ({
  streamSent: { sentBps, limitBps: 20_000_000, wasFull },
});

describe('overCapacity', () => {
  test.each([
    [{}, undefined],
    [{ streamViewers: 5 }, 'stream-viewers'],
    [{ streamViewers: 5000, maxStreamViewers: undefined }, undefined],
    [{ maxStreamViewers: 0, streamViewers: 0 }, 'stream-viewers'],
    [{ hostViewers: 99 }, undefined],
    [{ hostViewers: 100 }, 'host-viewers'],
    [host(96_000_000), undefined],
    [host(96_000_001), 'host-bitrate'],
    [stream(16_000_001), 'stream-bitrate'],
    // Once full, there must be room for it below 95 %.
    [host(92_000_000, true), 'host-bitrate'],
    [host(91_000_000, true), undefined],
    [stream(15_100_000, true), 'stream-bitrate'],
    [stream(15_000_000, true), undefined],
    [{ ...stream(16_000_001), ...host(96_000_001), hostViewers: 100 }, 'stream-bitrate'],
    [{ connecting: MAX_CONNECTING }, 'connecting'],
    [{ isThreadBusy: true }, 'event-loop'],
    [{ isMemoryFull: true }, 'memory'],
    // The limit that the operator set for this stream says more than what the host feels.
    [{ streamViewers: 5, hostViewers: 100, isMemoryFull: true, isThreadBusy: true }, 'stream-viewers'],
  ] satisfies [Partial<AdmissionFacts>, string | undefined][])('%j -> %s', (facts, reason) => {
    expect(overCapacity({ ...calm, ...facts }, limits)).toBe(reason);
  });

  test('without a bit rate limit, no rate is too much', () => {
    const unlimited = { sentBps: 1e12, limitBps: undefined, wasFull: true };
    expect(overCapacity({ ...calm, streamSent: unlimited, hostSent: unlimited }, limits)).toBeUndefined();
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
