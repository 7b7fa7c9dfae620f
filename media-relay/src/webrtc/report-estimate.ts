/**
 * What reports, REMB and NACKs tell of a path, where transport-wide feedback does not say it better: that the pace has met
 * trouble. It halves then, and grows again with time in which something is sent. Pure: time is passed in.
 */
import type { EchoEstimate } from './echo-estimate.ts';
import { CAPACITY_SHARE, PROBE_AFTER_MS, PROBE_FACTOR, TAIL_DROP, type KnownPath } from './known-path.ts';

const NACK_BURST = { packets: 10, share: 0.2 } as const;
const NACK_WINDOW_MS = 100;
/** Per second, beyond what met trouble. */
const BEYOND_FACTOR = 1.05;

export class ReportEstimate {
  readonly #known: KnownPath;
  readonly #echoes: EchoEstimate;
  #lastReportMs: number;
  #remb = 0;
  /** Packets sent and asked for again, in this window and the one before. */
  #window = { sinceMs: 0, sent: 0, nacked: 0, olderSent: 0, olderNacked: 0 };

  constructor(known: KnownPath, echoes: EchoEstimate, nowMs: number) {
    this.#known = known;
    this.#echoes = echoes;
    this.#lastReportMs = nowMs;
  }

  sent(packets: number, nowMs: number): void {
    this.#rotateWindow(nowMs);
    this.#window.sent += packets;
  }

  nack(count: number, nowMs: number): void {
    this.#echoes.lost();
    this.#rotateWindow(nowMs);
    const window = this.#window;
    window.nacked += count;
    const nacked = window.nacked + window.olderNacked;
    const sent = window.sent + window.olderSent;
    if (nacked < NACK_BURST.packets || nacked < sent * NACK_BURST.share) return;
    const known = this.#known;
    if (known.hearsFeedback(nowMs)) known.isAlarmed = true;
    // What an echo has just shown is a measure; they tell of the packets that made that queue.
    else if (this.#echoes.isLimiting(nowMs)) this.#echoes.settle();
    // They tell loss and no delay: a queue that something else has shown stays one.
    else this.#cut(known.isFlat, nowMs);
  }

  receiverReport(fractionLost: number, roundTripMs: number | undefined, nowMs: number): void {
    const known = this.#known;
    if (roundTripMs !== undefined) {
      known.roundTripMs = roundTripMs;
      known.seeRoundTrip(roundTripMs, nowMs);
    }
    const sinceMs = Math.max(this.#lastReportMs, known.awaitingSinceMs ?? nowMs);
    // What was lost before an echo showed the queue was lost by the pace of then.
    const isNews = this.#lastReportMs >= this.#echoes.limitedAtMs;
    this.#lastReportMs = nowMs;
    if (known.hearsFeedback(nowMs)) return;
    known.lossShare = fractionLost / 256;
    known.queueDelayMs = roundTripMs === undefined ? 0 : roundTripMs - known.leastRoundTripMs;
    const isQueue = known.queueDelayMs >= 2 * TAIL_DROP.queueMs;
    if (known.lossShare >= TAIL_DROP.share || (isQueue && known.lossShare > 0.02)) {
      if (isNews) this.#cut(!isQueue, nowMs);
    } else if (nowMs - known.lastSignMs >= PROBE_AFTER_MS) {
      // While a camera pauses nothing is on its way, and good reports tell nothing of the path.
      this.#grow(known.lastSentMs - Math.max(sinceMs, known.lastSignMs + PROBE_AFTER_MS));
    }
  }

  remb(bitrateBps: number, nowMs: number): void {
    if (!this.#known.hearsFeedback(nowMs) && bitrateBps < this.#remb * 0.9) this.#cut(false, nowMs);
    this.#remb = bitrateBps;
  }

  /** What is on its way now was sent at the old pace: once per round trip and then some. */
  #cut(isFlat: boolean, nowMs: number): void {
    const known = this.#known;
    if (nowMs - known.lastSignMs < (known.roundTripMs ?? 100) + NACK_WINDOW_MS) return;
    known.lastSignMs = nowMs;
    known.isFlat = isFlat;
    known.blindCeilingBps = known.paceBps;
    known.capacityBps = known.paceBps / 2 / CAPACITY_SHARE;
    known.isGuessed = true;
    this.#echoes.settle();
  }

  /** By half per second up to where it went wrong, by a twentieth beyond. */
  #grow(elapsedMs: number): void {
    const { capacityBps, blindCeilingBps } = this.#known;
    if (capacityBps === undefined || elapsedMs <= 0) return;
    const factor = capacityBps < blindCeilingBps * CAPACITY_SHARE ? PROBE_FACTOR : BEYOND_FACTOR;
    this.#known.setCapacity(capacityBps * factor ** (elapsedMs / 1000));
  }

  #rotateWindow(nowMs: number): void {
    const { sinceMs, sent, nacked } = this.#window;
    const ageMs = nowMs - sinceMs;
    if (ageMs < NACK_WINDOW_MS) return;
    const isNext = ageMs < 2 * NACK_WINDOW_MS;
    this.#window = {
      sinceMs: nowMs,
      sent: 0,
      nacked: 0,
      olderSent: isNext ? sent : 0,
      olderNacked: isNext ? nacked : 0,
    };
  }
}
