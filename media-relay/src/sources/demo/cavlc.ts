/** residual_block_cavlc() of ITU-T H.264 7.3.5.3.2 and 9.2, writing side. Not implemented: 4:2:2 and 4:4:4 chroma. */
import type { BitWriter } from './bit-writer.ts';
import {
  coeffTokenByContext,
  coeffTokenChromaDc,
  runBefore,
  totalZeros,
  totalZerosChromaDc,
} from './cavlc-tables.ts';

/** The context of a chroma DC block (9.2.1). */
export const chromaDcContext = -1;

const levels = new Int32Array(16);
const runs = new Int32Array(16);

function putCode(writer: BitWriter, code: number): void {
  writer.put(code & 0xffff, code >> 16);
}

/**
 * Writes `count` quantised levels, in scan order from `start` in `source`, and returns TotalCoeff.
 * `context` is nC: 0..16, or `chromaDcContext`. Levels lie within -2063..2063.
 */
export function writeResidualBlock(
  writer: BitWriter,
  source: Int16Array,
  start: number,
  count: number,
  context: number,
): number {
  let total = 0;
  let zeros = 0;
  let run = 0;
  let trailingOnes = 0;
  let onlyOnes = true;
  // Highest frequency first, as they are written; a run is the zeros below its coefficient.
  for (let index = start + count - 1; index >= start; index--) {
    const level = source[index] ?? 0;
    if (level === 0) {
      if (total > 0) {
        run++;
        zeros++;
      }
      continue;
    }
    if (total > 0) runs[total - 1] = run;
    run = 0;
    levels[total++] = level;
    if (onlyOnes && trailingOnes < 3 && (level === 1 || level === -1)) trailingOnes++;
    else onlyOnes = false;
  }
  const tokens = context < 0 ? coeffTokenChromaDc : coeffTokenByContext[context];
  putCode(writer, tokens?.[4 * total + trailingOnes] ?? 0);
  if (total === 0) return 0;
  for (let index = 0; index < trailingOnes; index++) writer.put((levels[index] ?? 0) < 0 ? 1 : 0, 1);
  if (total > trailingOnes) writeLevels(writer, total, trailingOnes);
  if (total < count) {
    const table = context < 0 ? totalZerosChromaDc : totalZeros;
    putCode(writer, table[total]?.[zeros] ?? 0);
    writeRuns(writer, total, zeros);
  }
  return total;
}

/** 9.2.2.1 */
function writeLevels(writer: BitWriter, total: number, trailingOnes: number): void {
  let suffixLength = total > 10 && trailingOnes < 3 ? 1 : 0;
  for (let index = trailingOnes; index < total; index++) {
    const level = levels[index] ?? 0;
    const magnitude = level < 0 ? -level : level;
    let code = level < 0 ? 2 * magnitude - 1 : 2 * magnitude - 2;
    if (index === trailingOnes && trailingOnes < 3) code -= 2;
    if (suffixLength === 0) {
      if (code < 14) writer.put(1, code + 1);
      else if (code < 30) writer.put((1 << 4) | (code - 14), 19);
      else writer.put((1 << 12) | (code - 30), 28);
      suffixLength = 1;
    } else if (code < 15 << suffixLength) {
      const suffix = code & ((1 << suffixLength) - 1);
      writer.put((1 << suffixLength) | suffix, (code >> suffixLength) + 1 + suffixLength);
    } else {
      writer.put((1 << 12) | (code - (15 << suffixLength)), 28);
    }
    if (magnitude > 3 << (suffixLength - 1) && suffixLength < 6) suffixLength++;
  }
}

/** 9.2.3; the run below the last coefficient follows from what is left. */
function writeRuns(writer: BitWriter, total: number, zeros: number): void {
  let zerosLeft = zeros;
  for (let index = 0; index < total - 1 && zerosLeft > 0; index++) {
    const run = runs[index] ?? 0;
    putCode(writer, runBefore[zerosLeft < 7 ? zerosLeft : 7]?.[run] ?? 0);
    zerosLeft -= run;
  }
}
