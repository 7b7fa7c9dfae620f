// RFC 6184, packetization-mode 1: single NAL unit (5.6), STAP-A (5.7.1), FU-A (5.8), for browsers.
// Left out: access unit delimiters, SEI, filler and end-of-sequence NAL units; browsers ignore them, and each would
// make one more uneven packet.

import type { AccessUnit } from '../media/access-unit.ts';
import { isVcl, nalType, nalTypeAt } from '../media/h264.ts';
import { copyBytes } from './copy-bytes.ts';
import { byteAt } from './packet.ts';
import { fuA, stapA } from './payload-types.ts';

const fuHeaderBytes = 2;

/** Upper bound of the packets that `packetiseH264` makes of this unit. */
export function packetsBound(unit: AccessUnit, maxPayloadBytes: number): number {
  return unit.unitEnds.length + Math.ceil(unit.data.length / (maxPayloadBytes - fuHeaderBytes));
}

/** Upper bound in bytes of the payloads that `packetiseH264` writes for this unit. */
export function packetisedBytesBound(unit: AccessUnit, maxPayloadBytes: number): number {
  // A STAP-A adds its header and two bytes per NAL unit, a fragment two.
  return unit.data.length + 3 * unit.unitEnds.length + fuHeaderBytes * packetsBound(unit, maxPayloadBytes);
}

/**
 * Writes the RTP payloads of one access unit back to back at target[offset...], their lengths to
 * lengths[lengthsAt...]. The marker bit belongs on the last one. The caller has made room by the two bounds;
 * `maxPayloadBytes` is at least 64.
 *
 * Fragments of one NAL unit have equal size and only the last is smaller: what UDP GSO wants of a train of packets.
 */
export function packetiseH264(
  unit: AccessUnit,
  maxPayloadBytes: number,
  target: Uint8Array,
  offset: number,
  lengths: Uint16Array,
  lengthsAt: number,
): { packets: number; bytes: number } {
  const { data, unitEnds } = unit;
  let at = offset;
  let packet = lengthsAt;
  let start = 0;
  for (let index = 0; index < unitEnds.length; index += 1) {
    const end = unitEnds[index] ?? start;
    const length = end - start;
    if (length === 0 || isLeftOut(nalTypeAt(data, start))) {
      start = end;
      continue;
    }
    if (length > maxPayloadBytes) {
      const size = Math.ceil((length - 1) / Math.ceil((length - 1) / (maxPayloadBytes - fuHeaderBytes)));
      for (let from = start + 1; from < end; from += size) {
        const to = Math.min(from + size, end);
        writeFragmentHeader(target, at, byteAt(data, start), from === start + 1, to === end);
        copyBytes(data, from, to, target, at + fuHeaderBytes);
        lengths[packet] = to - from + fuHeaderBytes;
        at += to - from + fuHeaderBytes;
        packet += 1;
      }
      start = end;
      continue;
    }
    const last = isVcl(nalTypeAt(data, start)) ? index : lastOfAggregate(unit, index, start, maxPayloadBytes);
    const written =
      last === index
        ? writeWhole(data, start, end, target, at)
        : writeAggregate(unit, index, last, start, target, at);
    lengths[packet] = written;
    at += written;
    packet += 1;
    start = unitEnds[last] ?? end;
    index = last;
  }
  return { packets: packet - lengthsAt, bytes: at - offset };
}

function isLeftOut(type: number): boolean {
  return (
    type === 0 ||
    type === nalType.sei ||
    (type >= nalType.accessUnitDelimiter && type <= nalType.filler) ||
    type >= stapA
  );
}

function writeWhole(data: Uint8Array, start: number, end: number, target: Uint8Array, at: number): number {
  copyBytes(data, start, end, target, at);
  return end - start;
}

function writeFragmentHeader(
  target: Uint8Array,
  at: number,
  nalHeader: number,
  isFirst: boolean,
  isLast: boolean,
): void {
  target[at] = (nalHeader & 0xe0) | fuA;
  target[at + 1] = (isFirst ? 0x80 : 0) | (isLast ? 0x40 : 0) | (nalHeader & 0x1f);
}

/** Index of the last NAL unit that fits into one STAP-A with that at `first`; what is left out does not end it. */
function lastOfAggregate(
  unit: AccessUnit,
  first: number,
  firstStart: number,
  maxPayloadBytes: number,
): number {
  const { data, unitEnds } = unit;
  let last = first;
  let start = unitEnds[first] ?? 0;
  let bytes = 1 + 2 + start - firstStart;
  for (let index = first + 1; index < unitEnds.length; index += 1) {
    const end = unitEnds[index] ?? start;
    const type = nalTypeAt(data, start);
    if (end > start && !isLeftOut(type)) {
      bytes += 2 + end - start;
      if (isVcl(type) || bytes > maxPayloadBytes) break;
      last = index;
    }
    start = end;
  }
  return last;
}

function writeAggregate(
  unit: AccessUnit,
  first: number,
  last: number,
  firstStart: number,
  target: Uint8Array,
  offset: number,
): number {
  const { data, unitEnds } = unit;
  let at = offset + 1;
  let start = firstStart;
  let importance = 0;
  for (let index = first; index <= last; index += 1) {
    const end = unitEnds[index] ?? start;
    if (end > start && !isLeftOut(nalTypeAt(data, start))) {
      target[at] = (end - start) >> 8;
      target[at + 1] = end - start;
      copyBytes(data, start, end, target, at + 2);
      at += 2 + end - start;
      importance = Math.max(importance, byteAt(data, start) & 0x60);
    }
    start = end;
  }
  target[offset] = importance | stapA;
  return at - offset;
}
