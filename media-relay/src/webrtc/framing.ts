// RFC 4571 2: datagrams on a TCP connection, each behind its length in 16 bits, as ICE-TCP uses it for STUN, DTLS and
// SRTP alike (RFC 6544 3).
import { ProtocolError } from '../media/protocol-error.ts';

export const FRAME_HEADER_BYTES = 2;
/** What a viewer sends is STUN, DTLS flights for a path of 1,200 bytes, and RTCP. */
export const MAX_FRAME_BYTES = 2048;

/**
 * `bytes` as frames of `segmentBytes` each, the last one shorter or equal: a run of equal packets in one buffer.
 * `segmentBytes` must be 1 to 65,535.
 */
export function writeFrames(bytes: Uint8Array, segmentBytes: number): Uint8Array {
  const frames = Math.ceil(bytes.length / segmentBytes);
  const out = Buffer.allocUnsafe(bytes.length + frames * FRAME_HEADER_BYTES);
  let at = 0;
  for (let from = 0; from < bytes.length; from += segmentBytes) {
    const length = Math.min(segmentBytes, bytes.length - from);
    out[at] = length >>> 8;
    out[at + 1] = length;
    out.set(bytes.subarray(from, from + length), at + FRAME_HEADER_BYTES);
    at += FRAME_HEADER_BYTES + length;
  }
  return out;
}

/** Takes a TCP connection's bytes as they come; keeps at most one unfinished frame. */
export class FrameReader {
  #unfinished: Uint8Array | undefined;
  #filled = 0;

  /**
   * Calls `onFrame` with each datagram, which is only valid during the call. Frames of length 0 are legal and mean
   * nothing. Throws ProtocolError 'FRAME_TOO_LONG' for one over MAX_FRAME_BYTES, and must not be used after that.
   */
  push(chunk: Uint8Array, onFrame: (datagram: Uint8Array) => void): void {
    let at = this.#finish(chunk, onFrame);
    while (chunk.length - at >= FRAME_HEADER_BYTES) {
      const length = checked(((chunk[at] ?? 0) << 8) | (chunk[at + 1] ?? 0));
      const end = at + FRAME_HEADER_BYTES + length;
      if (end > chunk.length) break;
      if (length > 0) onFrame(chunk.subarray(at + FRAME_HEADER_BYTES, end));
      at = end;
    }
    if (at < chunk.length) this.#keep(chunk, at, chunk.length);
  }

  /** Completes the frame that an earlier chunk began; returns how many bytes of this one that took. */
  #finish(chunk: Uint8Array, onFrame: (datagram: Uint8Array) => void): number {
    const unfinished = this.#unfinished;
    if (unfinished === undefined || this.#filled === 0) return 0;
    let at = 0;
    if (this.#filled < FRAME_HEADER_BYTES) {
      if (chunk.length === 0) return 0;
      this.#keep(chunk, 0, 1);
      at = 1;
    }
    const length = checked(((unfinished[0] ?? 0) << 8) | (unfinished[1] ?? 0));
    const missing = FRAME_HEADER_BYTES + length - this.#filled;
    const end = Math.min(chunk.length, at + missing);
    this.#keep(chunk, at, end);
    if (end - at < missing) return end;
    this.#filled = 0;
    if (length > 0) onFrame(unfinished.subarray(FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + length));
    return end;
  }

  #keep(chunk: Uint8Array, from: number, to: number): void {
    this.#unfinished ??= new Uint8Array(FRAME_HEADER_BYTES + MAX_FRAME_BYTES);
    this.#unfinished.set(chunk.subarray(from, to), this.#filled);
    this.#filled += to - from;
  }
}

function checked(length: number): number {
  if (length > MAX_FRAME_BYTES) {
    throw new ProtocolError(
      'FRAME_TOO_LONG',
      `frame of ${length} bytes: at most ${MAX_FRAME_BYTES} are taken`,
    );
  }
  return length;
}
