export interface HistogramState {
  /** Upper bounds, ascending, without infinity. */
  readonly bounds: readonly number[];
  /** Observations per bucket, not cumulative; the last entry is what exceeds every bound. */
  readonly counts: ArrayLike<number>;
  readonly sum: number;
}

/** Plain numbers that only grow: observing costs a short loop, nothing is allocated. */
export class Histogram implements HistogramState {
  readonly bounds: readonly number[];
  readonly counts: Float64Array;
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    let bucket = 0;
    while (bucket < this.bounds.length && value > (this.bounds[bucket] ?? Infinity)) bucket++;
    this.add(bucket, 1, value);
  }

  /** `times` observations at once in the bucket of this index, whose values sum up to `sum`. */
  add(bucket: number, times: number, sum: number): void {
    this.counts[bucket] = (this.counts[bucket] ?? 0) + times;
    this.sum += sum;
  }
}
