/**
 * Coding of one macroblock, with the reconstruction that every decoder makes of it (ITU-T H.264 7.3.5, 8.3.3, 8.3.4, 8.5).
 * Two kinds: Intra_16x16 with DC prediction, and I_PCM. Not implemented: other predictions, Intra_4x4, motion.
 */
import type { BitWriter } from './bit-writer.ts';
import { Canvas } from './canvas.ts';
import { chromaDcContext, writeResidualBlock } from './cavlc.ts';
import {
  chromaQp,
  createQuantiser,
  dequantiseAc,
  dequantiseChromaDc,
  dequantiseLumaDc,
  forward4x4,
  hadamard4x4,
  inverse4x4,
  quantiseAc,
  quantiseDc,
  zigzag,
  type Quantiser,
} from './transform.ts';

/** mb_type of table 7-11, before the offset that P slices add. */
const intra16x16Dc = 1 + 2;
const intraPcm = 25;
const lumaAcOffset = 12;
/** Raster position of each 4x4 luma block in coding order (6.4.3). */
const blockOrder = Uint8Array.of(0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15);

export class MacroblockCoder {
  /** What a decoder shows, and predicts from. */
  readonly picture: Canvas;
  private readonly writer: BitWriter;
  /** TotalCoeff of each 4x4 block, by its place in the picture (9.2.1). */
  private readonly lumaTotals: Uint8Array;
  private readonly chromaTotals: readonly [Uint8Array, Uint8Array];
  private luma: Quantiser;
  private chroma: Quantiser;

  private readonly residual = new Int32Array(256);
  private readonly dc = new Int32Array(16);
  private readonly levels = new Int16Array(16 * 16);
  private readonly dcLevels = new Int16Array(16);
  private readonly hasAc = new Uint8Array(16);
  private readonly chromaWork = [createChromaWork(), createChromaWork()] as const;

  constructor(width: number, height: number, writer: BitWriter) {
    this.writer = writer;
    this.picture = new Canvas(width, height);
    const macroblocks = this.picture.macroblocksAcross * this.picture.macroblocksDown;
    this.lumaTotals = new Uint8Array(macroblocks * 16);
    this.chromaTotals = [new Uint8Array(macroblocks * 4), new Uint8Array(macroblocks * 4)];
    this.luma = createQuantiser(26);
    this.chroma = createQuantiser(26);
  }

  /** Before every picture: what is skipped has no coefficients. */
  startPicture(qp: number): void {
    if (qp !== this.luma.qp) {
      this.luma = createQuantiser(qp);
      this.chroma = createQuantiser(chromaQp(qp));
    }
    this.lumaTotals.fill(0);
    this.chromaTotals[0].fill(0);
    this.chromaTotals[1].fill(0);
  }

  /** I_PCM: the samples themselves. They keep clear of 0, so no emulation prevention is needed within. */
  codeRaw(source: Canvas, x: number, y: number, typeOffset: number): void {
    const { writer, picture } = this;
    writer.unsignedGolomb(intraPcm + typeOffset);
    writer.alignWithZeros();
    let at = writer.reserveBytes(384);
    at = copyBlock(source.luma, picture.luma, source.stride, x * 16, y * 16, 16, writer.bytes, at);
    at = copyBlock(source.cb, picture.cb, source.stride >> 1, x * 8, y * 8, 8, writer.bytes, at);
    copyBlock(source.cr, picture.cr, source.stride >> 1, x * 8, y * 8, 8, writer.bytes, at);
    fillTotals(this.lumaTotals, picture.macroblocksAcross * 4, x * 4, y * 4, 4);
    fillTotals(this.chromaTotals[0], picture.macroblocksAcross * 2, x * 2, y * 2, 2);
    fillTotals(this.chromaTotals[1], picture.macroblocksAcross * 2, x * 2, y * 2, 2);
  }

  codeIntra(source: Canvas, x: number, y: number, typeOffset: number): void {
    const lumaAc = this.transformLuma(source, x, y);
    const [cb, cr] = this.chromaWork;
    const chromaStride = source.stride >> 1;
    transformChroma(cb, source.cb, this.picture.cb, chromaStride, x, y, this.chroma);
    transformChroma(cr, source.cr, this.picture.cr, chromaStride, x, y, this.chroma);
    const chromaPattern = cb.anyAc || cr.anyAc ? 2 : cb.anyDc || cr.anyDc ? 1 : 0;

    const { writer } = this;
    writer.unsignedGolomb(intra16x16Dc + 4 * chromaPattern + (lumaAc ? lumaAcOffset : 0) + typeOffset);
    writer.put(0b11, 2); // intra_chroma_pred_mode 0 (DC), mb_qp_delta 0
    this.writeLuma(x, y, lumaAc);
    if (chromaPattern > 0) {
      writeResidualBlock(writer, cb.dcLevels, 0, 4, chromaDcContext);
      writeResidualBlock(writer, cr.dcLevels, 0, 4, chromaDcContext);
    }
    if (chromaPattern === 2) {
      this.writeChromaAc(cb, this.chromaTotals[0], x, y);
      this.writeChromaAc(cr, this.chromaTotals[1], x, y);
    }
  }

  private transformLuma(source: Canvas, x: number, y: number): boolean {
    const { residual, dc, levels, dcLevels, hasAc, luma: quantiser, picture } = this;
    const { stride } = source;
    const origin = y * 16 * stride + x * 16;
    const prediction = predictLumaDc(picture.luma, stride, origin, x > 0, y > 0);
    let anyAc = false;
    for (let block = 0; block < 16; block++) {
      const from = origin + (block >> 2) * 4 * stride + (block & 3) * 4;
      const at = block * 16;
      const flat = subtractBlock(source.luma, from, stride, prediction, residual, at);
      hasAc[block] = 0;
      if (!flat) {
        forward4x4(residual, at);
        if (quantiseAc(residual, at, quantiser, levels, at)) {
          hasAc[block] = 1;
          anyAc = true;
        }
      }
      dc[block] = residual[at] ?? 0;
    }
    hadamard4x4(dc);
    for (let scan = 0; scan < 16; scan++) {
      const position = zigzag[scan] ?? 0;
      const level = quantiseDc(((dc[position] ?? 0) + 1) >> 1, quantiser);
      dcLevels[scan] = level;
      dc[position] = level;
    }
    hadamard4x4(dc);
    for (let block = 0; block < 16; block++) {
      const at = block * 16;
      const to = origin + (block >> 2) * 4 * stride + (block & 3) * 4;
      const blockDc = dequantiseLumaDc(dc[block] ?? 0, quantiser);
      if (hasAc[block] === 0) {
        fillBlock(picture.luma, to, stride, clip(prediction + ((blockDc + 32) >> 6)));
        if (anyAc) levels.fill(0, at, at + 15);
        continue;
      }
      dequantiseAc(levels, at, quantiser, residual, at);
      residual[at] = blockDc;
      inverse4x4(residual, at);
      addBlock(picture.luma, to, stride, prediction, residual, at);
    }
    return anyAc;
  }

  private writeLuma(x: number, y: number, withAc: boolean): void {
    const totals = this.lumaTotals;
    const stride = this.picture.macroblocksAcross * 4;
    const first = y * 4 * stride + x * 4;
    writeResidualBlock(this.writer, this.dcLevels, 0, 16, contextAt(totals, stride, first, x > 0, y > 0));
    if (!withAc) return;
    for (let index = 0; index < 16; index++) {
      const block = blockOrder[index] ?? 0;
      const column = block & 3;
      const row = block >> 2;
      const at = first + row * stride + column;
      const context = contextAt(totals, stride, at, x > 0 || column > 0, y > 0 || row > 0);
      totals[at] = writeResidualBlock(this.writer, this.levels, block * 16, 15, context);
    }
  }

  private writeChromaAc(work: ChromaWork, totals: Uint8Array, x: number, y: number): void {
    const stride = this.picture.macroblocksAcross * 2;
    for (let block = 0; block < 4; block++) {
      const column = block & 1;
      const row = block >> 1;
      const at = (y * 2 + row) * stride + x * 2 + column;
      const context = contextAt(totals, stride, at, x > 0 || column > 0, y > 0 || row > 0);
      totals[at] = writeResidualBlock(this.writer, work.levels, block * 16, 15, context);
    }
  }
}

interface ChromaWork {
  readonly residual: Int32Array;
  readonly prediction: Int32Array;
  readonly levels: Int16Array;
  readonly dcLevels: Int16Array;
  anyDc: boolean;
  anyAc: boolean;
}

function createChromaWork(): ChromaWork {
  return {
    residual: new Int32Array(64),
    prediction: new Int32Array(4),
    levels: new Int16Array(64),
    dcLevels: new Int16Array(4),
    anyDc: false,
    anyAc: false,
  };
}

function transformChroma(
  work: ChromaWork,
  source: Uint8Array,
  picture: Uint8Array,
  stride: number,
  x: number,
  y: number,
  quantiser: Quantiser,
): void {
  const { residual, prediction, levels, dcLevels } = work;
  const origin = y * 8 * stride + x * 8;
  predictChromaDc(prediction, picture, stride, origin, x > 0, y > 0);
  work.anyAc = false;
  for (let block = 0; block < 4; block++) {
    const at = block * 16;
    const from = origin + (block >> 1) * 4 * stride + (block & 1) * 4;
    if (subtractBlock(source, from, stride, prediction[block] ?? 0, residual, at)) {
      levels.fill(0, at, at + 15);
    } else {
      forward4x4(residual, at);
      if (quantiseAc(residual, at, quantiser, levels, at)) work.anyAc = true;
    }
  }
  const a = residual[0] ?? 0;
  const b = residual[16] ?? 0;
  const c = residual[32] ?? 0;
  const d = residual[48] ?? 0;
  const l0 = quantiseDc(a + b + c + d, quantiser);
  const l1 = quantiseDc(a - b + c - d, quantiser);
  const l2 = quantiseDc(a + b - c - d, quantiser);
  const l3 = quantiseDc(a - b - c + d, quantiser);
  dcLevels[0] = l0;
  dcLevels[1] = l1;
  dcLevels[2] = l2;
  dcLevels[3] = l3;
  work.anyDc = (l0 | l1 | l2 | l3) !== 0;
  residual[0] = dequantiseChromaDc(l0 + l1 + l2 + l3, quantiser);
  residual[16] = dequantiseChromaDc(l0 - l1 + l2 - l3, quantiser);
  residual[32] = dequantiseChromaDc(l0 + l1 - l2 - l3, quantiser);
  residual[48] = dequantiseChromaDc(l0 - l1 - l2 + l3, quantiser);
  for (let block = 0; block < 4; block++) {
    const at = block * 16;
    const to = origin + (block >> 1) * 4 * stride + (block & 1) * 4;
    const predicted = prediction[block] ?? 0;
    if (!work.anyAc) {
      fillBlock(picture, to, stride, clip(predicted + (((residual[at] ?? 0) + 32) >> 6)));
      continue;
    }
    dequantiseAc(levels, at, quantiser, residual, at);
    inverse4x4(residual, at);
    addBlock(picture, to, stride, predicted, residual, at);
  }
}

/** 8.3.3.3 */
function predictLumaDc(
  picture: Uint8Array,
  stride: number,
  origin: number,
  hasLeft: boolean,
  hasTop: boolean,
): number {
  if (!hasLeft && !hasTop) return 128;
  const left = hasLeft ? sumDown(picture, origin - 1, stride, 16) : 0;
  const top = hasTop ? sumDown(picture, origin - stride, 1, 16) : 0;
  return hasLeft && hasTop ? (left + top + 16) >> 5 : (left + top + 8) >> 4;
}

/** 8.3.4.1 to 8.3.4.3: the corner blocks average both sides, the others prefer the side that they touch. */
function predictChromaDc(
  prediction: Int32Array,
  picture: Uint8Array,
  stride: number,
  origin: number,
  hasLeft: boolean,
  hasTop: boolean,
): void {
  if (!hasLeft && !hasTop) {
    prediction.fill(128);
    return;
  }
  const left0 = hasLeft ? sumDown(picture, origin - 1, stride, 4) : 0;
  const left1 = hasLeft ? sumDown(picture, origin - 1 + 4 * stride, stride, 4) : 0;
  const top0 = hasTop ? sumDown(picture, origin - stride, 1, 4) : 0;
  const top1 = hasTop ? sumDown(picture, origin - stride + 4, 1, 4) : 0;
  const both = hasLeft && hasTop;
  prediction[0] = both ? (left0 + top0 + 4) >> 3 : (left0 + top0 + 2) >> 2;
  prediction[1] = hasTop ? (top1 + 2) >> 2 : (left0 + 2) >> 2;
  prediction[2] = hasLeft ? (left1 + 2) >> 2 : (top0 + 2) >> 2;
  prediction[3] = both ? (left1 + top1 + 4) >> 3 : (left1 + top1 + 2) >> 2;
}

function sumDown(samples: Uint8Array, at: number, step: number, count: number): number {
  let sum = 0;
  for (let index = 0; index < count; index++) sum += samples[at + index * step] ?? 0;
  return sum;
}

/** nC of 9.2.1. */
function contextAt(
  totals: Uint8Array,
  stride: number,
  at: number,
  hasLeft: boolean,
  hasTop: boolean,
): number {
  const left = hasLeft ? (totals[at - 1] ?? 0) : 0;
  const top = hasTop ? (totals[at - stride] ?? 0) : 0;
  return hasLeft && hasTop ? (left + top + 1) >> 1 : left + top;
}

function fillTotals(totals: Uint8Array, stride: number, x: number, y: number, size: number): void {
  for (let row = y; row < y + size; row++) totals.fill(16, row * stride + x, row * stride + x + size);
}

/** Residual of a 4x4 block. If it is the same everywhere, true and the DC coefficient alone. */
function subtractBlock(
  source: Uint8Array,
  from: number,
  stride: number,
  prediction: number,
  residual: Int32Array,
  at: number,
): boolean {
  const first = source[from] ?? 0;
  let difference = 0;
  let index = at;
  for (let row = from; row < from + 4 * stride; row += stride) {
    const a = source[row] ?? 0;
    const b = source[row + 1] ?? 0;
    const c = source[row + 2] ?? 0;
    const d = source[row + 3] ?? 0;
    difference |= (a ^ first) | (b ^ first) | (c ^ first) | (d ^ first);
    residual[index] = a - prediction;
    residual[index + 1] = b - prediction;
    residual[index + 2] = c - prediction;
    residual[index + 3] = d - prediction;
    index += 4;
  }
  if (difference !== 0) return false;
  residual[at] = 16 * (first - prediction);
  return true;
}

function addBlock(
  picture: Uint8Array,
  to: number,
  stride: number,
  prediction: number,
  residual: Int32Array,
  at: number,
): void {
  for (let row = 0; row < 4; row++) {
    const target = to + row * stride;
    const index = at + row * 4;
    picture[target] = clip(prediction + (((residual[index] ?? 0) + 32) >> 6));
    picture[target + 1] = clip(prediction + (((residual[index + 1] ?? 0) + 32) >> 6));
    picture[target + 2] = clip(prediction + (((residual[index + 2] ?? 0) + 32) >> 6));
    picture[target + 3] = clip(prediction + (((residual[index + 3] ?? 0) + 32) >> 6));
  }
}

function fillBlock(picture: Uint8Array, to: number, stride: number, value: number): void {
  for (let row = to; row < to + 4 * stride; row += stride) {
    picture[row] = value;
    picture[row + 1] = value;
    picture[row + 2] = value;
    picture[row + 3] = value;
  }
}

function copyBlock(
  source: Uint8Array,
  picture: Uint8Array,
  stride: number,
  x: number,
  y: number,
  size: number,
  target: Uint8Array,
  at: number,
): number {
  let to = at;
  for (let row = y; row < y + size; row++) {
    for (let index = row * stride + x; index < row * stride + x + size; index++) {
      const sample = source[index] ?? 0;
      picture[index] = sample;
      target[to++] = sample;
    }
  }
  return to;
}

function clip(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value;
}
