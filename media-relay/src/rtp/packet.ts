// RFC 3550 5.1, 5.3.1: the RTP fixed header, CSRC list, header extension and padding.
// Not implemented: the meaning of header extensions (RFC 8285); they are stepped over.

export const rtpHeaderBytes = 12;

/**
 * The header of one packet, read into the same object again and again: this is the hot path, so `parse` makes no
 * object and does not throw; for anything that is not RTP version 2 with consistent lengths it answers false.
 * After false, the fields mean nothing.
 */
export class RtpPacket {
  marker = false;
  payloadType = 0;
  sequence = 0;
  timestamp = 0;
  ssrc = 0;
  /** The payload is buffer[payloadStart..payloadEnd), without padding. It may be empty. */
  payloadStart = 0;
  payloadEnd = 0;

  parse(buffer: Uint8Array, start: number, end: number): boolean {
    if (start < 0 || end > buffer.length || end - start < rtpHeaderBytes) return false;
    const first = byteAt(buffer, start);
    if (first >> 6 !== 2) return false;
    const second = byteAt(buffer, start + 1);
    this.marker = second > 127;
    this.payloadType = second & 0x7f;
    this.sequence = (byteAt(buffer, start + 2) << 8) | byteAt(buffer, start + 3);
    this.timestamp = uint32At(buffer, start + 4);
    this.ssrc = uint32At(buffer, start + 8);

    let payloadStart = start + rtpHeaderBytes + (first & 0x0f) * 4;
    if ((first & 0x10) !== 0) {
      if (payloadStart + 4 > end) return false;
      const words = (byteAt(buffer, payloadStart + 2) << 8) | byteAt(buffer, payloadStart + 3);
      payloadStart += 4 + words * 4;
    }
    let payloadEnd = end;
    if ((first & 0x20) !== 0) {
      const padding = byteAt(buffer, end - 1);
      if (padding === 0) return false;
      payloadEnd -= padding;
    }
    if (payloadStart > payloadEnd) return false;
    this.payloadStart = payloadStart;
    this.payloadEnd = payloadEnd;
    return true;
  }
}

/** The caller has checked the bounds; 0 beyond them. */
export function byteAt(buffer: Uint8Array, at: number): number {
  return buffer[at] ?? 0;
}

export function uint32At(buffer: Uint8Array, at: number): number {
  return (
    ((byteAt(buffer, at) << 24) |
      (byteAt(buffer, at + 1) << 16) |
      (byteAt(buffer, at + 2) << 8) |
      byteAt(buffer, at + 3)) >>>
    0
  );
}
