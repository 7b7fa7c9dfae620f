/**
 * Answers NACKs of one viewer out of the stream's history (RFC 4585 6.2.1): by RTX (RFC 4588) where negotiated, else the
 * packet itself again, bit for bit. At most one resend of a packet per round trip, and at most 30 % of the stream's rate.
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
const MIN_RESEND_BPS = 300_000;
/** Resends of one packet are at least this far apart when the round trip is unknown or shorter. */
const MIN_INTERVAL_MS = 10;
const FORGET_AFTER_MS = 1000;

export interface ResenderOptions {
  readonly sent: SentFrames;
  readonly video: RtpSender;
  readonly rtx: RtpSender | undefined;
  /** Scratch for one RTX payload. */
  readonly payload: Block;
  readonly statistics: PathStatistics;
  readonly estimate: Pick<PathEstimate, 'capacityBps' | 'lossShare' | 'resent' | 'sent'>;
  readonly nowMs: number;
}

export class Resender {
  readonly #options: ResenderOptions;
  readonly #budget: TokenBucket;
  readonly #resentAtMs = new Map<number, number>();

  constructor(options: ResenderOptions) {
    this.#options = options;
    this.#budget = new TokenBucket(MIN_RESEND_BPS, MIN_RESEND_BPS / 8, options.nowMs);
  }

  /** Resends what it can. Returns false when a packet is no longer in the history: the viewer needs a resynchronisation. */
  resend(
    sequences: readonly number[],
    destination: Destination,
    roundTripMs: number | undefined,
    nowMs: number,
  ): boolean {
    const { sent, video, statistics } = this.#options;
    const interval = Math.max(MIN_INTERVAL_MS, roundTripMs ?? 0);
    let isInHistory = true;
    for (const seq of sequences) {
      const packet = sent.find(seq, video.nextExtendedSeq);
      const frame = packet && packet.store.frame(packet.frameNumber);
      if (!packet || !frame) {
        // A browser asks for it ten times, and each time for packets of the resynchronisation as well.
        isInHistory = false;
        continue;
      }
      if (nowMs - (this.#resentAtMs.get(seq) ?? Number.NEGATIVE_INFINITY) < interval) continue;
      if (this.#budget.credit(nowMs) <= 0) break;
      this.#resentAtMs.set(seq, nowMs);
      const bytes = this.#send(destination, frame, packet, nowMs);
      this.#budget.take(bytes);
      statistics.resent(bytes);
    }
    return isInHistory;
  }

  /**
   * Transport-wide feedback names a packet that left at `sentMs` as missing: resends it unless it has left again since.
   * A lost NACK, or a lost resend, costs a browser's next try otherwise, which comes 100 ms later.
   */
  resendLost(
    seq: number,
    sentMs: number,
    destination: Destination,
    roundTripMs: number | undefined,
    nowMs: number,
  ): void {
    if ((this.#resentAtMs.get(seq) ?? Number.NEGATIVE_INFINITY) > sentMs) return;
    this.resend([seq], destination, roundTripMs, nowMs);
  }

  /** About once a second. */
  tick(streamBitrateBps: number, nowMs: number): void {
    const rate = Math.max(MIN_RESEND_BPS, streamBitrateBps * RESEND_SHARE);
    this.#budget.setRate(rate, rate / 8);
    for (const [seq, atMs] of this.#resentAtMs) {
      if (nowMs - atMs > FORGET_AFTER_MS) this.#resentAtMs.delete(seq);
    }
  }

  /** Radio loses resends, too, and a browser asks again only 100 ms later. A full queue must not get more. */
  get #isLossy(): boolean {
    const { lossShare, capacityBps } = this.#options.estimate;
    return lossShare >= LOSSY_SHARE && capacityBps === undefined;
  }

  #send(destination: Destination, frame: StoredFrame, sent: SentPacket, nowMs: number): number {
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
    for (let copies = this.#isLossy ? 2 : 1; copies > 0; copies--) {
      const transportSeq = rtx.nextTransportSeq;
      const copyBytes = rtx.sendPayload(destination, payload, length + 2, sent.timestamp, marker);
      estimate.sent(transportSeq, 1, copyBytes, nowMs, sent.extendedSeq);
      bytes += copyBytes;
    }
    return bytes;
  }
}
