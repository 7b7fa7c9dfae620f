// RFC 6184, the way back from what `packetiseH264` writes (single NAL unit 5.6, STAP-A 5.7.1, FU-A 5.8) to NAL units, each
// after its length in four bytes (ISO/IEC 14496-15, 5.3.3). For payloads of our own making only: nothing is tolerated that
// the packetiser does not do, and a payload that it did not write ends what is written.

import { copyBytes } from './copy-bytes.ts';
import { byteAt } from './packet.ts';
import { fuA, stapA } from './payload-types.ts';

const lengthBytes = 4;

/** Bytes that `writeUnits` writes at most for the payloads from `offset` on. */
export function unitsBound(memory: Uint8Array, offset: number, lengths: Uint16Array): number {
  let bytes = 0;
  let at = offset;
  for (const length of lengths) {
    const type = byteAt(memory, at) & 0x1f;
    // A STAP-A has two bytes of length before each NAL unit, which become four.
    bytes += type === stapA ? 2 * length : length + lengthBytes;
    at += length;
  }
  return bytes;
}

/** Writes the NAL units of one access unit to `target` and tells how many bytes they are. */
export function writeUnits(
  memory: Uint8Array,
  offset: number,
  lengths: Uint16Array,
  target: Uint8Array,
): number {
  let from = offset;
  let at = 0;
  /** Where the length of the fragmented unit under way stands. */
  let unitAt = 0;
  for (const length of lengths) {
    const end = from + length;
    const type = byteAt(memory, from) & 0x1f;
    if (type === fuA) {
      const header = byteAt(memory, from + 1);
      if ((header & 0x80) !== 0) {
        unitAt = at;
        target[at + lengthBytes] = (byteAt(memory, from) & 0xe0) | (header & 0x1f);
        at += lengthBytes + 1;
      }
      copyBytes(memory, from + 2, end, target, at);
      at += length - 2;
      writeLength(target, unitAt, at - unitAt - lengthBytes);
    } else if (type === stapA) {
      at = writeAggregate(memory, from + 1, end, target, at);
    } else {
      writeLength(target, at, length);
      copyBytes(memory, from, end, target, at + lengthBytes);
      at += lengthBytes + length;
    }
    from = end;
  }
  return at;
}

function writeAggregate(
  memory: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  at: number,
): number {
  let from = start;
  let to = at;
  while (from + 2 < end) {
    const length = (byteAt(memory, from) << 8) | byteAt(memory, from + 1);
    if (length === 0 || from + 2 + length > end) break;
    writeLength(target, to, length);
    copyBytes(memory, from + 2, from + 2 + length, target, to + lengthBytes);
    to += lengthBytes + length;
    from += 2 + length;
  }
  return to;
}

function writeLength(target: Uint8Array, at: number, length: number): void {
  target[at] = length >>> 24;
  target[at + 1] = length >>> 16;
  target[at + 2] = length >>> 8;
  target[at + 3] = length;
}
