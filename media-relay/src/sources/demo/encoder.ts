/**
 * Pictures to access units: Constrained Baseline, one slice per picture, CAVLC, no deblocking (ITU-T H.264 7.3.3, 7.3.4).
 * What did not change is P_Skip: all motion vectors are zero, so the inferred one (8.4.1.1) is zero too.
 */
import { BitWriter } from './bit-writer.ts';
import { clean, raw, type Canvas } from './canvas.ts';
import { MacroblockCoder } from './macroblock.ts';
import {
  frameNumberBits,
  pictureParameterSet,
  sequenceParameterSet,
  writeNalUnit,
  type PictureFormat,
} from './parameter-sets.ts';

/** Added to an intra mb_type in a P slice (table 7-13). */
const intraInPSlice = 5;

export interface EncodedPicture {
  readonly isKey: boolean;
  /** Valid until the next picture. */
  readonly data: Uint8Array;
  readonly unitEnds: readonly number[];
}

export class Encoder {
  private readonly parameterSets: readonly Uint8Array[];
  private readonly writer: BitWriter;
  private readonly coder: MacroblockCoder;
  private readonly output: Uint8Array;
  private frameNumber = 0;
  private idrPictureId = 0;

  constructor(format: PictureFormat) {
    this.parameterSets = [sequenceParameterSet(format), pictureParameterSet()];
    const macroblocks = Math.ceil(format.width / 16) * Math.ceil(format.height / 16);
    // A macroblock ends below 3,200 bits (A.3.1) or, quantised very finely, at most at twice that.
    const worstCaseBytes = macroblocks * 800 + 256;
    this.writer = new BitWriter(worstCaseBytes);
    this.output = new Uint8Array(worstCaseBytes * 1.5 + 128);
    this.coder = new MacroblockCoder(format.width, format.height, this.writer);
  }

  /** What a decoder shows after the newest picture. */
  get picture(): Canvas {
    return this.coder.picture;
  }

  /** Codes what is damaged, or everything in a key picture, and clears the damage. `qp` 12..51. */
  encode(canvas: Canvas, isKey: boolean, qp: number): EncodedPicture {
    const { writer, output } = this;
    writer.reset();
    this.frameNumber = isKey ? 0 : (this.frameNumber + 1) % 2 ** frameNumberBits;
    this.writeSliceHeader(isKey, qp);
    this.coder.startPicture(qp);
    if (isKey) this.codeAll(canvas);
    else this.codeDamaged(canvas);
    canvas.damage.fill(clean);

    const unitEnds: number[] = [];
    let end = 0;
    if (isKey) {
      for (const parameterSet of this.parameterSets) {
        output.set(parameterSet, end);
        end += parameterSet.length;
        unitEnds.push(end);
      }
    }
    end = writeNalUnit(output, end, isKey ? 0x65 : 0x41, writer.bytes, writer.finish());
    unitEnds.push(end);
    return { isKey, data: output.subarray(0, end), unitEnds };
  }

  private codeAll(canvas: Canvas): void {
    const { macroblocksAcross, macroblocksDown, damage } = canvas;
    for (let y = 0; y < macroblocksDown; y++) {
      for (let x = 0; x < macroblocksAcross; x++) {
        if (((damage[y * macroblocksAcross + x] ?? 0) & raw) !== 0) this.coder.codeRaw(canvas, x, y, 0);
        else this.coder.codeIntra(canvas, x, y, 0);
      }
    }
  }

  private codeDamaged(canvas: Canvas): void {
    const { writer, coder } = this;
    const { macroblocksAcross, macroblocksDown, damage } = canvas;
    let skipped = 0;
    for (let y = 0; y < macroblocksDown; y++) {
      for (let x = 0; x < macroblocksAcross; x++) {
        const state = damage[y * macroblocksAcross + x] ?? 0;
        if (state === clean) {
          skipped++;
          continue;
        }
        writer.unsignedGolomb(skipped);
        skipped = 0;
        if ((state & raw) !== 0) coder.codeRaw(canvas, x, y, intraInPSlice);
        else coder.codeIntra(canvas, x, y, intraInPSlice);
      }
    }
    if (skipped > 0) writer.unsignedGolomb(skipped);
  }

  private writeSliceHeader(isKey: boolean, qp: number): void {
    const { writer } = this;
    writer.unsignedGolomb(0); // first_mb_in_slice
    writer.unsignedGolomb(isKey ? 7 : 5); // all slices of the picture are I, or P
    writer.unsignedGolomb(0); // pic_parameter_set_id
    writer.put(this.frameNumber, frameNumberBits);
    if (isKey) {
      writer.unsignedGolomb(this.idrPictureId);
      this.idrPictureId = 1 - this.idrPictureId;
      writer.put(0b00, 2); // no_output_of_prior_pics_flag, long_term_reference_flag
    } else {
      writer.put(0b000, 3); // default reference count and list, sliding window marking
    }
    writer.signedGolomb(qp - 26);
    writer.unsignedGolomb(1); // disable_deblocking_filter_idc
  }
}
