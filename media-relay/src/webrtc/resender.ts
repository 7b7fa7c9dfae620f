/**
 * Answers NACKs of one viewer out of the stream's history (RFC 4585 6.2.1): by RTX (RFC 4588) where negotiated, else the
 * packet itself again, bit for bit. At most one resend of a packet per round trip, and at most 30 % of the stream's rate,
 * or of what a narrower path carries, where it is taken from the pace of the video.
 */
import type { Block } from '../native/arena.ts';
import type { StoredFrame } from '../stream/packet-store.ts';
import type { PathStatistics } from '../stream/path-statistics.ts';
import type { Destination } from './egress.ts';
import { TokenBucket } from './pacer.ts';
import { LOSSY_SHARE, type PathEstimate } from './path-estimate.ts';
import type { RtpSender } from './rtp-sender.ts';
import type { SentFrames, SentPacket } from './sent-frames.ts';

const RESEND_SHARE = 0.3;
/** For a stream whose rate is not known yet. */
const UNKNOWN_RATE_RESEND_BPS = 300_000;
/** Room for the packets of one loss, however narrow the stream. */
const LEAST_BURST_BYTES = 5000;
/** Resends of one packet are at least this far apart when the round trip is shorter. */
const MIN_INTERVAL_MS = 10;
/**
 * While the round trip is unknown. An echo tells it before a viewer can miss anything (session-media.ts), unless it was lost or the
 * peer answers no STUN; browsers assume the same until they know, and ask for a packet no sooner again.
 */
const UNKNOWN_ROUND_TRIP_MS = 100;
/** A resend is remembered so long, and for two round trips: until feedback on it has come. */
const REMEMBER_MS = 1000;
/** Of the times that come back with feedback (packet-trains.ts): the same departure is not one after itself. */
const SENT_RESOLUTION_MS = 1 / 32;

export interface ResenderOptions {
  readonly sent: SentFrames;
  readonly video: RtpSender;
  readonly rtx: RtpSender | undefined;
  /** Scratch for one RTX payload. */
  readonly payload: Block;
  readonly statistics: PathStatistics;
  readonly estimate: Pick<PathEstimate, 'capacityBps' | 'lossShare' | 'queuedBps' | 'resent' | 'sent'>;
  /** So many bytes have left besides the video's own. */
  readonly onResent: (bytes: number, nowMs: number) => void;
  readonly nowMs: number;
}

export class Resender {
  readonly #options: ResenderOptions;
  readonly #budget: TokenBucket;
  readonly #resent = new Map<number, { readonly atMs: number; copies: number }>();
  #streamBitrateBps = 0;

  constructor(options: ResenderOptions) {
    this.#options = options;
    this.#budget = new TokenBucket(UNKNOWN_RATE_RESEND_BPS, UNKNOWN_RATE_RESEND_BPS / 8, options.nowMs);
  }

  /** How many of these are missed for the first time, or again after a resend: a browser repeats each of its NACKs. */
  countNew(sequences: readonly number[], roundTripMs: number | undefined, nowMs: number): number {
    let count = 0;
    for (const seq of sequences) if (!this.#isUnderWay(seq, roundTripMs, nowMs)) count++;
    return count;
  }

  /** Resends what it can. Returns false when a packet is no longer in the history: the viewer needs a resynchronisation. */
  resend(
    sequences: readonly number[],
    destination: Destination,
    roundTripMs: number | undefined,
    nowMs: number,
  ): boolean {
    const { sent, video, rtx, statistics, onResent } = this.#options;
    this.#limit();
    let isInHistory = true;
    for (const seq of sequences) {
      const packet = sent.find(seq, video.nextExtendedSeq);
      const frame = packet && packet.store.frame(packet.frameNumber);
      if (!packet || !frame) {
        // A browser asks for it ten times, and each time for packets of the resynchronisation as well.
        isInHistory = false;
        continue;
      }
      if (this.#isUnderWay(seq, roundTripMs, nowMs)) continue;
      if (this.#budget.credit(nowMs) <= 0) break;
      const copies = rtx && this.#isLossy ? 2 : 1;
      this.#resent.set(seq, { atMs: nowMs, copies });
      const bytes = this.#send(destination, frame, packet, copies, nowMs);
      this.#budget.take(bytes);
      statistics.resent(copies, bytes);
      onResent(bytes, nowMs);
    }
    return isInHistory;
  }

  /**
   * Transport-wide feedback names a packet that left at `sentMs` as missing: resends it unless it has left again since, or
   * another copy of it may have come. A lost NACK, or a lost resend, costs a browser's next try otherwise, which comes 100 ms later.
   */
  resendLost(
    seq: number,
    sentMs: number,
    destination: Destination,
    roundTripMs: number | undefined,
    nowMs: number,
  ): void {
    const last = this.#resent.get(seq);
    if (last !== undefined) {
      if (last.atMs - sentMs > SENT_RESOLUTION_MS) return;
      last.copies--;
      if (last.copies > 0) return;
    }
    this.resend([seq], destination, roundTripMs, nowMs);
  }

  /** About once a second. */
  tick(streamBitrateBps: number, roundTripMs: number | undefined, nowMs: number): void {
    this.#streamBitrateBps = streamBitrateBps;
    const rememberMs = Math.max(REMEMBER_MS, 2 * (roundTripMs ?? 0));
    for (const [seq, { atMs }] of this.#resent) {
      if (nowMs - atMs > rememberMs) this.#resent.delete(seq);
    }
  }

  #limit(): void {
    const streamBps = this.#streamBitrateBps * RESEND_SHARE || UNKNOWN_RATE_RESEND_BPS;
    const queuedBps = this.#options.estimate.queuedBps ?? Number.POSITIVE_INFINITY;
    const rateBps = Math.min(streamBps, queuedBps * RESEND_SHARE);
    this.#budget.setRate(rateBps, Math.max(LEAST_BURST_BYTES, rateBps / 8));
  }

  #isUnderWay(seq: number, roundTripMs: number | undefined, nowMs: number): boolean {
    const last = this.#resent.get(seq);
    const intervalMs = Math.max(MIN_INTERVAL_MS, roundTripMs ?? UNKNOWN_ROUND_TRIP_MS);
    return last !== undefined && nowMs - last.atMs < intervalMs;
  }

  /** Radio loses resends, too, and a browser asks again only 100 ms later. A full queue must not get more. */
  get #isLossy(): boolean {
    const { lossShare, capacityBps } = this.#options.estimate;
    return lossShare >= LOSSY_SHARE && capacityBps === undefined;
  }

  #send(
    destination: Destination,
    frame: StoredFrame,
    sent: SentPacket,
    copies: number,
    nowMs: number,
  ): number {
    const { video, rtx, payload, estimate } = this.#options;
    const { store } = sent;
    if (!rtx) {
      estimate.resent(sent.extendedSeq & 0xffff);
      return video.resend(destination, store.memory, frame, sent);
    }
    let from = frame.offset;
    for (let i = 0; i < sent.packet; i++) from += frame.payloadLengths[i] ?? 0;
    const length = frame.payloadLengths[sent.packet] ?? 0;
    // RFC 4588 4: the original sequence number, then the original payload.
    payload.bytes[0] = sent.extendedSeq >>> 8;
    payload.bytes[1] = sent.extendedSeq;
    payload.bytes.set(store.memory.bytes.subarray(from, from + length), 2);
    const marker = sent.packet === frame.payloadLengths.length - 1;
    let bytes = 0;
    for (let copy = 0; copy < copies; copy++) {
      const transportSeq = rtx.nextTransportSeq;
      const copyBytes = rtx.sendPayload(destination, payload, length + 2, sent.timestamp, marker);
      estimate.sent(transportSeq, 1, copyBytes, nowMs, sent.extendedSeq);
      bytes += copyBytes;
    }
    return bytes;
  }
}
