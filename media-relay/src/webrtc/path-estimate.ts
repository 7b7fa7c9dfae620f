/**
 * How fast one viewer's packets may leave. A clean path gets the full rate. A burst that arrives slower than it left,
 * each packet later than the one before, has found a queue: the rate at which it arrived is the path's capacity, and
 * 85 % of it the pace from then on. Packets that vanish while the delay stays flat are radio, not a full queue, and
 * do not slow anything below 2.5 times the stream's rate. The capacity is tried again by the heads of later frames
 * alone, 38 kB at 1.5 times what is known, so that a trial fits into the queue that it measures.
 *
 * The start: 60 kB at the full rate fill no usual queue but tell what the path does; what follows waits at a modest
 * rate for an answer: an echo from behind them one round trip later, else the first feedback, which takes 100 ms more.
 *
 * Without transport-wide feedback, only echoes, reports, REMB and NACKs speak. So more echoes leave behind large pictures
 * (echo-trail.ts). One that is overdue holds back what follows; a queue limits the pace until it is refuted, and
 * runs down first. The pace halves when the others tell of trouble, and grows again with time in which something is sent.
 * Pure: time is passed in.
 */
import type { TransportFeedback } from '../rtp/transport-cc.ts';
import { EchoTrail, type EchoMark } from './echo-trail.ts';
import { HEAD_PACKETS, PacketTrains, type Train, type VisitLost } from './packet-trains.ts';
import { RecentMinimum } from './recent-minimum.ts';

export const FULL_PACE_BPS = 100_000_000;
/** Of the packets: from here on a path is one that loses some. */
export const LOSSY_SHARE = 0.01;
const UNPACED_BPS = 10_000_000_000;
const LEAST_PACE_BPS = 500_000;
/** While a queue grows, the pace is at least this much of the stream's rate, or live frames would never catch up. */
const QUEUED_FACTOR = 1.2;
/** A clean path takes more than its full rate when frames are late. */
const LATE_FACTOR = 4;
/** A path that carries less than the stream shows it by one of these. */
const OVERLOAD = { lossShare: 0.1, queueMs: 200 } as const;
/** While delay is flat, at least this much. */
const FLAT_FACTOR = 2.5;
/** Of the capacity: the rest drains the queue. */
const CAPACITY_SHARE = 0.85;

const FIRST_FLIGHT_BYTES = 60_000;
/** At least, while the path is unproven. */
const CAUTIOUS_BPS = 10_000_000;
/** A peer that has not reported by then will not. */
const PROOF_TIMEOUT_MS = 500;
/** Reports alone: no NACK by then, no loss. */
const BLIND_PROOF_MS = 300;
/** One that answers echoes on an idle path answers one by then. */
const ECHO_PROOF_MS = 1000;
/** The path is silent although packets left: nobody knows it now. */
const SILENCE_MS = 500;
/** The shortest round trip of the last one or two of these is the path's own, without a queue. */
const ROUND_TRIP_WINDOW_MS = 20_000;

/** Fewer packets tell nothing. */
const TRAIN_PACKETS = 8;
const GROWTH_MS = 4;
/** Of the first flight, on which more depends. */
const FIRST_GROWTH_MS = 2;
/** An echo that is so much later than its round trip waits in a queue, or was lost in a full one. */
const OVERDUE_MS = 5;
/** Reports alone: echoes behind packets are so far apart, at the start and for a while after one has shown a queue. */
const ECHO = {
  startMs: 10,
  limitedMs: 20,
  limitedForMs: 1000,
  flightBytes: 24_000,
  ordinaryMs: 500,
} as const;
/** Such a queue may run down to this before more follows, which costs the path nothing. */
const DRAIN = { leftMs: 20, longestMs: 100 } as const;
/** What leaves at once, however low the pace (video-feed.ts). */
const RUN_BYTES = 12_000;
/** Tail drop: so many, at this share or more, behind a queue. */
const TAIL_DROP = { packets: 8, share: 0.1, queueMs: 5 } as const;
/** More than radio loses: a policer, or an outage. */
const HEAVY_LOSS = { packets: 10, share: 0.15 } as const;
const NACK_BURST = { packets: 10, share: 0.2 } as const;
const NACK_WINDOW_MS = 100;

const PROBE_AFTER_MS = 2000;
const PROBE_INTERVAL_MS = 1000;
const LONGEST_PROBE_INTERVAL_MS = 16_000;
const PROBE_FACTOR = 1.5;
/** A trial that arrives this much above the known capacity has shown a larger one. */
const PROBE_SHOWS = 1.1;
/** What counts as one busy interval, as in packet-trains.ts. */
const BUSY_GAP_MS = 10;
const HEAD_BYTES = HEAD_PACKETS * 1200;

export interface PathEstimateOptions {
  readonly nowMs: number;
  /** Transport-wide feedback is negotiated. */
  readonly transportCc: boolean;
  /** Asks the viewer for an echo now; `answer` gets its round trip in ms, if one comes. */
  readonly echo?: (answer: (roundTripMs: number) => void) => void;
  /** The pace never binds. For benches. */
  readonly unpaced?: boolean;
}

export class PathEstimate {
  readonly #trains = new PacketTrains();
  readonly #transportCc: boolean;
  readonly #startMs: number;
  readonly #unpaced: boolean;
  readonly #echo: PathEstimateOptions['echo'];
  #echoes = new EchoTrail();
  /** One that left before everything else on this path has come: what others take longer is a queue. */
  #hasIdleEcho = false;
  /** By an echo, or tried again. */
  #limitedAtMs = Number.NEGATIVE_INFINITY;
  #limitedAtBytes = 0;
  /** What was known before an echo limited it, as long as no other has said the same. */
  #beforeEchoBps: number | undefined;
  #drainUntilMs = 0;
  #roundTripMs: number | undefined;
  /** A viewer may move to a longer path: what the old one took is forgotten after a while. */
  readonly #leastRoundTripMs = new RecentMinimum(ROUND_TRIP_WINDOW_MS);
  /** The path's capacity, undefined while nothing limits it. */
  #capacityBps: number | undefined;
  #isFlat = true;
  /** Nobody measured it: the pace met trouble and was halved. */
  #isGuessed = false;
  /** The pace is more than it by the stream's rate, for loss without delay is radio. */
  #isDisbelieved = false;
  #wasOverloaded = false;
  #isProven = false;
  /** NACKs told of an overflow, and feedback has not yet said how much fits. */
  #isAlarmed = false;
  #sentBytes = 0;
  #busyBytes = 0;
  #lastSentMs = Number.NEGATIVE_INFINITY;
  #awaitingSinceMs: number | undefined;
  #lastFeedbackMs: number;
  #lastSignMs = Number.NEGATIVE_INFINITY;
  #probeAtMs = 0;
  #probeBackoffMs = PROBE_AFTER_MS;
  /** Reports alone: the pace that last met trouble. */
  #blindCeilingBps = Number.POSITIVE_INFINITY;
  #lastReportMs: number;
  #remb = 0;
  #paceBps = FULL_PACE_BPS;
  /** Less than that while an echo holds back what follows. */
  #leavingBps = FULL_PACE_BPS;
  /** Packets sent and asked for again, in this window and the one before. */
  #window = { sinceMs: 0, sent: 0, nacked: 0, olderSent: 0, olderNacked: 0 };
  #lossShare = 0;
  #queueDelayMs = 0;
  #deliveredBps = 0;

  constructor({ nowMs, transportCc, echo, unpaced = false }: PathEstimateOptions) {
    this.#transportCc = transportCc;
    this.#startMs = nowMs;
    this.#unpaced = unpaced;
    this.#lastFeedbackMs = nowMs;
    this.#lastReportMs = nowMs;
    this.#echo = echo;
    this.#askIdleEcho(nowMs);
  }

  /** The least of late, by echo or report; undefined until one has come on this path. */
  get roundTripMs(): number | undefined {
    const leastMs = this.#leastRoundTripMs.value;
    return Number.isFinite(leastMs) ? leastMs : undefined;
  }

  /** 0..1 of the packets, over about a second. */
  get lossShare(): number {
    return this.#lossShare;
  }

  /** What the path's queue adds to the delay; 0 until something tells. */
  get queueDelayMs(): number {
    return this.#queueDelayMs;
  }

  /** What arrives, over about a second; 0 without transport-wide feedback. */
  get deliveredBps(): number {
    return this.#deliveredBps;
  }

  /** Undefined while nothing limits the path. */
  get capacityBps(): number | undefined {
    return this.#capacityBps;
  }

  /**
   * At least what the path carries by all that is known: a pace that met trouble was too much, but half of it is a
   * guess; and loss without delay shows none that is worth a pace below the least. Undefined while nothing limits it.
   */
  get carriedBps(): number | undefined {
    if (this.#capacityBps === undefined || this.#isDisbelieved) return undefined;
    return this.#isGuessed ? Math.max(this.#capacityBps, this.#blindCeilingBps) : this.#capacityBps;
  }

  /**
   * So many packets left at once, `bytes` in all, RTX included. Their transport-wide sequence numbers count up from
   * `firstSeq`; without transport-wide feedback any number will do. `firstMediaSeq` is what `feedback` calls the lost ones.
   */
  sent(firstSeq: number, packets: number, bytes: number, nowMs: number, firstMediaSeq = firstSeq): void {
    if (this.#transportCc) this.#trains.sent(firstSeq, packets, bytes, nowMs, firstMediaSeq);
    if (nowMs - this.#lastSentMs > BUSY_GAP_MS) this.#busyBytes = 0;
    this.#lastSentMs = nowMs;
    this.#busyBytes += bytes;
    const isFirstFlight = this.#sentBytes < FIRST_FLIGHT_BYTES;
    this.#sentBytes += bytes;
    this.#echoes.sent(bytes, BUSY_GAP_MS + (RUN_BYTES * 8000) / this.#leavingBps, nowMs);
    const isFirstFlightOver = isFirstFlight && this.#sentBytes >= FIRST_FLIGHT_BYTES;
    if (isFirstFlightOver || this.#wantsEcho(nowMs)) this.#askEcho(bytes, nowMs);
    this.#awaitingSinceMs ??= nowMs;
    this.#rotateWindow(nowMs);
    this.#window.sent += packets;
  }

  /** A packet left again with its old sequence number. */
  resent(transportSeq: number): void {
    this.#trains.lost(transportSeq);
  }

  /** The viewer has moved: a longer path is no queue. What the old one carried is a first guess. */
  pathChanged(nowMs: number): void {
    this.#trains.pathChanged();
    this.#leastRoundTripMs.forget();
    this.#queueDelayMs = 0;
    this.#echoes = new EchoTrail();
    this.#askIdleEcho(nowMs);
  }

  /** Bits per second that may leave now; more when live frames are late because of the pace. */
  paceBps(streamBitrateBps: number, nowMs: number, isLate = false): number {
    if (this.#unpaced) return UNPACED_BPS;
    const fullBps = Math.max(FULL_PACE_BPS, streamBitrateBps * FLAT_FACTOR);
    this.#paceBps = Math.min(fullBps, this.#limitedPaceBps(streamBitrateBps, nowMs, isLate));
    this.#leavingBps = Math.min(this.#paceBps, this.#heldPaceBps(streamBitrateBps, nowMs));
    return isLate && this.#leavingBps === fullBps ? fullBps * LATE_FACTOR : this.#leavingBps;
  }

  /** While a queue that an echo has shown runs down, or one that an overdue echo tells of may grow. */
  #heldPaceBps(streamBitrateBps: number, nowMs: number): number {
    if (nowMs < this.#drainUntilMs) return LEAST_PACE_BPS;
    if (this.#isProven || !this.#isEchoOverdue(nowMs)) return Number.POSITIVE_INFINITY;
    return Math.max(LEAST_PACE_BPS, streamBitrateBps * QUEUED_FACTOR);
  }

  #limitedPaceBps(streamBitrateBps: number, nowMs: number, isLate: boolean): number {
    const knownBps = this.#knownPaceBps(streamBitrateBps, nowMs, isLate);
    if (!this.#isCautious(nowMs)) return knownBps;
    return Math.min(knownBps, Math.max(CAUTIOUS_BPS, streamBitrateBps * FLAT_FACTOR));
  }

  #knownPaceBps(streamBitrateBps: number, nowMs: number, isLate: boolean): number {
    const capacityBps = this.#capacityBps;
    this.#isDisbelieved = false;
    if (capacityBps === undefined) return Number.POSITIVE_INFINITY;
    const share = this.#isTrial(nowMs) ? PROBE_FACTOR : isLate ? 1 : CAPACITY_SHARE;
    const sharedBps = Math.max(LEAST_PACE_BPS, capacityBps * share);
    if (this.#isOverloaded(streamBitrateBps, capacityBps)) return sharedBps;
    const leastBps = streamBitrateBps * (this.#isFlat ? FLAT_FACTOR : QUEUED_FACTOR);
    this.#isDisbelieved = this.#isFlat && sharedBps < leastBps;
    return Math.max(sharedBps, leastBps);
  }

  /** The path carries less than the stream: shown by trouble, and true until a trial shows more. */
  #isOverloaded(streamBitrateBps: number, capacityBps: number): boolean {
    const isTroubled = this.#lossShare >= OVERLOAD.lossShare || this.#queueDelayMs >= OVERLOAD.queueMs;
    this.#wasOverloaded = capacityBps < streamBitrateBps && (this.#wasOverloaded || isTroubled);
    return this.#wasOverloaded;
  }

  #isCautious(nowMs: number): boolean {
    if (this.#isAlarmed) return true;
    if (!this.#isProven) {
      const blindMs = this.#hasIdleEcho ? ECHO_PROOF_MS : BLIND_PROOF_MS;
      if (nowMs - this.#startMs >= (this.#transportCc ? PROOF_TIMEOUT_MS : blindMs)) this.#isProven = true;
      else if (this.#sentBytes >= FIRST_FLIGHT_BYTES) return true;
    }
    return (
      this.#transportCc && this.#awaitingSinceMs !== undefined && nowMs - this.#awaitingSinceMs > SILENCE_MS
    );
  }

  #isTrial(nowMs: number): boolean {
    if (!this.#transportCc || nowMs < this.#probeAtMs) return false;
    return nowMs - this.#lastSentMs > BUSY_GAP_MS || this.#busyBytes < HEAD_BYTES;
  }

  /** Feedback comes as late as it likes. */
  #isEchoOverdue(nowMs: number): boolean {
    const sinceMs = this.#echoes.waitingSinceMs;
    if (this.#transportCc || !this.#hasIdleEcho || sinceMs === undefined) return false;
    return nowMs - sinceMs > this.#leastRoundTripMs.value + OVERDUE_MS;
  }

  #askIdleEcho(nowMs: number): void {
    const echoes = this.#echoes;
    this.#hasIdleEcho = false;
    this.#echo?.((roundTripMs) => {
      if (echoes !== this.#echoes) return;
      this.#hasIdleEcho = true;
      this.#seeRoundTrip(roundTripMs, nowMs + roundTripMs);
    });
  }

  #askEcho(runBytes: number, nowMs: number): void {
    const echoes = this.#echoes;
    const mark = echoes.asked(runBytes, nowMs);
    this.#echo?.((roundTripMs) => {
      // That on the idle path may be lost, or this one took another path, and then it tells nothing.
      if (echoes !== this.#echoes || !this.#hasIdleEcho) return;
      this.#seeRoundTrip(roundTripMs, nowMs + roundTripMs);
      this.#hearEcho(mark, roundTripMs - this.#leastRoundTripMs.value, nowMs + roundTripMs);
    });
  }

  #seeRoundTrip(roundTripMs: number, nowMs: number): void {
    this.#leastRoundTripMs.rotate(nowMs);
    this.#leastRoundTripMs.see(roundTripMs);
  }

  /** Feedback says it better. Who sends none has nothing else to say before its first report. */
  #wantsEcho(nowMs: number): boolean {
    if (this.#transportCc || !this.#hasIdleEcho || this.#sentBytes < FIRST_FLIGHT_BYTES) return false;
    const agoMs = nowMs - this.#echoes.lastAskedMs;
    if (!this.#isProven) return agoMs >= ECHO.startMs;
    if (nowMs - this.#limitedAtMs < ECHO.limitedForMs) return agoMs >= ECHO.limitedMs;
    return this.#echoes.unseenBytes >= ECHO.flightBytes || agoMs >= ECHO.ordinaryMs;
  }

  #hearEcho(mark: EchoMark, delayMs: number, nowMs: number): void {
    const knownBps = this.#capacityBps;
    const verdict = this.#echoes.answered(mark, delayMs, knownBps);
    this.#roundTripMs = nowMs - mark.sentMs;
    if (this.#transportCc) {
      if (verdict.kind === 'clear') this.#isProven = true;
      return;
    }
    if (knownBps !== undefined && this.#echoes.isConfirmed)
      this.#blindCeilingBps = Math.min(this.#blindCeilingBps, knownBps);
    if (verdict.kind !== 'nothing') this.#isProven = true;
    switch (verdict.kind) {
      case 'clear':
        // One witness is none. Step by step: each must have been seen by an echo.
        if (knownBps === undefined || !this.#echoes.isDoubtful) return;
        if (Math.min(verdict.flightBytes, mark.bytes - this.#limitedAtBytes) < HEAD_BYTES) return;
        this.#setCapacity(Math.min(knownBps * PROBE_FACTOR, this.#beforeEchoBps ?? Number.POSITIVE_INFINITY));
        this.#limitedAtMs = nowMs;
        this.#limitedAtBytes = this.#sentBytes;
        return;
      case 'refuted':
        this.#capacityBps = this.#beforeEchoBps;
        this.#drainUntilMs = nowMs;
        return;
      case 'queue':
        if (verdict.shownBps * CAPACITY_SHARE >= FULL_PACE_BPS) return;
        this.#isFlat = false;
        if (knownBps !== undefined && verdict.shownBps >= knownBps) return;
        this.#limitByEcho(verdict.shownBps, mark, delayMs, nowMs);
        return;
      case 'nothing':
    }
  }

  #limitByEcho(shownBps: number, mark: EchoMark, delayMs: number, nowMs: number): void {
    const isNew = this.#capacityBps === undefined || nowMs - this.#limitedAtMs >= ECHO.limitedForMs;
    if (isNew) this.#beforeEchoBps = this.#capacityBps;
    if (this.#capacityBps === undefined) this.#blindCeilingBps = Number.POSITIVE_INFINITY;
    this.#echoes.limited(mark, delayMs, isNew);
    this.#capacityBps = shownBps;
    this.#isGuessed = false;
    this.#lastSignMs = nowMs;
    this.#limitedAtMs = nowMs;
    this.#limitedAtBytes = this.#sentBytes;
    const queueMs = delayMs + mark.sentMs - nowMs + ((this.#sentBytes - mark.bytes) * 8000) / shownBps;
    this.#drainUntilMs = nowMs + Math.min(DRAIN.longestMs, Math.max(0, queueMs - DRAIN.leftMs));
  }

  feedback(feedback: TransportFeedback, nowMs: number, visitLost?: VisitLost): void {
    const totals = this.#trains.read(feedback, nowMs, (train) => this.#learn(train, nowMs), visitLost);
    const elapsedMs = Math.max(1, nowMs - this.#lastFeedbackMs);
    this.#lastFeedbackMs = nowMs;
    this.#awaitingSinceMs = undefined;
    this.#isAlarmed = false;
    const weight = 1 - Math.exp(-elapsedMs / 1000);
    const bps = (totals.receivedBytes * 8000) / elapsedMs;
    this.#deliveredBps += (bps - this.#deliveredBps) * weight;
    const packets = totals.received + totals.lost;
    if (packets > 0)
      this.#lossShare = Math.max(0, this.#lossShare + (totals.lost / packets - this.#lossShare) * weight);
    if (totals.queueMs !== undefined) this.#queueDelayMs = totals.queueMs;
  }

  #learn(train: Train, nowMs: number): void {
    const { received, lost, deliveredBps, growthMs } = train;
    if (received + lost < TRAIN_PACKETS || received < 2) return;
    const share = lost / (received + lost);
    const isQueue = growthMs >= (this.#isProven ? GROWTH_MS : FIRST_GROWTH_MS) && train.isGradual;
    const isTailDrop =
      lost >= TAIL_DROP.packets && share >= TAIL_DROP.share && train.queueMs >= TAIL_DROP.queueMs;
    const isHeavyLoss = lost >= HEAVY_LOSS.packets && share >= HEAVY_LOSS.share;
    if (isQueue || isTailDrop) this.#limit(train, false, nowMs);
    else if (isHeavyLoss) this.#limit(train, true, nowMs);
    else this.#raise(deliveredBps, nowMs);
    this.#isProven = true;
  }

  /** The train shows what fits. Short ones are less exact. */
  #limit({ received, deliveredBps }: Train, isFlat: boolean, nowMs: number): void {
    const knownBps = this.#capacityBps;
    const wasTrial = knownBps !== undefined && nowMs >= this.#probeAtMs;
    const weight = Math.min(1, received / HEAD_PACKETS);
    this.#capacityBps = knownBps === undefined ? deliveredBps : knownBps + (deliveredBps - knownBps) * weight;
    this.#isGuessed = false;
    this.#isFlat = isFlat;
    this.#lastSignMs = nowMs;
    this.#probeBackoffMs = wasTrial
      ? Math.min(LONGEST_PROBE_INTERVAL_MS, this.#probeBackoffMs * 2)
      : Math.max(PROBE_AFTER_MS, this.#probeBackoffMs);
    this.#probeAtMs = nowMs + this.#probeBackoffMs;
  }

  /** A train that met no queue: the capacity is at least what it had. */
  #raise(deliveredBps: number, nowMs: number): void {
    const knownBps = this.#capacityBps;
    if (knownBps === undefined || nowMs < this.#probeAtMs || deliveredBps < knownBps * PROBE_SHOWS) return;
    this.#setCapacity(Math.min(deliveredBps, knownBps * PROBE_FACTOR));
    this.#probeBackoffMs = PROBE_AFTER_MS;
    this.#probeAtMs = nowMs + PROBE_INTERVAL_MS;
  }

  #setCapacity(bitrateBps: number): void {
    this.#capacityBps = bitrateBps * CAPACITY_SHARE >= FULL_PACE_BPS ? undefined : bitrateBps;
  }

  /** So many packets are asked for again: an overflow is heard of here first. */
  nack(count: number, nowMs: number): void {
    this.#rotateWindow(nowMs);
    const window = this.#window;
    window.nacked += count;
    const nacked = window.nacked + window.olderNacked;
    const sent = window.sent + window.olderSent;
    if (nacked < NACK_BURST.packets || nacked < sent * NACK_BURST.share) return;
    if (this.#hearsFeedback(nowMs)) this.#isAlarmed = true;
    // What an echo has just shown is a measure; they tell of the packets that made that queue.
    else if (nowMs - this.#limitedAtMs < ECHO.limitedForMs) this.#echoes.settle();
    // They tell loss and no delay: a queue that something else has shown stays one.
    else this.#cutBlindly(this.#isFlat, nowMs);
  }

  /** `fractionLost` as in the report, 0 to 255. Beside transport-wide feedback only the round trip counts. */
  receiverReport(fractionLost: number, roundTripMs: number | undefined, nowMs: number): void {
    if (roundTripMs !== undefined) {
      this.#roundTripMs = roundTripMs;
      this.#seeRoundTrip(roundTripMs, nowMs);
    }
    const sinceMs = Math.max(this.#lastReportMs, this.#awaitingSinceMs ?? nowMs);
    // What was lost before an echo showed the queue was lost by the pace of then.
    const isNews = this.#lastReportMs >= this.#limitedAtMs;
    this.#lastReportMs = nowMs;
    if (this.#hearsFeedback(nowMs)) return;
    this.#lossShare = fractionLost / 256;
    this.#queueDelayMs = roundTripMs === undefined ? 0 : roundTripMs - this.#leastRoundTripMs.value;
    const isQueue = this.#queueDelayMs >= 2 * TAIL_DROP.queueMs;
    if (this.#lossShare >= TAIL_DROP.share || (isQueue && this.#lossShare > 0.02)) {
      if (isNews) this.#cutBlindly(!isQueue, nowMs);
    } else if (nowMs - this.#lastSignMs >= PROBE_AFTER_MS) {
      // While a camera pauses nothing is on its way, and good reports tell nothing of the path.
      this.#growBlindly(this.#lastSentMs - Math.max(sinceMs, this.#lastSignMs + PROBE_AFTER_MS));
    }
  }

  /** A receiver lowers it only when it sees the delay grow; its height is bounded by what it gets and tells nothing. */
  remb(bitrateBps: number, nowMs: number): void {
    if (!this.#hearsFeedback(nowMs) && bitrateBps < this.#remb * 0.9) this.#cutBlindly(false, nowMs);
    this.#remb = bitrateBps;
  }

  /** What is on its way now was sent at the old pace: once per round trip and then some. */
  #cutBlindly(isFlat: boolean, nowMs: number): void {
    if (nowMs - this.#lastSignMs < (this.#roundTripMs ?? 100) + NACK_WINDOW_MS) return;
    this.#lastSignMs = nowMs;
    this.#isFlat = isFlat;
    this.#blindCeilingBps = this.#paceBps;
    this.#capacityBps = this.#paceBps / 2 / CAPACITY_SHARE;
    this.#isGuessed = true;
    this.#echoes.settle();
  }

  /** By half per second up to where it went wrong, by a twentieth beyond. */
  #growBlindly(elapsedMs: number): void {
    const knownBps = this.#capacityBps;
    if (knownBps === undefined || elapsedMs <= 0) return;
    const isBelow = knownBps < this.#blindCeilingBps * CAPACITY_SHARE;
    this.#setCapacity(knownBps * (isBelow ? PROBE_FACTOR : 1.05) ** (elapsedMs / 1000));
  }

  #hearsFeedback(nowMs: number): boolean {
    return this.#transportCc && nowMs - this.#lastFeedbackMs < 4 * SILENCE_MS;
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
