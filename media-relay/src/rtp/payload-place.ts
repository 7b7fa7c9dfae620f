import { isVcl, nalType, nalTypeAt, sliceIsFirstOfPicture } from '../media/h264.ts';
import { byteAt } from './packet.ts';
import { fuA, stapA } from './payload-types.ts';

/**
 * Where in an access unit a payload can stand (ITU-T H.264 7.4.1.2.3), judged by its first NAL unit: an AUD or SPS
 * only at the very beginning, other parameter sets, SEI and the slice with macroblock 0 before a picture's other
 * slices.
 */
export function placeOf(
  buffer: Uint8Array,
  start: number,
  end: number,
): 'new-access-unit' | 'new-picture' | 'inside' {
  const packetType = nalTypeAt(buffer, start);
  let type = packetType;
  let at = start;
  if (packetType === stapA) {
    at = start + 3;
    type = nalTypeAt(buffer, at);
  } else if (packetType === fuA) {
    const header = byteAt(buffer, start + 1);
    if ((header & 0x80) === 0) return 'inside';
    at = start + 1;
    type = header & 0x1f;
  }
  if (type === nalType.accessUnitDelimiter || type === nalType.sps) return 'new-access-unit';
  if (type === nalType.sei || type === nalType.pps) return 'new-picture';
  if (type === nalType.partitionB || type === nalType.partitionC) return 'inside';
  if (isVcl(type)) return sliceIsFirstOfPicture(buffer, at, end) ? 'new-picture' : 'inside';
  return 'new-picture';
}
