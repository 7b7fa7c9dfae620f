/**
 * What transport-wide feedback tells of a path's capacity. A burst that arrives slower than it left, each packet later
 * than the one before, has found a queue: the rate at which it arrived is the capacity. Packets that vanish while the
 * delay stays flat are radio, not a full queue. The capacity is tried again by the heads of later frames alone, 38 kB at
 * 1.5 times what is known, so that a trial fits into the queue that it measures; after a fade, without a trial
 * (fade-end.ts). Pure: time is passed in.
 */
import type { TransportFeedback } from '../rtp/transport-cc.ts';
import { FadeEnd } from './fade-end.ts';
import { BUSY_GAP_MS, PROBE_AFTER_MS, PROBE_FACTOR, TAIL_DROP, type KnownPath } from './known-path.ts';
import {
  HEAD_PACKETS,
  LEAST_TRAIN_PACKETS,
  PacketTrains,
  type Train,
  type VisitLost,
} from './packet-trains.ts';

const GROWTH_MS = 4;
/** Of the first flight, on which more depends. */
const FIRST_GROWTH_MS = 2;
/** More than radio loses: a policer, or an outage. */
const HEAVY_LOSS = { packets: 10, share: 0.15 } as const;
const PROBE_INTERVAL_MS = 1000;
const LONGEST_PROBE_INTERVAL_MS = 16_000;
/** A trial that arrives this much above the known capacity has shown a larger one. */
const PROBE_SHOWS = 1.1;
const HEAD_BYTES = HEAD_PACKETS * 1200;

export class FeedbackEstimate {
  readonly #known: KnownPath;
  readonly #trains = new PacketTrains();
  readonly #fadeEnd: FadeEnd;
  #busyBytes = 0;
  #probeAtMs = 0;
  #probeBackoffMs = PROBE_AFTER_MS;
  #deliveredBps = 0;

  constructor(known: KnownPath) {
    this.#known = known;
    this.#fadeEnd = new FadeEnd(known.unprovenSinceMs);
  }

  /** What arrives, over about a second. */
  get deliveredBps(): number {
    return this.#deliveredBps;
  }

  /** As `PathEstimate.sent`; before the path knows of it. */
  sent(firstSeq: number, packets: number, bytes: number, nowMs: number, firstMediaSeq: number): void {
    this.#trains.sent(firstSeq, packets, bytes, nowMs, firstMediaSeq);
    if (nowMs - this.#known.lastSentMs > BUSY_GAP_MS) this.#busyBytes = 0;
    this.#busyBytes += bytes;
  }

  /** A packet left again with its old sequence number. */
  resent(transportSeq: number): void {
    this.#trains.lost(transportSeq);
  }

  pathChanged(nowMs: number): void {
    this.#trains.pathChanged();
    this.#fadeEnd.pathChanged(nowMs);
  }

  /** What leaves now may leave faster than the path is known to carry. */
  isTrial(nowMs: number): boolean {
    if (nowMs < this.#probeAtMs) return false;
    return nowMs - this.#known.lastSentMs > BUSY_GAP_MS || this.#busyBytes < HEAD_BYTES;
  }

  read(feedback: TransportFeedback, nowMs: number, visitLost?: VisitLost): void {
    const known = this.#known;
    const totals = this.#trains.read(feedback, nowMs, (train) => this.#learn(train, nowMs), visitLost);
    const elapsedMs = Math.max(1, nowMs - known.lastFeedbackMs);
    known.lastFeedbackMs = nowMs;
    known.awaitingSinceMs = undefined;
    known.isAlarmed = false;
    const weight = 1 - Math.exp(-elapsedMs / 1000);
    const bps = (totals.receivedBytes * 8000) / elapsedMs;
    this.#deliveredBps += (bps - this.#deliveredBps) * weight;
    const packets = totals.received + totals.lost;
    if (packets > 0)
      known.lossShare = Math.max(0, known.lossShare + (totals.lost / packets - known.lossShare) * weight);
    if (totals.queueMs !== undefined) known.queueDelayMs = totals.queueMs;
  }

  #learn(train: Train, nowMs: number): void {
    const { received, lost, deliveredBps, growthMs } = train;
    if (received + lost < LEAST_TRAIN_PACKETS || received < 2) return;
    const share = lost / (received + lost);
    const isQueue = growthMs >= (this.#known.isProven ? GROWTH_MS : FIRST_GROWTH_MS) && train.isGradual;
    const isTailDrop =
      lost >= TAIL_DROP.packets && share >= TAIL_DROP.share && train.queueMs >= TAIL_DROP.queueMs;
    const isHeavyLoss = lost >= HEAVY_LOSS.packets && share >= HEAVY_LOSS.share;
    if (isQueue || isTailDrop) this.#limit(train, false, nowMs);
    else if (isHeavyLoss) this.#limit(train, true, nowMs);
    else this.#raise(deliveredBps, nowMs);
    this.#known.isProven = true;
  }

  /** The train shows what fits. Short ones are less exact. */
  #limit({ received, deliveredBps }: Train, isFlat: boolean, nowMs: number): void {
    const known = this.#known;
    const { capacityBps } = known;
    const wasTrial = capacityBps !== undefined && nowMs >= this.#probeAtMs;
    const weight = Math.min(1, received / HEAD_PACKETS);
    known.setCapacity(
      capacityBps === undefined ? deliveredBps : capacityBps + (deliveredBps - capacityBps) * weight,
    );
    known.isGuessed = false;
    known.isFlat = isFlat;
    known.lastSignMs = nowMs;
    this.#fadeEnd.trouble(capacityBps, nowMs);
    this.#probeBackoffMs = wasTrial
      ? Math.min(LONGEST_PROBE_INTERVAL_MS, this.#probeBackoffMs * 2)
      : Math.max(PROBE_AFTER_MS, this.#probeBackoffMs);
    this.#probeAtMs = nowMs + this.#probeBackoffMs;
  }

  /** A train that met no queue: the capacity is at least what it had. */
  #raise(deliveredBps: number, nowMs: number): void {
    const { capacityBps, streamBps } = this.#known;
    if (capacityBps === undefined || deliveredBps < capacityBps * PROBE_SHOWS) return;
    // What is enough for the stream need not grow at once.
    const leapBps =
      capacityBps < streamBps ? this.#fadeEnd.leap(deliveredBps, capacityBps, nowMs) : undefined;
    if (leapBps === undefined && nowMs < this.#probeAtMs) return;
    this.#known.setCapacity(leapBps ?? Math.min(deliveredBps, capacityBps * PROBE_FACTOR));
    this.#probeBackoffMs = PROBE_AFTER_MS;
    this.#probeAtMs = nowMs + PROBE_INTERVAL_MS;
  }
}
