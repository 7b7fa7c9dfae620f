/**
 * How fast one viewer's packets may leave. A clean path gets the full rate, one whose capacity is known 85 % of it. Loss
 * without delay slows nothing below 2.5 times the stream's rate. Feedback tells the capacity (feedback-estimate.ts);
 * without transport-wide feedback echoes do (echo-estimate.ts), and reports, REMB and NACKs tell of trouble alone
 * (report-estimate.ts).
 *
 * The start: 60 kB at the full rate fill no usual queue but tell what the path does; what follows waits at a modest
 * rate for an answer: an echo from behind them one round trip later, else the first feedback, which takes 100 ms more.
 * Pure: time is passed in.
 */
import type { TransportFeedback } from '../rtp/transport-cc.ts';
import { EchoEstimate, type AskEcho } from './echo-estimate.ts';
import { FeedbackEstimate } from './feedback-estimate.ts';
import { CAPACITY_SHARE, FULL_PACE_BPS, KnownPath, PROBE_FACTOR, SILENCE_MS } from './known-path.ts';
import type { VisitLost } from './packet-trains.ts';
import { ReportEstimate } from './report-estimate.ts';

/** Of the packets: from here on a path is one that loses some. */
export const LOSSY_SHARE = 0.01;
const UNPACED_BPS = 10_000_000_000;
const LEAST_PACE_BPS = 500_000;
/** Where feedback has measured less: sound and a small substream. */
const LEAST_MEASURED_PACE_BPS = 100_000;
/** While a queue grows, the pace is at least this much of the stream's rate, or live frames would never catch up. */
const QUEUED_FACTOR = 1.2;
/** A clean path takes more than its full rate when frames are late. */
const LATE_FACTOR = 4;
/** A path that carries less than the stream shows it by one of these. */
const OVERLOAD = { lossShare: 0.1, queueMs: 200 } as const;
/** While delay is flat, at least this much. */
const FLAT_FACTOR = 2.5;

/** At least, while the path is unproven. */
const CAUTIOUS_BPS = 10_000_000;
/** A peer that has not reported by then will not. */
const PROOF_TIMEOUT_MS = 500;
/** Reports alone: no NACK by then, no loss. */
const BLIND_PROOF_MS = 300;
/** One that answers echoes on an idle path answers one by then. */
const ECHO_PROOF_MS = 1000;

export interface PathEstimateOptions {
  readonly nowMs: number;
  /** Transport-wide feedback is negotiated. */
  readonly transportCc: boolean;
  readonly echo?: AskEcho | undefined;
  /** The pace never binds. For benches. */
  readonly unpaced?: boolean;
}

export class PathEstimate {
  readonly #known: KnownPath;
  readonly #feedback: FeedbackEstimate;
  readonly #echoes: EchoEstimate;
  readonly #reports: ReportEstimate;
  readonly #unpaced: boolean;
  /** The pace is more than the capacity by the stream's rate, for loss without delay is radio. */
  #isDisbelieved = false;
  #wasOverloaded = false;

  constructor({ nowMs, transportCc, echo, unpaced = false }: PathEstimateOptions) {
    this.#known = new KnownPath(transportCc, nowMs);
    this.#feedback = new FeedbackEstimate(this.#known);
    this.#echoes = new EchoEstimate(this.#known, echo, nowMs);
    this.#reports = new ReportEstimate(this.#known, this.#echoes, nowMs);
    this.#unpaced = unpaced;
  }

  /** The least of late, by echo or report; undefined until one has come on this path. */
  get roundTripMs(): number | undefined {
    const { leastRoundTripMs } = this.#known;
    return Number.isFinite(leastRoundTripMs) ? leastRoundTripMs : undefined;
  }

  /** 0..1 of the packets, over about a second. */
  get lossShare(): number {
    return this.#known.lossShare;
  }

  /** What the path's queue adds to the delay; 0 until something tells. */
  get queueDelayMs(): number {
    return this.#known.queueDelayMs;
  }

  /** What arrives, over about a second; 0 without transport-wide feedback. */
  get deliveredBps(): number {
    return this.#feedback.deliveredBps;
  }

  /** Undefined while nothing limits the path. */
  get capacityBps(): number | undefined {
    return this.#known.capacityBps;
  }

  /**
   * At least what the path carries by all that is known: a pace that met trouble was too much, but half of it is a
   * guess; and loss without delay shows none that is worth a pace below the least. Undefined while nothing limits it.
   */
  get carriedBps(): number | undefined {
    const { capacityBps, isGuessed, blindCeilingBps } = this.#known;
    if (capacityBps === undefined || this.#isDisbelieved) return undefined;
    return isGuessed ? Math.max(capacityBps, blindCeilingBps) : capacityBps;
  }

  /**
   * The same where more than that fills a queue, or is too much for a policer. Undefined where packets get lost and nothing
   * else is known.
   */
  get queuedBps(): number | undefined {
    return this.#known.isFlat && !this.#wasOverloaded ? undefined : this.carriedBps;
  }

  /**
   * So many packets left at once, `bytes` in all, RTX included. Their transport-wide sequence numbers count up from
   * `firstSeq`; without transport-wide feedback any number will do. `firstMediaSeq` is what `feedback` calls the lost ones.
   */
  sent(firstSeq: number, packets: number, bytes: number, nowMs: number, firstMediaSeq = firstSeq): void {
    if (this.#known.transportCc) this.#feedback.sent(firstSeq, packets, bytes, nowMs, firstMediaSeq);
    this.#known.sent(bytes, nowMs);
    this.#echoes.sent(bytes, nowMs);
    this.#reports.sent(packets, nowMs);
  }

  /** A packet left again with its old sequence number. */
  resent(transportSeq: number): void {
    this.#feedback.resent(transportSeq);
  }

  feedback(feedback: TransportFeedback, nowMs: number, visitLost?: VisitLost): void {
    this.#feedback.read(feedback, nowMs, visitLost);
  }

  /** So many packets are asked for again: an overflow is heard of here first. */
  nack(count: number, nowMs: number): void {
    this.#reports.nack(count, nowMs);
  }

  /** `fractionLost` as in the report, 0 to 255. Beside transport-wide feedback only the round trip counts. */
  receiverReport(fractionLost: number, roundTripMs: number | undefined, nowMs: number): void {
    this.#reports.receiverReport(fractionLost, roundTripMs, nowMs);
  }

  /** A receiver lowers it only when it sees the delay grow; its height is bounded by what it gets and tells nothing. */
  remb(bitrateBps: number, nowMs: number): void {
    this.#reports.remb(bitrateBps, nowMs);
  }

  /** The viewer has moved: a longer path is no queue. What the old one carried is a first guess. */
  pathChanged(nowMs: number): void {
    this.#known.pathChanged();
    this.#feedback.pathChanged(nowMs);
    this.#echoes.pathChanged(nowMs);
  }

  /** Bits per second that may leave now; more when live frames are late because of the pace. */
  paceBps(streamBitrateBps: number, nowMs: number, isLate = false): number {
    if (this.#unpaced) return UNPACED_BPS;
    const known = this.#known;
    known.streamBps = streamBitrateBps;
    const fullBps = Math.max(FULL_PACE_BPS, streamBitrateBps * FLAT_FACTOR);
    known.paceBps = Math.min(fullBps, this.#limitedPaceBps(streamBitrateBps, nowMs, isLate));
    known.leavingBps = Math.min(known.paceBps, this.#heldPaceBps(streamBitrateBps, nowMs));
    const isClean = known.leavingBps === fullBps && !this.#isSilent(nowMs);
    return isLate && isClean ? fullBps * LATE_FACTOR : known.leavingBps;
  }

  /** While a queue that an echo has shown runs down, or one that an overdue echo tells of may grow. */
  #heldPaceBps(streamBitrateBps: number, nowMs: number): number {
    if (this.#echoes.isDraining(nowMs)) return LEAST_PACE_BPS;
    if (this.#known.isProven || !this.#echoes.isOverdue(nowMs)) return Number.POSITIVE_INFINITY;
    return Math.max(LEAST_PACE_BPS, streamBitrateBps * QUEUED_FACTOR);
  }

  #limitedPaceBps(streamBitrateBps: number, nowMs: number, isLate: boolean): number {
    const knownBps = this.#knownPaceBps(streamBitrateBps, nowMs, isLate);
    if (!this.#isCautious(nowMs, isLate)) return knownBps;
    return Math.min(knownBps, Math.max(CAUTIOUS_BPS, streamBitrateBps * FLAT_FACTOR));
  }

  #knownPaceBps(streamBitrateBps: number, nowMs: number, isLate: boolean): number {
    const { capacityBps, isFlat, isGuessed, transportCc } = this.#known;
    this.#isDisbelieved = false;
    if (capacityBps === undefined) return Number.POSITIVE_INFINITY;
    const isTrial = transportCc && this.#feedback.isTrial(nowMs);
    const share = isTrial ? PROBE_FACTOR : isLate ? 1 : CAPACITY_SHARE;
    const leastSharedBps = transportCc && !isGuessed ? LEAST_MEASURED_PACE_BPS : LEAST_PACE_BPS;
    const sharedBps = Math.max(leastSharedBps, capacityBps * share);
    if (this.#isOverloaded(streamBitrateBps, capacityBps)) return sharedBps;
    const leastBps = streamBitrateBps * (isFlat ? FLAT_FACTOR : QUEUED_FACTOR);
    this.#isDisbelieved = isFlat && sharedBps < leastBps;
    return Math.max(sharedBps, leastBps);
  }

  /** The path carries less than the stream: shown by trouble, and true until a trial shows more. */
  #isOverloaded(streamBitrateBps: number, capacityBps: number): boolean {
    const { lossShare, queueDelayMs } = this.#known;
    const isTroubled = lossShare >= OVERLOAD.lossShare || queueDelayMs >= OVERLOAD.queueMs;
    this.#wasOverloaded = capacityBps < streamBitrateBps && (this.#wasOverloaded || isTroubled);
    return this.#wasOverloaded;
  }

  #isCautious(nowMs: number, isLate: boolean): boolean {
    const known = this.#known;
    if (known.isAlarmed) return true;
    if (!known.isProven) {
      const blindMs = this.#echoes.hasIdle ? ECHO_PROOF_MS : BLIND_PROOF_MS;
      if (nowMs - known.unprovenSinceMs >= (known.transportCc ? PROOF_TIMEOUT_MS : blindMs))
        known.isProven = true;
      else if (known.sentBytes >= known.flightEndBytes) return true;
    }
    // Perhaps only the way back fails: no reason to make pictures late.
    return !isLate && this.#isSilent(nowMs);
  }

  /** Feedback that should be there is not. */
  #isSilent(nowMs: number): boolean {
    const { transportCc, awaitingSinceMs } = this.#known;
    return transportCc && awaitingSinceMs !== undefined && nowMs - awaitingSinceMs > SILENCE_MS;
  }
}
