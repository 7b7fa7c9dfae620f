/** One outgoing RTP stream of one viewer (RFC 3550): headers, sealing, runs of equal packets to the egress. */
import type { Block } from '../native/arena.ts';
import type { StoredFrame } from '../stream/packet-store.ts';
import { MAX_RUN_PACKETS, type Destination, type Egress } from './egress.ts';
import type { SentPacket } from './sent-frames.ts';
import type { SrtpCipher } from './srtp.ts';

const HEADER_BYTES = 12;
/** RFC 8285 4.2: one-byte extension headers; the number of 32-bit words follows. */
const ONE_BYTE_PROFILE = 0xbede_0000;
/** Each of our two extensions fills one word: identifier and length, then at most three bytes. */
const WORD_BYTES = 4;

/** Playout-delay as on the wire: minimum and maximum in units of 10 ms, 12 bits each. */
export function playoutDelay(minMs: number, maxMs: number): number {
  return (Math.min(0xfff, Math.round(minMs / 10)) << 12) | Math.min(0xfff, Math.round(maxMs / 10));
}
/** For packets without it. */
export const NO_PLAYOUT_DELAY = 0;

/** Counts what all senders of one viewer send, for transport-wide feedback. */
export interface TransportSequence {
  next: number;
}

/** The transport-wide sequence number (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 2). */
export interface TransportCc {
  readonly id: number;
  /**
   * Shared with the RTX sender. Without RTX undefined: the packet's own sequence number serves, so that a resend is the
   * same packet, bit for bit.
   */
  readonly sequence: TransportSequence | undefined;
}

export interface RtpSenderOptions {
  readonly ssrc: number;
  readonly payloadType: number;
  /** First sequence number; random (RFC 3550 5.1). */
  readonly firstSeq: number;
  readonly cipher: SrtpCipher;
  readonly egress: Egress;
  /** Extension id of playout-delay, when negotiated. */
  readonly playoutDelayId?: number | undefined;
  /** When negotiated. Every packet carries it then. */
  readonly transportCc?: TransportCc | undefined;
}

export class RtpSender {
  readonly ssrc: number;
  readonly payloadType: number;
  readonly #cipher: SrtpCipher;
  readonly #egress: Egress;
  readonly #transportSequence: TransportSequence | undefined;
  /** First byte of each extension, 0 when it was not negotiated: identifier, and length minus one. */
  readonly #playoutDelayHead: number;
  readonly #transportCcHead: number;
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
    const { playoutDelayId, transportCc } = options;
    this.#playoutDelayHead = playoutDelayId === undefined ? 0 : (playoutDelayId << 4) | 2;
    this.#transportCcHead = transportCc === undefined ? 0 : (transportCc.id << 4) | 1;
    this.#transportSequence = transportCc?.sequence;
  }

  /** The sequence number that the next packet will have, with its roll-over count. */
  get nextExtendedSeq(): number {
    return this.#roc * 0x1_0000 + this.#seq;
  }

  /** The transport-wide sequence number, 16 bits, that the next packet will have. */
  get nextTransportSeq(): number {
    return this.#transportSequence?.next ?? this.#seq;
  }

  /**
   * Sends packets `from` (inclusive) to `to` (exclusive) of a frame whose payloads lie in `memory`. The last packet of
   * the frame carries the marker; `playoutDelay` goes into each, so that segments stay equal. Returns the
   * bytes that left.
   */
  sendPackets(
    destination: Destination,
    memory: Block,
    frame: StoredFrame,
    from: number,
    to: number,
    timestamp: number,
    playoutDelay: number,
  ): number {
    const { payloadLengths } = frame;
    const lastPacket = payloadLengths.length - 1;
    const tagBytes = this.#cipher.rtpTagBytes;
    const headerBytes = this.#headerBytes(playoutDelay);
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
      this.#writeHeader(filled, playoutDelay, i === lastPacket, seq, timestamp, this.#takeTransportSeq(seq));
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

  /**
   * Sends one packet again exactly as it was: same sequence numbers, roll-over count, timestamp and payload. Not for
   * viewers with RTX, whose transport-wide sequence numbers are counted apart.
   */
  resend(destination: Destination, memory: Block, frame: StoredFrame, sent: SentPacket): number {
    const { packet, timestamp, playoutDelay, extendedSeq } = sent;
    let source = frame.offset;
    for (let i = 0; i < packet; i++) source += frame.payloadLengths[i] ?? 0;
    const payloadBytes = frame.payloadLengths[packet] ?? 0;
    const seq = extendedSeq & 0xffff;
    const roc = Math.floor(extendedSeq / 0x1_0000);
    const headerBytes = this.#headerBytes(playoutDelay);
    const isLast = packet === frame.payloadLengths.length - 1;
    this.#writeHeader(0, playoutDelay, isLast, seq, timestamp, seq);
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
    const [seq, roc] = [this.#seq, this.#roc];
    const headerBytes = this.#headerBytes(NO_PLAYOUT_DELAY);
    this.#writeHeader(0, NO_PLAYOUT_DELAY, marker, seq, timestamp, this.#takeTransportSeq(seq));
    const bytes = this.#cipher.sealRtp(0, headerBytes, payload, 0, payloadBytes, this.ssrc, roc, seq);
    this.#egress.send(destination, bytes, bytes);
    this.packets++;
    this.octets += payloadBytes;
    if (++this.#seq === 0x1_0000) {
      this.#seq = 0;
      this.#roc++;
    }
    return bytes;
  }

  #takeTransportSeq(seq: number): number {
    const sequence = this.#transportSequence;
    if (sequence === undefined) return seq;
    const { next } = sequence;
    sequence.next = (next + 1) & 0xffff;
    return next;
  }

  #headerBytes(playoutDelay: number): number {
    const words =
      (playoutDelay !== NO_PLAYOUT_DELAY && this.#playoutDelayHead !== 0 ? 1 : 0) +
      (this.#transportCcHead === 0 ? 0 : 1);
    return words === 0 ? HEADER_BYTES : HEADER_BYTES + (1 + words) * WORD_BYTES;
  }

  #writeHeader(
    at: number,
    playoutDelay: number,
    marker: boolean,
    seq: number,
    timestamp: number,
    transportSeq: number,
  ): void {
    const out = this.#out;
    const playoutDelayHead = playoutDelay === NO_PLAYOUT_DELAY ? 0 : this.#playoutDelayHead;
    const transportCc = this.#transportCcHead;
    const isExtended = playoutDelayHead !== 0 || transportCc !== 0;
    const payloadType = marker ? 0x80 | this.payloadType : this.payloadType;
    out.setUint32(at, ((isExtended ? 0x90 : 0x80) << 24) | (payloadType << 16) | seq);
    out.setUint32(at + 4, timestamp);
    out.setUint32(at + 8, this.ssrc);
    if (!isExtended) return;
    let word = at + HEADER_BYTES + WORD_BYTES;
    if (playoutDelayHead !== 0) {
      out.setUint32(word, (playoutDelayHead << 24) | playoutDelay);
      word += WORD_BYTES;
    }
    if (transportCc !== 0) {
      // Two bytes, and one of padding.
      out.setUint32(word, (transportCc << 24) | (transportSeq << 8));
      word += WORD_BYTES;
    }
    const words = (word - at - HEADER_BYTES) / WORD_BYTES - 1;
    out.setUint32(at + HEADER_BYTES, ONE_BYTE_PROFILE | words);
  }
}
