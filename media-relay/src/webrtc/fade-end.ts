/**
 * How much of a path is believed at once behind trouble. A radio that has faded carries what it did before, and a trial of
 * half as much again each second would make pictures seconds too late. A shaper and a radio that gathers packets let
 * short bursts through as if they were wide, too: so never more than was believed for some time. Pure: time is passed in.
 */

/** So much more than is known, and without a queue: no path is measured so wrong. */
const FAR_FACTOR = 8;
/** Of one leap. */
const LEAP_FACTOR = 4;
/** What left before trouble was known is still on its way. */
const CALM_MS = 300;
const LEAPS_APART_MS = 200;
/** What was believed so long without trouble may be believed again. */
const HELD_MS = 2000;

export class FadeEnd {
  #troubledAtMs: number;
  #leaptAtMs = Number.NEGATIVE_INFINITY;
  /** What was believed so long before the last trouble. */
  #heldBps = 0;

  constructor(nowMs: number) {
    this.#troubledAtMs = nowMs;
  }

  /** The path, which was thought to carry `capacityBps` (undefined: anything), carries less. */
  trouble(capacityBps: number | undefined, nowMs: number): void {
    if (nowMs - this.#leaptAtMs < HELD_MS) this.#heldBps = 0;
    else if (nowMs - this.#troubledAtMs >= HELD_MS) this.#heldBps = capacityBps ?? Number.POSITIVE_INFINITY;
    this.#troubledAtMs = nowMs;
  }

  /** A train that met no queue arrived at `deliveredBps`: what to believe now, if more than `capacityBps`. */
  leap(deliveredBps: number, capacityBps: number, nowMs: number): number | undefined {
    if (deliveredBps < capacityBps * FAR_FACTOR || this.#heldBps <= capacityBps) return undefined;
    if (nowMs - this.#troubledAtMs < CALM_MS || nowMs - this.#leaptAtMs < LEAPS_APART_MS) return undefined;
    this.#leaptAtMs = nowMs;
    return Math.min(deliveredBps, capacityBps * LEAP_FACTOR, this.#heldBps);
  }

  pathChanged(nowMs: number): void {
    this.#troubledAtMs = nowMs;
    this.#heldBps = 0;
  }
}
