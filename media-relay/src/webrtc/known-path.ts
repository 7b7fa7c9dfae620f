/** What is known of one viewer's path, whoever has told it: feedback, echoes and reports all write it down here. */
import { RecentMinimum } from './recent-minimum.ts';

export const FULL_PACE_BPS = 100_000_000;
/** Of the capacity: the rest drains the queue. */
export const CAPACITY_SHARE = 0.85;
/** More than what is known is tried in such steps. */
export const PROBE_FACTOR = 1.5;
/** So long after trouble nothing more is tried. */
export const PROBE_AFTER_MS = 2000;
/** Leaves at the full rate before anything is known. */
const FIRST_FLIGHT_BYTES = 60_000;
/** What counts as one busy interval, as in packet-trains.ts. */
export const BUSY_GAP_MS = 10;
/** Tail drop: so many, at this share or more, behind a queue. */
export const TAIL_DROP = { packets: 8, share: 0.1, queueMs: 5 } as const;
/** The path is silent although packets left: nobody knows it now. */
export const SILENCE_MS = 500;
/** The shortest round trip of the last one or two of these is the path's own, without a queue. */
const ROUND_TRIP_WINDOW_MS = 20_000;

export class KnownPath {
  /** Transport-wide feedback is negotiated. */
  readonly transportCc: boolean;
  /** The path's capacity, undefined while nothing limits it. */
  capacityBps: number | undefined;
  /** Trouble was loss without delay. */
  isFlat = true;
  /** Nobody measured the capacity: the pace met trouble and was halved. */
  isGuessed = false;
  isProven = false;
  unprovenSinceMs: number;
  /** What is sent up to here may leave at the full rate although nothing is proven. */
  flightEndBytes = FIRST_FLIGHT_BYTES;
  /** NACKs told of an overflow, and feedback has not yet said how much fits. */
  isAlarmed = false;
  /** Reports alone: the pace that last met trouble. */
  blindCeilingBps = Number.POSITIVE_INFINITY;
  /** Of trouble. */
  lastSignMs = Number.NEGATIVE_INFINITY;
  /** 0..1 of the packets, over about a second. */
  lossShare = 0;
  /** What the path's queue adds to the delay; 0 until something tells. */
  queueDelayMs = 0;
  paceBps = FULL_PACE_BPS;
  /** Less than that while an echo holds back what follows. */
  leavingBps = FULL_PACE_BPS;
  /** What should leave. */
  streamBps = 0;
  sentBytes = 0;
  lastSentMs = Number.NEGATIVE_INFINITY;
  /** Something has left since the last feedback, at first then. */
  awaitingSinceMs: number | undefined;
  lastFeedbackMs: number;
  /** The last one, by echo or report. */
  roundTripMs: number | undefined;
  /** A viewer may move to a longer path: what the old one took is forgotten after a while. */
  readonly #leastRoundTripMs = new RecentMinimum(ROUND_TRIP_WINDOW_MS);

  constructor(transportCc: boolean, nowMs: number) {
    this.transportCc = transportCc;
    this.lastFeedbackMs = nowMs;
    this.unprovenSinceMs = nowMs;
  }

  /** Of late; Infinity until something has told. */
  get leastRoundTripMs(): number {
    return this.#leastRoundTripMs.value;
  }

  sent(bytes: number, nowMs: number): void {
    this.lastSentMs = nowMs;
    this.sentBytes += bytes;
    this.awaitingSinceMs ??= nowMs;
  }

  seeRoundTrip(roundTripMs: number, nowMs: number): void {
    this.#leastRoundTripMs.rotate(nowMs);
    this.#leastRoundTripMs.see(roundTripMs);
  }

  /** The viewer has moved: a longer path is no queue. What the old one carried is a first guess. */
  pathChanged(): void {
    this.#leastRoundTripMs.forget();
    this.queueDelayMs = 0;
  }

  /** Nothing is known of it again: it is tried as at the start. */
  doubt(nowMs: number): void {
    this.isProven = false;
    this.unprovenSinceMs = nowMs;
    this.flightEndBytes = this.sentBytes + FIRST_FLIGHT_BYTES;
  }

  /** What hardly limits is no limit. */
  setCapacity(bitrateBps: number): void {
    this.capacityBps = bitrateBps * CAPACITY_SHARE >= FULL_PACE_BPS ? undefined : bitrateBps;
  }

  /** What else tells of the path does not count then. */
  hearsFeedback(nowMs: number): boolean {
    return this.transportCc && nowMs - this.lastFeedbackMs < 4 * SILENCE_MS;
  }
}
