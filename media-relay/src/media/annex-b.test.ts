import { describe, expect, it } from 'vitest';
import { splitAnnexB } from './annex-b.ts';

describe('splitAnnexB', () => {
  it('splits at start codes of three and four bytes and leaves out trailing zeros', () => {
    const bytes = Uint8Array.of(9, 0, 0, 0, 1, 0x67, 0, 3, 0, 0, 1, 0x68, 5, 0, 0, 0, 1, 0, 0, 1, 0x65, 0, 0);
    expect(splitAnnexB(bytes).map((nal) => [...nal])).toEqual([[0x67, 0, 3], [0x68, 5], [0x65]]);
  });

  it('finds nothing without a start code', () => {
    expect(splitAnnexB(new Uint8Array(10))).toEqual([]);
  });
});
