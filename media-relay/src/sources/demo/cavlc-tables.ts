/**
 * The variable length codes of ITU-T H.264 9.2, as (length, value) pairs packed into `length << 16 | value`.
 * `cavlc.test.ts` shows that each is a complete prefix code; the decoder comparison in camera.test.ts uses them all.
 */
function pack(lengths: readonly number[], values: readonly number[]): Int32Array {
  return Int32Array.from(lengths, (length, index) => (length << 16) | (values[index] ?? 0));
}

/** Table 9-5, index `4 * TotalCoeff + TrailingOnes`; 0 where no code exists. */
const coeffToken0 = pack(
  // prettier-ignore
  [1,0,0,0, 6,2,0,0, 8,6,3,0, 9,8,7,5, 10,9,8,6, 11,10,9,7, 13,11,10,8, 13,13,11,9, 13,13,13,10, 14,14,13,11,
    14,14,14,13, 15,15,14,14, 15,15,15,14, 16,15,15,15, 16,16,16,15, 16,16,16,16, 16,16,16,16],
  // prettier-ignore
  [1,0,0,0, 5,1,0,0, 7,4,1,0, 7,6,5,3, 7,6,5,3, 7,6,5,4, 15,6,5,4, 11,14,5,4, 8,10,13,4, 15,14,9,4,
    11,10,13,12, 15,14,9,12, 11,10,13,8, 15,1,9,12, 11,14,13,8, 7,10,9,12, 4,6,5,8],
);
const coeffToken2 = pack(
  // prettier-ignore
  [2,0,0,0, 6,2,0,0, 6,5,3,0, 7,6,6,4, 8,6,6,4, 8,7,7,5, 9,8,8,6, 11,9,9,6, 11,11,11,7, 12,11,11,9,
    12,12,12,11, 12,12,12,11, 13,13,13,12, 13,13,13,13, 13,14,13,13, 14,14,14,13, 14,14,14,14],
  // prettier-ignore
  [3,0,0,0, 11,2,0,0, 7,7,3,0, 7,10,9,5, 7,6,5,4, 4,6,5,6, 7,6,5,8, 15,6,5,4, 11,14,13,4, 15,10,9,4,
    11,14,13,12, 8,10,9,8, 15,14,13,12, 11,10,9,12, 7,11,6,8, 9,8,10,1, 7,6,5,4],
);
const coeffToken4 = pack(
  // prettier-ignore
  [4,0,0,0, 6,4,0,0, 6,5,4,0, 6,5,5,4, 7,5,5,4, 7,5,5,4, 7,6,6,4, 7,6,6,4, 8,7,7,5, 8,8,7,6,
    9,8,8,7, 9,9,8,8, 9,9,9,8, 10,9,9,9, 10,10,10,10, 10,10,10,10, 10,10,10,10],
  // prettier-ignore
  [15,0,0,0, 15,14,0,0, 11,15,13,0, 8,12,14,12, 15,10,11,11, 11,8,9,10, 9,14,13,9, 8,10,9,8, 15,14,13,13, 11,14,10,12,
    15,10,13,12, 11,14,9,12, 8,10,13,8, 13,7,9,12, 9,12,11,10, 5,8,7,6, 1,4,3,2],
);
/** Six bits each: TotalCoeff - 1 and TrailingOnes, and 000011 for none. */
const coeffToken8 = Int32Array.from({ length: 68 }, (_, index) => {
  const total = index >> 2;
  const ones = index & 3;
  if (total === 0) return ones === 0 ? (6 << 16) | 3 : 0;
  return ones > total ? 0 : (6 << 16) | ((total - 1) << 2) | ones;
});

/** By nC: 0-1, 2-3, 4-7, 8 and more. */
export const coeffTokenByContext: readonly Int32Array[] = [
  ...Array.from({ length: 2 }, () => coeffToken0),
  ...Array.from({ length: 2 }, () => coeffToken2),
  ...Array.from({ length: 4 }, () => coeffToken4),
  ...Array.from({ length: 9 }, () => coeffToken8),
];

export const coeffTokenChromaDc = pack(
  [2, 0, 0, 0, 6, 1, 0, 0, 6, 6, 3, 0, 6, 7, 7, 6, 6, 8, 8, 7],
  [1, 0, 0, 0, 7, 1, 0, 0, 4, 6, 1, 0, 3, 3, 2, 5, 2, 3, 2, 0],
);

/** Tables 9-7 and 9-8: [TotalCoeff][total_zeros]. */
export const totalZeros: readonly Int32Array[] = [
  new Int32Array(0),
  pack([1, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 9], [1, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 1]),
  pack([3, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 6, 6, 6, 6], [7, 6, 5, 4, 3, 5, 4, 3, 2, 3, 2, 3, 2, 1, 0]),
  pack([4, 3, 3, 3, 4, 4, 3, 3, 4, 5, 5, 6, 5, 6], [5, 7, 6, 5, 4, 3, 4, 3, 2, 3, 2, 1, 1, 0]),
  pack([5, 3, 4, 4, 3, 3, 3, 4, 3, 4, 5, 5, 5], [3, 7, 5, 4, 6, 5, 4, 3, 3, 2, 2, 1, 0]),
  pack([4, 4, 4, 3, 3, 3, 3, 3, 4, 5, 4, 5], [5, 4, 3, 7, 6, 5, 4, 3, 2, 1, 1, 0]),
  pack([6, 5, 3, 3, 3, 3, 3, 3, 4, 3, 6], [1, 1, 7, 6, 5, 4, 3, 2, 1, 1, 0]),
  pack([6, 5, 3, 3, 3, 2, 3, 4, 3, 6], [1, 1, 5, 4, 3, 3, 2, 1, 1, 0]),
  pack([6, 4, 5, 3, 2, 2, 3, 3, 6], [1, 1, 1, 3, 3, 2, 2, 1, 0]),
  pack([6, 6, 4, 2, 2, 3, 2, 5], [1, 0, 1, 3, 2, 1, 1, 1]),
  pack([5, 5, 3, 2, 2, 2, 4], [1, 0, 1, 3, 2, 1, 1]),
  pack([4, 4, 3, 3, 1, 3], [0, 1, 1, 2, 1, 3]),
  pack([4, 4, 2, 1, 3], [0, 1, 1, 1, 1]),
  pack([3, 3, 1, 2], [0, 1, 1, 1]),
  pack([2, 2, 1], [0, 1, 1]),
  pack([1, 1], [0, 1]),
];

/** Table 9-9 (a). */
export const totalZerosChromaDc: readonly Int32Array[] = [
  new Int32Array(0),
  pack([1, 2, 3, 3], [1, 1, 1, 0]),
  pack([1, 2, 2], [1, 1, 0]),
  pack([1, 1], [1, 0]),
];

/** Table 9-10: [min(zerosLeft, 7)][run_before]. */
export const runBefore: readonly Int32Array[] = [
  new Int32Array(0),
  pack([1, 1], [1, 0]),
  pack([1, 2, 2], [1, 1, 0]),
  pack([2, 2, 2, 2], [3, 2, 1, 0]),
  pack([2, 2, 2, 3, 3], [3, 2, 1, 1, 0]),
  pack([2, 2, 3, 3, 3, 3], [3, 2, 3, 2, 1, 0]),
  pack([2, 3, 3, 3, 3, 3, 3], [3, 0, 1, 3, 2, 5, 4]),
  pack([3, 3, 3, 3, 3, 3, 3, 4, 5, 6, 7, 8, 9, 10, 11], [7, 6, 5, 4, 3, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1]),
];
