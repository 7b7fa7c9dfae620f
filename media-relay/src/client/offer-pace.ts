/** How fast the offers of one page follow each other, whatever the number of its tiles. Pure: the clock is passed in. */

/** Between two offers while the relay answers: 40 tiles join within two seconds. */
export const OFFER_SPACING_MS = 40;
const FIRST_FAILURE_MS = 250;
/** Between two offers while it does not: one page costs a relay that comes back next to nothing. */
const LONGEST_SPACING_MS = 2000;

export class OfferPace {
  readonly #spacingMs: number;
  readonly #random: () => number;
  /** Offers in a row that the relay, and not one stream, did not answer. */
  #failures = 0;
  #nextAtMs = Number.NEGATIVE_INFINITY;

  constructor(spacingMs: number, random: () => number) {
    this.#spacingMs = spacingMs;
    this.#random = random;
  }

  waitMs(nowMs: number): number {
    return Math.max(0, this.#nextAtMs - nowMs);
  }

  /** An offer leaves. */
  took(nowMs: number): void {
    this.#nextAtMs = Math.max(this.#nextAtMs, nowMs + this.#gapMs());
  }

  /** The relay did not answer, or told everybody to come back after `retryAfterMs`. */
  failed(nowMs: number, retryAfterMs = 0): void {
    this.#failures++;
    const askedForMs = retryAfterMs * (1 + 0.2 * this.#random());
    this.#nextAtMs = Math.max(this.#nextAtMs, nowMs + Math.max(askedForMs, this.#gapMs()));
  }

  /** The relay answered: yes, or no for a reason of one stream. Returns true when it did not before. */
  answered(nowMs: number): boolean {
    const isBack = this.#failures > 0;
    this.#failures = 0;
    if (isBack) this.#nextAtMs = nowMs + this.#gapMs();
    return isBack;
  }

  #gapMs(): number {
    if (this.#failures === 0) return this.#spacingMs;
    const ceilingMs = Math.min(LONGEST_SPACING_MS, FIRST_FAILURE_MS * 2 ** Math.min(this.#failures, 10));
    return ceilingMs * (0.75 + 0.25 * this.#random());
  }
}
