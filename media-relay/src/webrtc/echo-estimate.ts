/**
 * What echoes (path-echo.ts) tell of a path. One leaves before everything else: what others take longer is a queue. One
 * behind the first flight proves the path a round trip later, or does not.
 *
 * Without transport-wide feedback, more leave behind large pictures (echo-trail.ts). One that is overdue holds back what
 * follows; a queue limits the pace until it is refuted, and runs down first. Pure: time is passed in.
 */
import { EchoTrail, type EchoMark } from './echo-trail.ts';
import { BUSY_GAP_MS, CAPACITY_SHARE, FULL_PACE_BPS, PROBE_FACTOR, type KnownPath } from './known-path.ts';
import { HEAD_PACKETS } from './packet-trains.ts';

/** Asks the viewer for an echo now; `answer` gets its round trip in ms, if one comes. */
export type AskEcho = (answer: (roundTripMs: number) => void) => void;

/** An echo that is so much later than its round trip waits in a queue, or was lost in a full one. */
const OVERDUE_MS = 5;
/** How far apart echoes behind packets are. */
const ECHO = {
  /** As RFC 8445, 14.2 has it for checks. */
  leastMs: 5,
  /** Of the round trip: the first must not be forgotten before its answer (echo-trail.ts). */
  leastShare: 0.05,
  startMs: 10,
  limitedMs: 20,
  limitedForMs: 1000,
  flightBytes: 24_000,
  ordinaryMs: 500,
} as const;
/** Such a queue may run down to this before more follows, which costs the path nothing. */
const DRAIN = { leftMs: 20, longestMs: 100 } as const;
/** An answer may come as late as its sender likes. */
const LEAST_CAPACITY_BPS = 500_000;
/** A step up needs so much sent in front of its echo. */
const STEP_BYTES = HEAD_PACKETS * 1200;

const untroubled = { capacityBps: undefined, isFlat: true, isGuessed: false };

export class EchoEstimate {
  readonly #known: KnownPath;
  readonly #echo: AskEcho | undefined;
  #trail = new EchoTrail();
  /** One that left before everything else on this path has come. */
  #hasIdle = false;
  /** By an echo, or tried again. */
  #limitedAtMs = Number.NEGATIVE_INFINITY;
  #limitedAtBytes = 0;
  /** Left at once; what follows at the pace leaves when that has been paid for. */
  #lastRunBytes = 0;
  /** What was known before an echo limited it, as long as no other has said the same. */
  #before: Pick<KnownPath, 'capacityBps' | 'isFlat' | 'isGuessed'> = untroubled;
  #drainUntilMs = Number.NEGATIVE_INFINITY;
  /** One came late on this path by chance, and so may others. */
  #hasRefuted = false;

  constructor(known: KnownPath, echo: AskEcho | undefined, nowMs: number) {
    this.#known = known;
    this.#echo = echo;
    this.#askIdle(nowMs);
  }

  /** The viewer answers, and answers can be judged. */
  get hasIdle(): boolean {
    return this.#hasIdle;
  }

  /** When one last limited the pace, or a step up was made. */
  get limitedAtMs(): number {
    return this.#limitedAtMs;
  }

  /** One has limited it just now. */
  isLimiting(nowMs: number): boolean {
    return nowMs - this.#limitedAtMs < ECHO.limitedForMs;
  }

  /** Something else has told of trouble: no echo takes the limit back. */
  settle(): void {
    this.#trail.settle();
  }

  /** Packets are asked for again. */
  lost(): void {
    this.#trail.lost();
  }

  pathChanged(nowMs: number): void {
    this.#trail = new EchoTrail();
    this.#limitedAtMs = Number.NEGATIVE_INFINITY;
    this.#limitedAtBytes = 0;
    this.#drainUntilMs = Number.NEGATIVE_INFINITY;
    this.#hasRefuted = false;
    this.#askIdle(nowMs);
  }

  /** So many bytes have left at once; the path knows of them. */
  sent(bytes: number, nowMs: number): void {
    const { transportCc, sentBytes, flightEndBytes, leavingBps } = this.#known;
    // Feedback tells of all that follows.
    if (transportCc && sentBytes - bytes >= flightEndBytes) return;
    this.#trail.sent(bytes, BUSY_GAP_MS + (this.#lastRunBytes * 8000) / leavingBps, nowMs);
    this.#lastRunBytes = bytes;
    const isFlightOver = sentBytes >= flightEndBytes && sentBytes - bytes < flightEndBytes;
    if (isFlightOver || this.#wantsOne(nowMs)) this.#ask(bytes, nowMs);
  }

  /** While a queue that an echo has shown runs down. */
  isDraining(nowMs: number): boolean {
    return nowMs < this.#drainUntilMs;
  }

  /** A queue may grow. Feedback comes as late as it likes. */
  isOverdue(nowMs: number): boolean {
    const sinceMs = this.#trail.waitingSinceMs;
    if (this.#known.transportCc || !this.#hasIdle || this.#hasRefuted || sinceMs === undefined) return false;
    return nowMs - sinceMs > this.#known.leastRoundTripMs + OVERDUE_MS;
  }

  #askIdle(nowMs: number): void {
    const trail = this.#trail;
    this.#hasIdle = false;
    this.#echo?.((roundTripMs) => {
      if (trail !== this.#trail) return;
      this.#hasIdle = true;
      this.#known.seeRoundTrip(roundTripMs, nowMs + roundTripMs);
    });
  }

  #ask(runBytes: number, nowMs: number): void {
    const trail = this.#trail;
    const mark = trail.asked(runBytes, nowMs);
    this.#echo?.((roundTripMs) => {
      // That on the idle path may be lost, or this one took another path, and then it tells nothing.
      if (trail !== this.#trail || !this.#hasIdle) return;
      const known = this.#known;
      known.seeRoundTrip(roundTripMs, nowMs + roundTripMs);
      known.roundTripMs = roundTripMs;
      this.#hear(mark, roundTripMs - known.leastRoundTripMs, nowMs + roundTripMs);
    });
  }

  /** Feedback says it better. Who sends none has nothing else to say before its first report. */
  #wantsOne(nowMs: number): boolean {
    const { transportCc, isProven, sentBytes, flightEndBytes, leastRoundTripMs } = this.#known;
    if (transportCc || !this.#hasIdle || sentBytes < flightEndBytes) return false;
    const agoMs = nowMs - this.#trail.lastAskedMs;
    if (agoMs < Math.max(ECHO.leastMs, leastRoundTripMs * ECHO.leastShare)) return false;
    if (!isProven) return agoMs >= ECHO.startMs;
    if (this.isLimiting(nowMs)) return agoMs >= ECHO.limitedMs;
    return this.#trail.unseenBytes >= ECHO.flightBytes || agoMs >= ECHO.ordinaryMs;
  }

  #hear(mark: EchoMark, delayMs: number, nowMs: number): void {
    const known = this.#known;
    const { capacityBps } = known;
    const verdict = this.#trail.answered(mark, delayMs, capacityBps);
    if (known.transportCc) {
      if (verdict.kind === 'clear') known.isProven = true;
      return;
    }
    if (capacityBps !== undefined && !known.isGuessed && this.#trail.isConfirmed)
      known.blindCeilingBps = Math.min(known.blindCeilingBps, capacityBps);
    switch (verdict.kind) {
      case 'clear':
        if (mark.bytes - this.#trail.bytes >= known.flightEndBytes - known.sentBytes) known.isProven = true;
        if (capacityBps !== undefined) this.#step(capacityBps, verdict.flightBytes, mark, nowMs);
        return;
      case 'refuted':
        Object.assign(known, this.#before);
        this.#drainUntilMs = nowMs;
        // That it carries more than the late echo said does not say how much.
        known.doubt(nowMs);
        this.#hasRefuted = true;
        return;
      case 'queue':
        known.isProven = true;
        if (verdict.shownBps * CAPACITY_SHARE >= FULL_PACE_BPS) return;
        if (capacityBps === undefined || verdict.shownBps < capacityBps)
          this.#limit(Math.max(LEAST_CAPACITY_BPS, verdict.shownBps), mark, delayMs, nowMs);
        known.isFlat = false;
        return;
      case 'nothing':
    }
  }

  /** One witness is none. Step by step: each must have been seen by an echo. */
  #step(capacityBps: number, flightBytes: number, mark: EchoMark, nowMs: number): void {
    if (!this.#trail.isDoubtful) return;
    if (Math.min(flightBytes, mark.bytes - this.#limitedAtBytes) < STEP_BYTES) return;
    const known = this.#known;
    known.setCapacity(
      Math.min(capacityBps * PROBE_FACTOR, this.#before.capacityBps ?? Number.POSITIVE_INFINITY),
    );
    this.#limitedAtMs = nowMs;
    this.#limitedAtBytes = this.#trail.bytes;
  }

  #limit(shownBps: number, mark: EchoMark, delayMs: number, nowMs: number): void {
    const known = this.#known;
    const isNew = known.capacityBps === undefined || !this.isLimiting(nowMs);
    if (isNew) {
      const { capacityBps, isFlat, isGuessed } = known;
      this.#before = { capacityBps, isFlat, isGuessed };
    }
    if (known.capacityBps === undefined) known.blindCeilingBps = Number.POSITIVE_INFINITY;
    this.#trail.limited(mark, delayMs, isNew);
    known.capacityBps = shownBps;
    known.isGuessed = false;
    known.lastSignMs = nowMs;
    this.#limitedAtMs = nowMs;
    this.#limitedAtBytes = this.#trail.bytes;
    const queueMs = delayMs + mark.sentMs - nowMs + ((this.#trail.bytes - mark.bytes) * 8000) / shownBps;
    this.#drainUntilMs = nowMs + Math.min(DRAIN.longestMs, Math.max(0, queueMs - DRAIN.leftMs));
  }
}
