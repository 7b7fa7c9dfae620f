/** The least of what was seen in this window of time and the one before: what a path once was is forgotten. */
export class RecentMinimum {
  readonly #windowMs: number;
  #sinceMs = Number.NEGATIVE_INFINITY;
  #least = Number.POSITIVE_INFINITY;
  #olderLeast = Number.POSITIVE_INFINITY;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Infinity when nothing was seen. */
  get value(): number {
    return Math.min(this.#least, this.#olderLeast);
  }

  see(value: number): void {
    if (value < this.#least) this.#least = value;
  }

  forget(): void {
    this.#sinceMs = Number.NEGATIVE_INFINITY;
    this.#least = Number.POSITIVE_INFINITY;
    this.#olderLeast = Number.POSITIVE_INFINITY;
  }

  /** Begins a new window when this one is over. */
  rotate(nowMs: number): void {
    if (nowMs - this.#sinceMs < this.#windowMs) return;
    this.#olderLeast = this.#least;
    this.#least = Number.POSITIVE_INFINITY;
    this.#sinceMs = nowMs;
  }
}
