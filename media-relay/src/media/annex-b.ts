// ITU-T H.264 Annex B: the byte stream format, NAL units between start codes.

/** The NAL units of a whole byte stream, without start codes and trailing zero bytes; views into `bytes`. */
export function splitAnnexB(bytes: Uint8Array): Uint8Array[] {
  const nals: Uint8Array[] = [];
  let start = -1;
  let zeros = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === 0) {
      zeros += 1;
      continue;
    }
    if (byte === 1 && zeros >= 2) {
      if (start >= 0 && at - zeros > start) nals.push(bytes.subarray(start, at - zeros));
      start = at + 1;
    }
    zeros = 0;
  }
  if (start >= 0 && bytes.length - zeros > start) nals.push(bytes.subarray(start, bytes.length - zeros));
  return nals;
}
