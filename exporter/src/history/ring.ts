import type { MetricName } from '../catalogue.ts';
import type { AnyLabels } from '../samples.ts';

export interface RingSeries {
  readonly name: MetricName;
  readonly labels: AnyLabels;
  /** One place per moment, NaN where nothing was told. */
  readonly values: Float32Array;
}

export interface RingOptions {
  /** Moments that are kept. */
  readonly capacity?: number;
  readonly maxSeries?: number;
}

interface Kept extends RingSeries {
  /** Number of the last moment at which it had a value. */
  lastMoment: number;
}

/**
 * The last moments of many series: one column of numbers for each, all of one length, overwritten in turn. Memory is
 * bounded: 3,600 moments of 4,096 series are 59 MB, and only as many columns exist as there are series.
 */
export class HistoryRing {
  readonly capacity: number;
  readonly #maxSeries: number;
  /** Unix ms. */
  readonly #times: Float64Array;
  readonly #series = new Map<string, Kept>();
  /** How many moments there ever were; the newest is at `(#moments - 1) % capacity`. */
  #moments = 0;
  #refused = 0;

  constructor({ capacity = 3_600, maxSeries = 4_096 }: RingOptions = {}) {
    this.capacity = capacity;
    this.#maxSeries = maxSeries;
    this.#times = new Float64Array(capacity);
  }

  get size(): number {
    return this.#series.size;
  }

  /** Series for which there was no room at the last moment. */
  get refused(): number {
    return this.#refused;
  }

  /** Number of moments so far: what was asked for the same one may be remembered. */
  get moment(): number {
    return this.#moments;
  }

  begin(atMs: number): void {
    const at = this.#moments % this.capacity;
    this.#times[at] = atMs;
    this.#moments++;
    this.#refused = 0;
    for (const [key, series] of this.#series) {
      if (this.#moments - series.lastMoment > this.capacity) this.#series.delete(key);
      else series.values[at] = Number.NaN;
    }
  }

  /** The value of a series at the moment that `begin` began. */
  set(key: string, name: MetricName, labels: AnyLabels, value: number): void {
    let series = this.#series.get(key);
    if (series === undefined) {
      if (this.#series.size >= this.#maxSeries) {
        this.#refused++;
        return;
      }
      series = { name, labels, values: new Float32Array(this.capacity).fill(Number.NaN), lastMoment: 0 };
      this.#series.set(key, series);
    }
    series.lastMoment = this.#moments;
    series.values[(this.#moments - 1) % this.capacity] = value;
  }

  seriesOf(name: MetricName): RingSeries[] {
    return [...this.#series.values()].filter((series) => series.name === name);
  }

  get(key: string): RingSeries | undefined {
    return this.#series.get(key);
  }

  /** Unix ms of the oldest moment; undefined while there is none. */
  get oldestMs(): number | undefined {
    return this.#moments === 0 ? undefined : this.#times[this.#oldest() % this.capacity];
  }

  /** Calls with each moment of the range and its place in a column, oldest first. */
  forEach(fromMs: number, toMs: number, visit: (atMs: number, place: number) => void): void {
    for (let moment = this.#oldest(); moment < this.#moments; moment++) {
      const place = moment % this.capacity;
      const atMs = this.#times[place] ?? 0;
      if (atMs >= fromMs && atMs <= toMs) visit(atMs, place);
    }
  }

  /** Mean of the values among the newest `moments`; undefined when there are fewer than `least`. */
  recentMean(series: RingSeries, moments: number, least = 1): number | undefined {
    let sum = 0;
    let count = 0;
    for (let moment = Math.max(this.#oldest(), this.#moments - moments); moment < this.#moments; moment++) {
      const value = series.values[moment % this.capacity] ?? Number.NaN;
      if (Number.isNaN(value)) continue;
      sum += value;
      count++;
    }
    return count < least ? undefined : sum / count;
  }

  #oldest(): number {
    return Math.max(0, this.#moments - this.capacity);
  }
}
