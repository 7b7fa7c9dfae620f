/**
 * Totals that outlive the one who counts them. A media thread that died begins at 0 again; what is told goes on from where it
 * was, so that nothing looks like a loss of history, and sums over streams do not fall.
 */
export class Growing {
  readonly totals: Float64Array;
  readonly #last: Float64Array;

  constructor(size: number) {
    this.totals = new Float64Array(size);
    this.#last = new Float64Array(size);
  }

  /** `value` is what the counter shows now; less than before means that it began anew. */
  update(index: number, value: number): void {
    const last = this.#last[index] ?? 0;
    this.totals[index] = (this.totals[index] ?? 0) + (value >= last ? value - last : value);
    this.#last[index] = value;
  }

  /** The one who counts is gone: whatever comes next counts from 0. */
  restart(): void {
    this.#last.fill(0);
  }
}
