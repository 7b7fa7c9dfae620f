import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { timeBox } from '../testing/time-box.ts';
import { SequenceUnwrapper, TimestampUnwrapper, nextSequence, sequenceSteps } from './sequence.ts';

describe('sequence numbers', () => {
  it('counts steps the short way round', () => {
    expect(sequenceSteps(65_535, 0)).toBe(1);
    expect(sequenceSteps(0, 65_535)).toBe(-1);
    expect(sequenceSteps(10, 10)).toBe(0);
    expect(sequenceSteps(0, 32_767)).toBe(32_767);
    expect(nextSequence(65_535)).toBe(0);
  });

  it('unwraps past 2^16, late ones in their own place', () => {
    const unwrapper = new SequenceUnwrapper();
    expect([65_534, 1, 65_535, 0, 2].map((n) => unwrapper.unwrap(n))).toEqual([
      65_534, 65_537, 65_535, 65_536, 65_538,
    ]);
  });
});

describe('TimestampUnwrapper', () => {
  it('goes on past 2^32 and back', () => {
    const unwrapper = new TimestampUnwrapper();
    const start = 2 ** 32 - 3000;
    expect(unwrapper.unwrap(start)).toBe(start);
    expect(unwrapper.unwrap(600)).toBe(start + 3600);
    expect(unwrapper.unwrap(2 ** 32 - 1200)).toBe(start + 1800);
    expect(unwrapper.peek(4200)).toBe(start + 7200);
  });

  it('restores any walk of steps below 2^31', () => {
    fc.assert(
      fc.property(
        fc.nat(2 ** 32 - 1),
        fc.array(fc.integer({ min: -(2 ** 31) + 1, max: 2 ** 31 - 1 }), { maxLength: 40 }),
        (start, steps) => {
          const unwrapper = new TimestampUnwrapper();
          unwrapper.unwrap(start);
          let value = start;
          for (const step of steps) {
            value += step;
            const wrapped = ((value % 2 ** 32) + 2 ** 32) % 2 ** 32;
            expect(unwrapper.unwrap(wrapped)).toBe(value);
          }
        },
      ),
      timeBox,
    );
  });
});
