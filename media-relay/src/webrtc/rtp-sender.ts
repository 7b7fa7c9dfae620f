/** One outgoing RTP stream of one viewer (RFC 3550): headers, sealing, runs of equal packets to the egress. */
import type { Block } from '../native/arena.ts';
import type { StoredFrame } from '../stream/packet-store.ts';
import { MAX_RUN_PACKETS, type Destination, type Egress } from './egress.ts';
import type { SentPacket } from './sent-frames.ts';
import type { SrtpCipher } from './srtp.ts';

const HEADER_BYTES = 12;
/** One-byte extension header (RFC 8285) with playout-delay: BEDE, length 1, id|2, 3 bytes of delay. */
const PLAYOUT_DELAY_BYTES = 8;
/** Maximum of 500 ms in units of 10 ms; the minimum is 0. Chromium renders without smoothing then. */
const PLAYOUT_DELAY_MAX = 50;

export interface RtpSenderOptions {
  readonly ssrc: number;
  readonly payloadType: number;
  /** First sequence number; random (RFC 3550 5.1). */
  readonly firstSeq: number;
  readonly cipher: SrtpCipher;
  readonly egress: Egress;
  /** Extension id of playout-delay, when negotiated. */
  readonly playoutDelayId: number | undefined;
}

export class RtpSender {
  readonly ssrc: number;
  readonly payloadType: number;
  readonly #cipher: SrtpCipher;
  readonly #egress: Egress;
  readonly #playoutDelayId: number | undefined;
  readonly #out: DataView;
  #seq: number;
  #roc = 0;
  /** Packets and payload octets sent, as in sender reports. */
  packets = 0;
  octets = 0;

  constructor(options: RtpSenderOptions) {
    this.ssrc = options.ssrc >>> 0;
    this.payloadType = options.payloadType;
    this.#seq = options.firstSeq & 0xffff;
    this.#cipher = options.cipher;
    this.#egress = options.egress;
    const { bytes } = options.egress.buffer;
    this.#out = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#playoutDelayId = options.playoutDelayId;
  }

  /** The sequence number that the next packet will have, with its roll-over count. */
  get nextExtendedSeq(): number {
    return this.#roc * 0x1_0000 + this.#seq;
  }

  /**
   * Sends packets `from` (inclusive) to `to` (exclusive) of a frame whose payloads lie in `memory`. The last packet of
   * the frame carries the marker; `extended` puts playout-delay into each, so that segments stay equal. Returns the
   * bytes that left.
   */
  sendPackets(
    destination: Destination,
    memory: Block,
    frame: StoredFrame,
    from: number,
    to: number,
    timestamp: number,
    extended: boolean,
  ): number {
    const { payloadLengths } = frame;
    const lastPacket = payloadLengths.length - 1;
    const tagBytes = this.#cipher.rtpTagBytes;
    const headerBytes = this.#headerBytes(extended);
    let source = frame.offset;
    for (let i = 0; i < from; i++) source += payloadLengths[i] ?? 0;
    let seq = this.#seq;
    let roc = this.#roc;
    let filled = 0;
    let segmentBytes = 0;
    let run = 0;
    let sent = 0;
    for (let i = from; i < to; i++) {
      const payloadBytes = payloadLengths[i] ?? 0;
      const packetBytes = headerBytes + payloadBytes + tagBytes;
      if (run === 0) {
        segmentBytes = packetBytes;
      } else if (packetBytes > segmentBytes || run === MAX_RUN_PACKETS) {
        this.#egress.send(destination, filled, segmentBytes);
        sent += filled;
        filled = 0;
        run = 0;
        segmentBytes = packetBytes;
      }
      this.#writeHeader(filled, extended, i === lastPacket, seq, timestamp);
      filled += this.#cipher.sealRtp(filled, headerBytes, memory, source, payloadBytes, this.ssrc, roc, seq);
      run++;
      source += payloadBytes;
      this.octets += payloadBytes;
      if (++seq === 0x1_0000) {
        seq = 0;
        roc++;
      }
      // A shorter segment must be the last of its call.
      if (packetBytes < segmentBytes) {
        this.#egress.send(destination, filled, segmentBytes);
        sent += filled;
        filled = 0;
        run = 0;
      }
    }
    if (run > 0) {
      this.#egress.send(destination, filled, segmentBytes);
      sent += filled;
    }
    this.packets += to - from;
    this.#seq = seq;
    this.#roc = roc;
    return sent;
  }

  /** Sends one packet again exactly as it was: same sequence number, roll-over count, timestamp and payload. */
  resend(destination: Destination, memory: Block, frame: StoredFrame, sent: SentPacket): number {
    const { packet, timestamp, extended, extendedSeq } = sent;
    let source = frame.offset;
    for (let i = 0; i < packet; i++) source += frame.payloadLengths[i] ?? 0;
    const payloadBytes = frame.payloadLengths[packet] ?? 0;
    const seq = extendedSeq & 0xffff;
    const roc = Math.floor(extendedSeq / 0x1_0000);
    const headerBytes = this.#headerBytes(extended);
    this.#writeHeader(0, extended, packet === frame.payloadLengths.length - 1, seq, timestamp);
    const bytes = this.#cipher.sealRtp(0, headerBytes, memory, source, payloadBytes, this.ssrc, roc, seq);
    this.#egress.send(destination, bytes, bytes);
    return bytes;
  }

  /** Sends one packet with a payload of its own (RTX, audio). Returns the bytes that left. */
  sendPayload(
    destination: Destination,
    payload: Block,
    payloadBytes: number,
    timestamp: number,
    marker: boolean,
  ): number {
    this.#fixedHeader(0, 0x80, (marker ? 0x80 : 0) | this.payloadType, this.#seq, timestamp);
    const bytes = this.#cipher.sealRtp(
      0,
      HEADER_BYTES,
      payload,
      0,
      payloadBytes,
      this.ssrc,
      this.#roc,
      this.#seq,
    );
    this.#egress.send(destination, bytes, bytes);
    this.packets++;
    this.octets += payloadBytes;
    if (++this.#seq === 0x1_0000) {
      this.#seq = 0;
      this.#roc++;
    }
    return bytes;
  }

  #headerBytes(extended: boolean): number {
    return extended && this.#playoutDelayId !== undefined ? HEADER_BYTES + PLAYOUT_DELAY_BYTES : HEADER_BYTES;
  }

  #writeHeader(at: number, extended: boolean, marker: boolean, seq: number, timestamp: number): void {
    const id = extended ? this.#playoutDelayId : undefined;
    this.#fixedHeader(
      at,
      id === undefined ? 0x80 : 0x90,
      (marker ? 0x80 : 0) | this.payloadType,
      seq,
      timestamp,
    );
    if (id === undefined) return;
    const out = this.#egress.buffer.bytes;
    out[at + 12] = 0xbe;
    out[at + 13] = 0xde;
    out[at + 14] = 0;
    out[at + 15] = 1;
    out[at + 16] = (id << 4) | 2;
    out[at + 17] = 0;
    out[at + 18] = PLAYOUT_DELAY_MAX >>> 8;
    out[at + 19] = PLAYOUT_DELAY_MAX;
  }

  #fixedHeader(at: number, first: number, second: number, seq: number, timestamp: number): void {
    const out = this.#out;
    out.setUint32(at, (first << 24) | (second << 16) | seq);
    out.setUint32(at + 4, timestamp);
    out.setUint32(at + 8, this.ssrc);
  }
}
