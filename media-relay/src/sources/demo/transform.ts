/**
 * Transform and quantisation of ITU-T H.264 8.5 for 4x4 blocks in raster order, and the matching forward direction.
 * Flat scaling only (no scaling matrices), 8 bit samples.
 */

/** Frame zig-zag scan: raster position of each scan index (8.5.6). */
// prettier-ignore
export const zigzag = Uint8Array.of(0, 1, 4, 8, 5, 2, 3, 6, 9, 12, 13, 10, 7, 11, 14, 15);

/** normAdjust of 8.5.9 by QP % 6: corners, centres, the rest; and the forward factors that undo them with the gain. */
const scaleClasses = [
  [10, 16, 13],
  [11, 18, 14],
  [13, 20, 16],
  [14, 23, 18],
  [16, 25, 20],
  [18, 29, 23],
] as const;
const forwardClasses = [
  [13107, 5243, 8066],
  [11916, 4660, 7490],
  [10082, 4194, 6554],
  [9362, 3647, 5825],
  [8192, 3355, 5243],
  [7282, 2893, 4559],
] as const;

// prettier-ignore
const chromaQpAbove29 = Uint8Array.of(29,30,31,32,32,33,34,34,35,35,36,36,37,37,37,38,38,38,39,39,39,39);

/** QPc of QPy with chroma_qp_index_offset 0 (table 8-15). */
export function chromaQp(qp: number): number {
  return qp < 30 ? qp : (chromaQpAbove29[qp - 30] ?? 39);
}

export interface Quantiser {
  readonly qp: number;
  /** Forward multiplier, dequantiser (with the shift by QP / 6) and smallest magnitude that survives, by position. */
  readonly forward: Int32Array;
  readonly inverse: Int32Array;
  readonly threshold: Int32Array;
  readonly shift: number;
  readonly rounding: number;
  /** LevelScale(QP % 6, 0, 0) = 16 * normAdjust. */
  readonly dcScale: number;
  readonly dcShift: number;
}

/** `divisor`: the dead zone; 3 rounds as encoders do for intra blocks. */
export function createQuantiser(qp: number, divisor = 3): Quantiser {
  const remainder = qp % 6;
  const period = Math.floor(qp / 6);
  const shift = 15 + period;
  const rounding = Math.floor(2 ** shift / divisor);
  const forward = new Int32Array(16);
  const inverse = new Int32Array(16);
  const threshold = new Int32Array(16);
  for (let position = 0; position < 16; position++) {
    const odd = (position & 1) + ((position >> 2) & 1);
    const kind = odd === 0 ? 0 : odd === 2 ? 1 : 2;
    const multiplier = forwardClasses[remainder]?.[kind] ?? 0;
    forward[position] = multiplier;
    inverse[position] = (scaleClasses[remainder]?.[kind] ?? 0) << period;
    threshold[position] = Math.ceil((2 ** shift - rounding) / multiplier);
  }
  const dcScale = 16 * (scaleClasses[remainder]?.[0] ?? 0);
  return { qp, forward, inverse, threshold, shift, rounding, dcScale, dcShift: period };
}

/** The core transform of a 4x4 residual in place, at `at`. */
export function forward4x4(block: Int32Array, at: number): void {
  for (let row = at; row < at + 16; row += 4) {
    const a = block[row] ?? 0;
    const b = block[row + 1] ?? 0;
    const c = block[row + 2] ?? 0;
    const d = block[row + 3] ?? 0;
    block[row] = a + d + b + c;
    block[row + 1] = 2 * (a - d) + b - c;
    block[row + 2] = a + d - b - c;
    block[row + 3] = a - d - 2 * (b - c);
  }
  for (let column = at; column < at + 4; column++) {
    const a = block[column] ?? 0;
    const b = block[column + 4] ?? 0;
    const c = block[column + 8] ?? 0;
    const d = block[column + 12] ?? 0;
    block[column] = a + d + b + c;
    block[column + 4] = 2 * (a - d) + b - c;
    block[column + 8] = a + d - b - c;
    block[column + 12] = a - d - 2 * (b - c);
  }
}

/** 8.5.12.2, in place and without the final rounding shift. */
export function inverse4x4(block: Int32Array, at: number): void {
  for (let row = at; row < at + 16; row += 4) {
    const a = block[row] ?? 0;
    const b = block[row + 1] ?? 0;
    const c = block[row + 2] ?? 0;
    const d = block[row + 3] ?? 0;
    const even = a + c;
    const evenDifference = a - c;
    const oddDifference = (b >> 1) - d;
    const odd = b + (d >> 1);
    block[row] = even + odd;
    block[row + 1] = evenDifference + oddDifference;
    block[row + 2] = evenDifference - oddDifference;
    block[row + 3] = even - odd;
  }
  for (let column = at; column < at + 4; column++) {
    const a = block[column] ?? 0;
    const b = block[column + 4] ?? 0;
    const c = block[column + 8] ?? 0;
    const d = block[column + 12] ?? 0;
    const even = a + c;
    const evenDifference = a - c;
    const oddDifference = (b >> 1) - d;
    const odd = b + (d >> 1);
    block[column] = even + odd;
    block[column + 4] = evenDifference + oddDifference;
    block[column + 8] = evenDifference - oddDifference;
    block[column + 12] = even - odd;
  }
}

/** The 4x4 Hadamard transform of 8.5.10, which is its own inverse up to a factor of 16. In place. */
export function hadamard4x4(block: Int32Array): void {
  for (let row = 0; row < 16; row += 4) butterfly(block, row, 1);
  for (let column = 0; column < 4; column++) butterfly(block, column, 4);
}

function butterfly(block: Int32Array, at: number, step: number): void {
  const a = block[at] ?? 0;
  const b = block[at + step] ?? 0;
  const c = block[at + 2 * step] ?? 0;
  const d = block[at + 3 * step] ?? 0;
  block[at] = a + b + c + d;
  block[at + step] = a + b - c - d;
  block[at + 2 * step] = a - b - c + d;
  block[at + 3 * step] = a - b + c - d;
}

/** Quantises the 15 AC coefficients at `at` into `levels` in scan order from `to`; true if any is left. */
export function quantiseAc(
  coefficients: Int32Array,
  at: number,
  quantiser: Quantiser,
  levels: Int16Array,
  to: number,
): boolean {
  const { forward, threshold, shift, rounding } = quantiser;
  let any = false;
  for (let scan = 1; scan < 16; scan++) {
    const position = zigzag[scan] ?? 0;
    const value = coefficients[at + position] ?? 0;
    const magnitude = value < 0 ? -value : value;
    if (magnitude < (threshold[position] ?? 0)) {
      levels[to + scan - 1] = 0;
      continue;
    }
    const level = (magnitude * (forward[position] ?? 0) + rounding) >> shift;
    levels[to + scan - 1] = value < 0 ? -level : level;
    any = true;
  }
  return any;
}

/** Undoes `quantiseAc` into raster positions 1..15 at `at`. */
export function dequantiseAc(
  levels: Int16Array,
  from: number,
  quantiser: Quantiser,
  coefficients: Int32Array,
  at: number,
): void {
  const { inverse } = quantiser;
  for (let scan = 1; scan < 16; scan++) {
    const position = zigzag[scan] ?? 0;
    coefficients[at + position] = (levels[from + scan - 1] ?? 0) * (inverse[position] ?? 0);
  }
}

/** A DC coefficient of a luma (after Hadamard / 2) or chroma (after 2x2 Hadamard) DC transform. */
export function quantiseDc(value: number, quantiser: Quantiser): number {
  const magnitude = value < 0 ? -value : value;
  const level = Math.floor(
    (magnitude * (quantiser.forward[0] ?? 0) + 2 * quantiser.rounding) / 2 ** (quantiser.shift + 1),
  );
  return value < 0 ? -level : level;
}

/** 8.5.10, after the Hadamard transform. */
export function dequantiseLumaDc(value: number, quantiser: Quantiser): number {
  const { dcScale, dcShift } = quantiser;
  if (dcShift >= 6) return (value * dcScale) << (dcShift - 6);
  return (value * dcScale + (1 << (5 - dcShift))) >> (6 - dcShift);
}

/** 8.5.11.2, after the 2x2 transform. */
export function dequantiseChromaDc(value: number, quantiser: Quantiser): number {
  return ((value * quantiser.dcScale) << quantiser.dcShift) >> 5;
}
