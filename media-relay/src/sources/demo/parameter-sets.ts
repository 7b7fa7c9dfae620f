/** Sequence and picture parameter sets: ITU-T H.264 7.3.2.1, 7.3.2.2, E.1 and the level limits of annex A. */
import { BitWriter } from './bit-writer.ts';

export interface PictureFormat {
  readonly width: number;
  readonly height: number;
  readonly framesPerSecond: number;
  readonly bitrateBps: number;
}

/** level_idc, MaxMBPS, MaxFS, MaxBR in kbit/s (table A-1). */
const levels = [
  [10, 1_485, 99, 64],
  [11, 3_000, 396, 192],
  [12, 6_000, 396, 384],
  [13, 11_880, 396, 768],
  [20, 11_880, 396, 2_000],
  [21, 19_800, 792, 4_000],
  [22, 20_250, 1_620, 4_000],
  [30, 40_500, 1_620, 10_000],
  [31, 108_000, 3_600, 14_000],
  [32, 216_000, 5_120, 20_000],
  [40, 245_760, 8_192, 20_000],
  [41, 245_760, 8_192, 50_000],
  [42, 522_240, 8_704, 50_000],
  [51, 983_040, 36_864, 240_000],
] as const;

/** The lowest level_idc whose picture size, macroblock rate and bitrate suffice. */
export function levelFor(format: PictureFormat): number {
  const across = Math.ceil(format.width / 16);
  const down = Math.ceil(format.height / 16);
  const macroblocks = across * down;
  const fitting = levels.find(
    ([, perSecond, size, kbps]) =>
      macroblocks <= size &&
      Math.max(across, down) <= Math.sqrt(8 * size) &&
      macroblocks * format.framesPerSecond <= perSecond &&
      format.bitrateBps <= kbps * 1000,
  );
  return fitting?.[0] ?? 51;
}

/** Six hex digits: Constrained Baseline (profile 66, constraint_set0..2) and the level. */
export function profileLevelId(format: PictureFormat): string {
  return `42e0${levelFor(format).toString(16).padStart(2, '0')}`;
}

/** log2_max_frame_num: frame_num is written with this many bits. */
export const frameNumberBits = 8;

/** The SPS NAL unit. No reordering, one reference picture, square BT.709 samples. */
export function sequenceParameterSet(format: PictureFormat): Uint8Array {
  const across = Math.ceil(format.width / 16);
  const down = Math.ceil(format.height / 16);
  const writer = new BitWriter(64);
  writer.put(66, 8);
  writer.put(0xe0, 8);
  writer.put(levelFor(format), 8);
  writer.unsignedGolomb(0); // seq_parameter_set_id
  writer.unsignedGolomb(frameNumberBits - 4);
  writer.unsignedGolomb(2); // pic_order_cnt_type: output order is decoding order
  writer.unsignedGolomb(1); // max_num_ref_frames
  writer.put(0, 1); // gaps_in_frame_num_value_allowed_flag
  writer.unsignedGolomb(across - 1);
  writer.unsignedGolomb(down - 1);
  writer.put(0b11, 2); // frame_mbs_only_flag, direct_8x8_inference_flag
  const right = (across * 16 - format.width) / 2;
  const bottom = (down * 16 - format.height) / 2;
  writer.put(right + bottom > 0 ? 1 : 0, 1);
  if (right + bottom > 0) {
    for (const offset of [0, right, 0, bottom]) writer.unsignedGolomb(offset);
  }
  writer.put(1, 1); // vui_parameters_present_flag
  writer.put(1, 1); // aspect_ratio_info_present_flag
  writer.put(1, 8); // square samples
  writer.put(0, 1); // overscan_info_present_flag
  writer.put(0b1_101_0_1, 6); // video signal: unspecified format, limited range, colour description follows
  writer.put(0x010101, 24); // BT.709 primaries, transfer, matrix
  writer.put(0, 1); // chroma_loc_info_present_flag
  writer.put(1, 1); // timing_info_present_flag
  writer.put(1, 32);
  writer.put(2 * format.framesPerSecond, 32);
  writer.put(0, 1); // fixed_frame_rate_flag: a late frame is left out
  writer.put(0b000, 3); // no HRD parameters, no pic_struct
  writer.put(1, 1); // bitstream_restriction_flag
  writer.put(1, 1); // motion_vectors_over_pic_boundaries_flag
  // max_bytes_per_pic_denom, max_bits_per_mb_denom: no promise; motion vectors; reordering 0, buffering 1
  for (const value of [0, 0, 10, 10, 0, 1]) writer.unsignedGolomb(value);
  return nalUnit(0x67, writer);
}

/** The PPS NAL unit: CAVLC, one slice group, QP 26, deblocking under control of the slice. */
export function pictureParameterSet(): Uint8Array {
  const writer = new BitWriter(16);
  writer.unsignedGolomb(0); // pic_parameter_set_id
  writer.unsignedGolomb(0); // seq_parameter_set_id
  writer.put(0b00, 2); // CAVLC, no bottom_field_pic_order
  for (const value of [0, 0, 0]) writer.unsignedGolomb(value); // slice groups, reference counts
  writer.put(0b000, 3); // no weighted prediction
  for (const value of [0, 0, 0]) writer.signedGolomb(value); // QP 26, QS 26, chroma offset 0
  writer.put(0b100, 3); // deblocking_filter_control_present_flag
  return nalUnit(0x68, writer);
}

function nalUnit(header: number, writer: BitWriter): Uint8Array {
  const length = writer.finish();
  const unit = new Uint8Array(2 * length + 1);
  const end = writeNalUnit(unit, 0, header, writer.bytes, length);
  return unit.slice(0, end);
}

/** Header byte and payload with emulation prevention (7.3.1); returns the end offset in `target`. */
export function writeNalUnit(
  target: Uint8Array,
  at: number,
  header: number,
  payload: Uint8Array,
  length: number,
): number {
  let end = at;
  target[end++] = header;
  let zeros = 0;
  for (let index = 0; index < length; index++) {
    const byte = payload[index] ?? 0;
    if (zeros === 2) {
      if (byte <= 3) target[end++] = 3;
      zeros = 0;
    }
    target[end++] = byte;
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return end;
}
