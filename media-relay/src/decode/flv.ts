// Adobe Flash Video File Format 10.1, Annex E, for H.264 only: how pictures are handed to ffmpeg. A raw byte stream has no
// times, and its end of a picture is seen only when the next one begins; a tag has a time and an end.
// Not implemented: audio, B-frames (composition time is 0), timestamps beyond 2^31 ms.

const videoTag = 9;
const avc = 7;
const tagHeaderBytes = 11;

/** The file's head; what follows it is tags. */
export const flvHeader: Uint8Array = Uint8Array.from([0x46, 0x4c, 0x56, 1, 1, 0, 0, 0, 9, 0, 0, 0, 0]);

/**
 * The decoder's description (ISO/IEC 14496-15, 5.3.3.1) as a tag, from the parameter sets of a key frame. Parameter sets
 * in later pictures count, too. Undefined when the picture has none.
 *
 * @param units NAL units, each after its length in four bytes
 */
export function flvConfiguration(units: Uint8Array): Uint8Array | undefined {
  const sps = findUnit(units, 7);
  const pps = findUnit(units, 8);
  if (sps === undefined || pps === undefined || sps.length < 4) return undefined;
  const [, profile = 0, compatibility = 0, level = 0] = sps;
  const head = [1, profile, compatibility, level, 0xff, 0xe1, sps.length >> 8, sps.length & 0xff];
  const between = [1, pps.length >> 8, pps.length & 0xff];
  return tag(0, 0, true, Buffer.concat([Buffer.from(head), sps, Buffer.from(between), pps]));
}

/** One picture as a tag, `atMs` after the beginning. */
export function flvPicture(units: Uint8Array, isKey: boolean, atMs: number): Uint8Array {
  return tag(1, atMs, isKey, units);
}

function tag(packetType: 0 | 1, atMs: number, isKey: boolean, payload: Uint8Array): Uint8Array {
  const dataBytes = 5 + payload.length;
  const bytes = new Uint8Array(tagHeaderBytes + dataBytes + 4);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, (videoTag << 24) | dataBytes);
  const time = Math.round(atMs) & 0x7fffffff;
  // 24 bits, and after them the upper eight.
  view.setUint32(4, (time & 0xffffff) * 256 + (time >>> 24));
  bytes[tagHeaderBytes] = ((isKey ? 1 : 2) << 4) | avc;
  bytes[tagHeaderBytes + 1] = packetType;
  bytes.set(payload, tagHeaderBytes + 5);
  view.setUint32(tagHeaderBytes + dataBytes, tagHeaderBytes + dataBytes);
  return bytes;
}

function findUnit(units: Uint8Array, type: number): Uint8Array | undefined {
  const view = new DataView(units.buffer, units.byteOffset, units.byteLength);
  for (let at = 0; at + 5 <= units.length;) {
    const end = at + 4 + view.getUint32(at);
    if (end > units.length) return undefined;
    if (((units[at + 4] ?? 0) & 0x1f) === type) return units.subarray(at + 4, end);
    at = end;
  }
  return undefined;
}
