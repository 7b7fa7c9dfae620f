import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { timeBox } from '../testing/time-box.ts';
import { BitReader } from './bit-reader.ts';
import { ProtocolError } from './protocol-error.ts';

describe('BitReader', () => {
  it('reads fixed-length fields across bytes', () => {
    const reader = new BitReader(Uint8Array.of(0b1010_0101, 0xff, 0x12, 0x34, 0x56, 0x78));
    expect(reader.bits(3)).toBe(0b101);
    expect(reader.bits(0)).toBe(0);
    expect(reader.bits(13)).toBe(0b0_0101_1111_1111);
    expect(reader.bits(32)).toBe(0x12345678);
  });

  it('reads Exp-Golomb codes (9.1, tables 9-2 and 9-3)', () => {
    // 1 010 011 00100 | 1 010 011 00100
    const bits = '1010011001001010011001000000000';
    const bytes = Uint8Array.from(bits.match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2));
    const reader = new BitReader(bytes);
    expect([reader.ue(), reader.ue(), reader.ue(), reader.ue()]).toEqual([0, 1, 2, 3]);
    expect([reader.se(), reader.se(), reader.se()]).toEqual([0, 1, -1]);
  });

  it('steps over emulation prevention, also twice in a row', () => {
    const reader = new BitReader(Uint8Array.of(0, 0, 3, 1, 0, 0, 3, 0, 0, 3, 2));
    expect(Array.from({ length: 8 }, () => reader.bits(8))).toEqual([0, 0, 1, 0, 0, 0, 0, 2]);
    expect(() => reader.flag()).toThrow(expect.objectContaining({ code: 'BITS_OVERRUN' }));
  });

  it('rejects a code of more than 31 leading zeros', () => {
    const reader = new BitReader(new Uint8Array(8));
    expect(() => reader.ue()).toThrow(expect.objectContaining({ code: 'BITS_BAD_EXP_GOLOMB' }));
  });

  it('answers or throws ProtocolError for any bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }),
        fc.array(fc.constantFrom('ue', 'se', 'flag', 'bits'), { maxLength: 60 }),
        (bytes, reads) => {
          const reader = new BitReader(bytes);
          try {
            for (const read of reads) {
              const value = read === 'bits' ? reader.bits(32) : Number(reader[read]());
              expect(Number.isSafeInteger(value)).toBe(true);
            }
          } catch (error) {
            if (!(error instanceof ProtocolError)) throw error;
          }
        },
      ),
      timeBox,
    );
  });
});
