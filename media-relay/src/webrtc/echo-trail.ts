/**
 * What echoes behind packets tell of a path (path-echo.ts): one that took longer than on the idle path has waited in the
 * queue that the packets before it made, or came late by chance. The next ones say which: a queue does not vanish
 * before it can have been drained. Pure: time is passed in.
 */
import { RecentMinimum } from './recent-minimum.ts';

/** 60 kB wait so long before a hop of 50 Mbit/s; a busy browser blurs as much. */
const LATE_MS = 5;
/** Until ordinary pictures have told what else holds echoes up: radio, and what leaves with them. */
const UNKNOWN_NOISE_MS = 10;
/** No such picture: an echo behind it tells more. */
const LARGE_BYTES = 24_000;
/** Without an echo, before one that tells what holds it up. */
const CALM_MS = 250;
/** The longest of the last one or two of these. */
const NOISE_WINDOW_MS = 5000;
/** Between two echoes, fewer tell nothing of the rate at which they came through. */
const LEAST_RATE_BYTES = 12_000;
/** Together with what was sent before it, to a hundredth. */
const TOGETHER_MS = 0.1;
/** An echo that comes sooner by this than the queue would have let it has not met any, unless that was full. */
const REFUTED = { soonerMs: 10, delayMs: 20 } as const;
/** Two of one blur are closer together than this. */
const WITNESS_APART_MS = 30;
/** Fewer tell nothing of a rate. */
const LEAST_FLIGHT_BYTES = 36_000;
/** Without an answer the oldest is forgotten. On a slow path many are on their way: 20 in a round trip, and what waits. */
const MAX_WAITING = 24;

/** Packets that follow each other without a pause in which a queue would run dry. */
interface Flight {
  readonly bytesBefore: number;
  /** The last moment that is known of before which nothing, or so little, waited on the path. */
  idle: { readonly atMs: number; readonly bytes: number; readonly delayMs: number };
  /** Some of its echoes were late. */
  hasWaited: boolean;
}

/** Where in what was sent an echo was asked for. */
export interface EchoMark {
  readonly sentMs: number;
  /** Sent before it, in all. */
  readonly bytes: number;
  /** Of these, what left at the same moment: a narrow path delays an echo by that alone. */
  readonly runBytes: number;
  /** Nothing was asked for a while before, for there was nothing that would make a queue. */
  readonly isCalm: boolean;
  readonly flight: Flight;
}

interface Witness {
  readonly mark: EchoMark;
  readonly delayMs: number;
}

export type EchoVerdict =
  /** Nothing waits on the path; `flightBytes` followed each other and nothing of them did. */
  | { readonly kind: 'clear'; readonly flightBytes: number }
  /** A queue that what is known of the path does not explain: it carries this. */
  | { readonly kind: 'queue'; readonly shownBps: number }
  /** What was taken for a queue was none. */
  | { readonly kind: 'refuted' }
  | { readonly kind: 'nothing' };

const nothing: EchoVerdict = { kind: 'nothing' };

export class EchoTrail {
  readonly #waiting: EchoMark[] = [];
  #bytes = 0;
  #lastSentMs = Number.NEGATIVE_INFINITY;
  #flight = newFlight(0, 0);
  #last: EchoMark | undefined;
  /** The last answer, if it was later than is explained. */
  #late: Witness | undefined;
  /** What shows the queue that limits the path now. */
  #witness: Witness | undefined;
  #isConfirmed = false;
  /** The last answer. */
  #answered: Witness | undefined;
  /** At which what left between two echoes came through of late, negated: the least is the highest. */
  readonly #leastSlowBps = new RecentMinimum(NOISE_WINDOW_MS);
  /** How late echoes of calm times were, negated: the least is the longest. */
  readonly #leastEarlyMs = new RecentMinimum(NOISE_WINDOW_MS);

  /** Sent in all. */
  get bytes(): number {
    return this.#bytes;
  }

  /** When the oldest left of those that may still come. */
  get waitingSinceMs(): number | undefined {
    return this.#waiting[0]?.sentMs;
  }

  /** Sent in this flight and behind the last echo. */
  get unseenBytes(): number {
    return this.#bytes - Math.max(this.#flight.bytesBefore, this.#last?.bytes ?? 0);
  }

  get lastAskedMs(): number {
    return this.#last?.sentMs ?? Number.NEGATIVE_INFINITY;
  }

  /** Two echoes have shown the queue that limits the path. */
  get isConfirmed(): boolean {
    return this.#isConfirmed;
  }

  /** One echo has, and no other has said the same. */
  get isDoubtful(): boolean {
    return this.#witness !== undefined && !this.#isConfirmed;
  }

  /** Behind a pause of more than `pauseMs` a new flight begins. */
  sent(bytes: number, pauseMs: number, nowMs: number): void {
    if (nowMs - this.#lastSentMs > pauseMs) this.#flight = newFlight(this.#bytes, nowMs);
    this.#lastSentMs = nowMs;
    this.#bytes += bytes;
  }

  /** Right behind `runBytes`. */
  asked(runBytes: number, nowMs: number): EchoMark {
    const isCalm = nowMs - this.lastAskedMs >= CALM_MS;
    const mark = { sentMs: nowMs, bytes: this.#bytes, runBytes, isCalm, flight: this.#flight };
    this.#last = mark;
    this.#waiting.push(mark);
    if (this.#waiting.length > MAX_WAITING) this.#waiting.shift();
    return mark;
  }

  /** By what this echo has shown, the path is limited from now on. A new limit awaits a second one. */
  limited(mark: EchoMark, delayMs: number, isNew: boolean): void {
    if (isNew) this.#isConfirmed = false;
    // What something else has confirmed needs none.
    if (isNew || this.#witness !== undefined) this.#witness = { mark, delayMs };
  }

  /** Some were lost: they did not come through. */
  lost(): void {
    this.#leastSlowBps.forget();
  }

  /** Something else than an echo has told of trouble: none takes the limit back. */
  settle(): void {
    this.#witness = undefined;
  }

  /** It came `delayMs` later than on an idle path, which carries `capacityBps` as far as is known. */
  answered(mark: EchoMark, delayMs: number, capacityBps = Number.POSITIVE_INFINITY): EchoVerdict {
    const at = this.#waiting.indexOf(mark);
    // A later one was answered before it: a path keeps the order, and so the path did not hold it up.
    if (at < 0) return nothing;
    this.#waiting.splice(0, at + 1);
    this.#noteRate({ mark, delayMs });
    const noiseMs = this.#noiseMs(mark, delayMs);
    if (this.isDoubtful && this.#isRefuted(mark, delayMs, capacityBps, noiseMs)) {
      this.#witness = undefined;
      return { kind: 'refuted' };
    }
    const { flight } = mark;
    const { idle } = flight;
    const sinceMs = mark.sentMs - idle.atMs;
    const bytes = mark.bytes - idle.bytes;
    const ownMs = (mark.runBytes * 8000) / capacityBps;
    if (delayMs < LATE_MS + ownMs) {
      this.#late = undefined;
      flight.idle = { atMs: mark.sentMs, bytes: mark.bytes, delayMs };
      return { kind: 'clear', flightBytes: flight.hasWaited ? 0 : mark.bytes - flight.bytesBefore };
    }
    flight.hasWaited = true;
    const explainedMs = Math.max(ownMs, idle.delayMs + (bytes * 8000) / capacityBps - sinceMs);
    const before = this.#late;
    // On the first flight more depends than on one blur.
    const isFirst = idle.bytes === 0 && !Number.isFinite(capacityBps);
    const isLate = isFirst || delayMs >= explainedMs + noiseMs;
    this.#late = isLate ? { mark, delayMs } : undefined;
    if (!isLate || bytes < LEAST_FLIGHT_BYTES) return nothing;
    const betweenBps = isFirst ? 0 : rateBetween(before, { mark, delayMs });
    if (betweenBps === undefined) return nothing;
    // Radio holds packets up and lets them go together: what came through faster of late shows that it is no queue.
    const shownBps = isFirst ? 0 : Math.max(betweenBps, -this.#leastSlowBps.value);
    return {
      kind: 'queue',
      shownBps: Math.max(shownBps, (bytes * 8000) / (sinceMs + delayMs - idle.delayMs)),
    };
  }

  /** No path lets more through between two echoes than it carries. */
  #noteRate(answer: Witness): void {
    const before = this.#answered;
    this.#answered = answer;
    const nowMs = answer.mark.sentMs + answer.delayMs;
    this.#leastSlowBps.rotate(nowMs);
    const bytes = answer.mark.bytes - (before?.mark.bytes ?? answer.mark.bytes);
    if (before === undefined || bytes < LEAST_RATE_BYTES || answer.mark.flight.idle.bytes === 0) return;
    const elapsedMs = Math.max(TOGETHER_MS, nowMs - before.mark.sentMs - before.delayMs);
    this.#leastSlowBps.see((-bytes * 8000) / elapsedMs);
  }

  /** By how much an echo is late without a queue. */
  #noiseMs({ bytes, sentMs, isCalm, flight }: EchoMark, delayMs: number): number {
    this.#leastEarlyMs.rotate(sentMs);
    if (isCalm && bytes - flight.bytesBefore < LARGE_BYTES) this.#leastEarlyMs.see(-delayMs);
    const mostMs = -this.#leastEarlyMs.value;
    return Number.isFinite(mostMs) ? LATE_MS + Math.max(0, mostMs) : UNKNOWN_NOISE_MS;
  }

  /** Notes it, too, when this one says the same. */
  #isRefuted(mark: EchoMark, delayMs: number, capacityBps: number, noiseMs: number): boolean {
    const witness = this.#witness;
    if (witness === undefined) return false;
    const sinceMs = mark.sentMs - witness.mark.sentMs;
    const expectedMs = witness.delayMs + ((mark.bytes - witness.mark.bytes) * 8000) / capacityBps - sinceMs;
    const isSooner = expectedMs - delayMs >= REFUTED.soonerMs && delayMs <= expectedMs / 2;
    if (isSooner && delayMs <= REFUTED.delayMs) return true;
    const isSame = expectedMs >= noiseMs && delayMs >= Math.max(noiseMs, expectedMs / 2);
    if (isSame && sinceMs >= WITNESS_APART_MS) this.#isConfirmed = true;
    return false;
  }
}

function newFlight(bytesBefore: number, nowMs: number): Flight {
  return { bytesBefore, idle: { atMs: nowMs, bytes: bytesBefore, delayMs: 0 }, hasWaited: false };
}

/**
 * At which what left between two echoes of one flight came through; undefined when there are no two. What holds up
 * all that comes lets it go together, a queue bit by bit.
 */
function rateBetween(before: Witness | undefined, { mark, delayMs }: Witness): number | undefined {
  if (before?.mark.flight !== mark.flight) return undefined;
  const elapsedMs = mark.sentMs + delayMs - before.mark.sentMs - before.delayMs;
  return elapsedMs <= 0 ? undefined : ((mark.bytes - before.mark.bytes) * 8000) / elapsedMs;
}
