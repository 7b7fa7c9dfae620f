// ITU-T H.264: NAL unit types (7.4.1), the sequence parameter set (7.3.2.1.1, E.1.1), the first two fields of a
// slice header (7.3.3); sprop-parameter-sets (RFC 6184 8.1).
// Not implemented: subset SPS (SVC, MVC), slice headers beyond slice_type, HRD values (they are stepped over).

import { BitReader } from './bit-reader.ts';
import { ProtocolError, excerpt } from './protocol-error.ts';
import type { H264Facts } from './track.ts';

/** nal_unit_type. */
export const nalType = {
  slice: 1,
  partitionA: 2,
  partitionB: 3,
  partitionC: 4,
  idr: 5,
  sei: 6,
  sps: 7,
  pps: 8,
  accessUnitDelimiter: 9,
  endOfSequence: 10,
  endOfStream: 11,
  filler: 12,
} as const;

/** nal_unit_type of the NAL unit that begins at `start`. */
export function nalTypeAt(data: Uint8Array, start: number): number {
  return (data[start] ?? 0) & 0x1f;
}

/** Coded slice or slice data partition: part of the picture itself. */
export function isVcl(type: number): boolean {
  return type >= nalType.slice && type <= nalType.idr;
}

/** first_mb_in_slice is 0: this slice begins a picture (or a field of it). */
export function sliceIsFirstOfPicture(data: Uint8Array, start: number, end: number): boolean {
  return end - start >= 2 && ((data[start + 1] ?? 0) & 0x80) !== 0;
}

export type SliceType = 'p' | 'b' | 'i' | 'sp' | 'si';
const sliceTypes: readonly SliceType[] = ['p', 'b', 'i', 'sp', 'si'];

/** slice_type of a coded slice (NAL types 1, 2, 5). Throws ProtocolError when the bytes end or the value is reserved. */
export function sliceType(data: Uint8Array, start: number, end: number): SliceType {
  const reader = new BitReader(data, start + 1, end);
  reader.ue();
  const value = reader.ue();
  const type = value < 10 ? sliceTypes[value % 5] : undefined;
  if (type === undefined) throw new ProtocolError('H264_BAD_SLICE_TYPE', `slice_type ${value} is reserved`);
  return type;
}

/** NAL units of `sprop-parameter-sets`, in their order; other NAL types in the list are left out. */
export function spropParameterSets(value: string): { sps: Uint8Array[]; pps: Uint8Array[] } {
  const sps: Uint8Array[] = [];
  const pps: Uint8Array[] = [];
  for (const item of value.split(',')) {
    const text = item.trim();
    if (text === '') continue;
    if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) {
      throw new ProtocolError('H264_BAD_SPROP', `sprop-parameter-sets is not base64: "${excerpt(text)}"`);
    }
    const nal = new Uint8Array(Buffer.from(text, 'base64'));
    const type = nalTypeAt(nal, 0);
    if (type === nalType.sps) sps.push(nal);
    else if (type === nalType.pps) pps.push(nal);
  }
  return { sps, pps };
}

/** pic_parameter_set_id or seq_parameter_set_id: the id that a PPS or SPS defines. */
export function parameterSetId(nal: Uint8Array): number {
  const isSps = nalTypeAt(nal, 0) === nalType.sps;
  const id = new BitReader(nal, isSps ? 4 : 1).ue();
  if (id > (isSps ? 31 : 255)) throw new ProtocolError('H264_BAD_PARAMETER_SET_ID', `Parameter set id ${id}`);
  return id;
}

const profilesWithChromaInfo = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);
/** A.3.1: at level 6.2 a side has at most sqrt(8 * 139,264) macroblocks. */
const maxSidePixels = 1055 * 16;

/** The facts of one SPS NAL unit (header included). Throws ProtocolError. */
export function parseSps(nal: Uint8Array): H264Facts {
  if (nalTypeAt(nal, 0) !== nalType.sps) {
    throw new ProtocolError(
      'H264_NOT_AN_SPS',
      `NAL unit type ${nalTypeAt(nal, 0)} where 7 (SPS) was expected`,
    );
  }
  const reader = new BitReader(nal, 1);
  const profileIdc = reader.bits(8);
  const constraints = reader.bits(8);
  const levelIdc = reader.bits(8);
  const id = reader.ue();
  if (id > 31) throw new ProtocolError('H264_BAD_SPS', `seq_parameter_set_id ${id} exceeds 31`);

  let chromaFormat = 1;
  let separatePlanes = false;
  if (profilesWithChromaInfo.has(profileIdc)) {
    chromaFormat = reader.ue();
    if (chromaFormat > 3)
      throw new ProtocolError('H264_BAD_SPS', `chroma_format_idc ${chromaFormat} exceeds 3`);
    if (chromaFormat === 3) separatePlanes = reader.flag();
    reader.ue(); // bit_depth_luma_minus8
    reader.ue(); // bit_depth_chroma_minus8
    reader.flag(); // qpprime_y_zero_transform_bypass_flag
    if (reader.flag()) skipScalingMatrix(reader, chromaFormat === 3 ? 12 : 8);
  }
  reader.ue(); // log2_max_frame_num_minus4
  skipPictureOrder(reader);
  reader.ue(); // max_num_ref_frames
  reader.flag(); // gaps_in_frame_num_value_allowed_flag
  const widthMbs = reader.ue() + 1;
  const heightMapUnits = reader.ue() + 1;
  const frameMbsOnly = reader.flag();
  if (!frameMbsOnly) reader.flag(); // mb_adaptive_frame_field_flag
  reader.flag(); // direct_8x8_inference_flag
  const crop = readCropping(reader, separatePlanes ? 0 : chromaFormat, frameMbsOnly);
  const width = widthMbs * 16 - crop.x;
  const height = heightMapUnits * 16 * (frameMbsOnly ? 1 : 2) - crop.y;
  if (width <= 0 || height <= 0 || width > maxSidePixels || height > maxSidePixels) {
    throw new ProtocolError('H264_BAD_SPS', `Picture size ${width}x${height} is impossible`);
  }
  return {
    profileLevelId: [profileIdc, constraints, levelIdc].map((n) => n.toString(16).padStart(2, '0')).join(''),
    profileName: profileName(profileIdc, constraints),
    width,
    height,
    ...readVui(reader),
  };
}

export function sameFacts(a: H264Facts | undefined, b: H264Facts | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return (
    a.profileLevelId === b.profileLevelId &&
    a.width === b.width &&
    a.height === b.height &&
    a.framesPerSecond === b.framesPerSecond &&
    a.maxReorderFrames === b.maxReorderFrames
  );
}

/** 7.3.2.1.1.1: the values do not matter here, their lengths do. */
function skipScalingMatrix(reader: BitReader, lists: number): void {
  for (let list = 0; list < lists; list += 1) {
    if (!reader.flag()) continue;
    const size = list < 6 ? 16 : 64;
    let lastScale = 8;
    for (let i = 0; i < size; i += 1) {
      const nextScale = (((lastScale + reader.se()) % 256) + 256) % 256;
      if (nextScale === 0) break; // the rest of the list repeats lastScale
      lastScale = nextScale;
    }
  }
}

function skipPictureOrder(reader: BitReader): void {
  const type = reader.ue();
  if (type === 0) {
    reader.ue(); // log2_max_pic_order_cnt_lsb_minus4
  } else if (type === 1) {
    reader.flag();
    reader.se();
    reader.se();
    const cycle = reader.ue();
    if (cycle > 255) {
      throw new ProtocolError('H264_BAD_SPS', `num_ref_frames_in_pic_order_cnt_cycle ${cycle} exceeds 255`);
    }
    for (let i = 0; i < cycle; i += 1) reader.se();
  } else if (type !== 2) {
    throw new ProtocolError('H264_BAD_SPS', `pic_order_cnt_type ${type} exceeds 2`);
  }
}

/** Cropped pixels per axis (7.4.2.1.1, Table 6-1). `chromaArrayType` 0 counts luma samples. */
function readCropping(
  reader: BitReader,
  chromaArrayType: number,
  frameMbsOnly: boolean,
): { x: number; y: number } {
  if (!reader.flag()) return { x: 0, y: 0 };
  const unitX = chromaArrayType === 1 || chromaArrayType === 2 ? 2 : 1;
  const unitY = (chromaArrayType === 1 ? 2 : 1) * (frameMbsOnly ? 1 : 2);
  const x = (reader.ue() + reader.ue()) * unitX;
  const y = (reader.ue() + reader.ue()) * unitY;
  return { x, y };
}

type VuiFacts = Pick<H264Facts, 'framesPerSecond' | 'maxReorderFrames'>;

/** A damaged VUI says nothing, and costs nothing: cameras are known to cut it short, and decoders play on. */
function readVui(reader: BitReader): VuiFacts {
  let framesPerSecond: number | undefined;
  let maxReorderFrames: number | undefined;
  try {
    if (!reader.flag()) return { framesPerSecond, maxReorderFrames };
    skipVuiHead(reader);
    if (reader.flag()) {
      const unitsInTick = reader.bits(32);
      const timeScale = reader.bits(32);
      reader.flag(); // fixed_frame_rate_flag
      const fps = timeScale / (2 * unitsInTick);
      if (unitsInTick > 0 && fps >= 0.1 && fps <= 480) framesPerSecond = Math.round(fps * 1000) / 1000;
    }
    const hasNalHrd = reader.flag();
    if (hasNalHrd) skipHrd(reader);
    const hasVclHrd = reader.flag();
    if (hasVclHrd) skipHrd(reader);
    if (hasNalHrd || hasVclHrd) reader.flag(); // low_delay_hrd_flag
    reader.flag(); // pic_struct_present_flag
    if (reader.flag()) {
      reader.flag(); // motion_vectors_over_pic_boundaries_flag
      for (let i = 0; i < 4; i += 1) reader.ue();
      const reorder = reader.ue();
      if (reorder <= 16) maxReorderFrames = reorder;
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
  }
  return { framesPerSecond, maxReorderFrames };
}

/** E.1.1 up to and including the chroma location. */
function skipVuiHead(reader: BitReader): void {
  const extendedSar = 255;
  if (reader.flag() && reader.bits(8) === extendedSar) reader.bits(32);
  if (reader.flag()) reader.flag(); // overscan
  if (reader.flag()) {
    reader.bits(4); // video_format, video_full_range_flag
    if (reader.flag()) reader.bits(24);
  }
  if (reader.flag()) {
    reader.ue();
    reader.ue();
  }
}

/** E.1.2 */
function skipHrd(reader: BitReader): void {
  const count = reader.ue() + 1;
  if (count > 32) throw new ProtocolError('H264_BAD_SPS', `cpb_cnt_minus1 ${count - 1} exceeds 31`);
  reader.bits(8);
  for (let i = 0; i < count; i += 1) {
    reader.ue();
    reader.ue();
    reader.flag();
  }
  reader.bits(20);
}

/** A.2: the constraint flags tell the subsets of a profile apart. */
function profileName(profileIdc: number, constraints: number): string {
  const set1 = (constraints & 0x40) !== 0;
  const set3 = (constraints & 0x10) !== 0;
  const set4 = (constraints & 0x08) !== 0;
  const set5 = (constraints & 0x04) !== 0;
  switch (profileIdc) {
    case 66:
      return set1 ? 'Constrained Baseline' : 'Baseline';
    case 77:
      return 'Main';
    case 88:
      return 'Extended';
    case 100:
      return set4 && set5 ? 'Constrained High' : set4 ? 'Progressive High' : 'High';
    case 110:
      return set3 ? 'High 10 Intra' : 'High 10';
    case 122:
      return set3 ? 'High 4:2:2 Intra' : 'High 4:2:2';
    case 244:
      return set3 ? 'High 4:4:4 Intra' : 'High 4:4:4 Predictive';
    case 44:
      return 'CAVLC 4:4:4 Intra';
    default:
      return `Profile ${profileIdc}`;
  }
}
