/** How fast the offers of one page follow each other, whatever the number of its tiles. Pure: the clock is passed in. */

/** Between two offers while the relay answers: 40 tiles join within two seconds. */
export const OFFER_SPACING_MS = 40;
const FIRST_FAILURE_MS = 250;
/** Between two offers while it does not: one page costs a relay that comes back next to nothing. */
const LONGEST_SPACING_MS = 2000;
/** What one answer can ask of the whole page. Whoever got it sits out its own wait. */
const LONGEST_CLOSED_MS = 25_000;

export class OfferPace {
  readonly #spacingMs: number;
  readonly #random: () => number;
  /** Offers in a row that the relay, and not one stream, did not answer. */
  #failures = 0;
  /** Who was not, since anybody was answered. */
  readonly #failing = new Set<string>();
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

  /** The relay did not answer `stream`, or told everybody to come back after `retryAfterMs`. */
  failed(stream: string, nowMs: number, retryAfterMs = 0): void {
    this.#failures++;
    this.#failing.add(stream);
    const askedForMs = Math.min(LONGEST_CLOSED_MS, retryAfterMs) * (1 + 0.2 * this.#random());
    this.#nextAtMs = Math.max(this.#nextAtMs, nowMs + Math.max(askedForMs, this.#gapMs()));
  }

  /**
   * The relay answered: yes, or no for a reason of one stream. Returns whether it is back: it did not answer this stream before,
   * nor any other in between. Streams that alone fail, behind a proxy say, are never answered, and tell nothing of the others.
   */
  answered(stream: string, nowMs: number): boolean {
    const isBack = this.#failing.has(stream);
    this.#failing.clear();
    if (this.#failures > 0) {
      this.#failures = 0;
      this.#nextAtMs = nowMs + this.#gapMs();
    }
    return isBack;
  }

  #gapMs(): number {
    if (this.#failures === 0) return this.#spacingMs;
    const ceilingMs = Math.min(LONGEST_SPACING_MS, FIRST_FAILURE_MS * 2 ** Math.min(this.#failures, 10));
    return ceilingMs * (0.75 + 0.25 * this.#random());
  }
}
