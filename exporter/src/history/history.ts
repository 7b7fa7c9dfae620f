import type { MetricName } from '../catalogue.ts';
import type { AnyLabels, Sample, Samples } from '../samples.ts';
import type { MetricSource } from '../source.ts';
import { isKeptAsRate, keptMetrics } from './kept.ts';
import { HistoryRing } from './ring.ts';
import type { RingOptions, RingSeries } from './ring.ts';

export interface HistoryQuery {
  readonly metric: MetricName;
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
  /** Which series; all of them by default. */
  readonly isWanted?: (labels: AnyLabels) => boolean;
}

export interface HistoryAnswer {
  readonly startMs: number;
  readonly stepMs: number;
  /** One value per step, the mean of what fell into it; null where there was nothing. */
  readonly series: readonly { readonly labels: AnyLabels; readonly values: readonly (number | null)[] }[];
}

export interface Summary {
  readonly labels: AnyLabels;
  readonly samples: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly p95: number;
  readonly last: number;
}

/** The last hour of what `keptMetrics` names, second by second, in memory of a fixed size. */
export class History implements MetricSource {
  readonly ring: HistoryRing;
  #counters = new Map<string, number>();
  #lastMs: number | undefined;

  constructor(options: RingOptions = {}) {
    this.ring = new HistoryRing(options);
  }

  /** Due once a second. */
  record(samples: Samples, atMs: number): void {
    const seconds = this.#lastMs === undefined ? 0 : (atMs - this.#lastMs) / 1000;
    this.#lastMs = atMs;
    this.ring.begin(atMs);
    const counters = new Map<string, number>();
    for (const name of keptMetrics) {
      const isRate = isKeptAsRate(name);
      for (const { labels, value } of samples.values.get(name) ?? []) {
        const key = keyOf(name, labels);
        if (!isRate) {
          this.ring.set(key, name, labels, value);
          continue;
        }
        counters.set(key, value);
        const last = this.#counters.get(key);
        // One that fell began anew: its rate is unknown for once.
        if (last !== undefined && value >= last && seconds > 0)
          this.ring.set(key, name, labels, (value - last) / seconds);
      }
    }
    this.#counters = counters;
  }

  /** The value at the newest moment of every kept series. */
  current(isWanted: (name: MetricName, labels: AnyLabels) => boolean): ReadonlyMap<MetricName, Sample[]> {
    const found = new Map<MetricName, Sample[]>();
    for (const name of keptMetrics) {
      const samples = this.ring.seriesOf(name).flatMap((series) => {
        const value = this.ring.recentMean(series, 1);
        return value === undefined || !isWanted(name, series.labels)
          ? []
          : [{ labels: series.labels, value: shortened(value) }];
      });
      if (samples.length > 0) found.set(name, samples);
    }
    return found;
  }

  query({ metric, fromMs, toMs, stepMs, isWanted = () => true }: HistoryQuery): HistoryAnswer {
    const startMs = Math.floor(fromMs / stepMs) * stepMs;
    const steps = Math.max(1, Math.floor((toMs - startMs) / stepMs) + 1);
    const all = this.ring.seriesOf(metric).filter(({ labels }) => isWanted(labels));
    const places: number[] = [];
    const indexes: number[] = [];
    this.ring.forEach(fromMs, toMs, (atMs, place) => {
      places.push(place);
      indexes.push(Math.min(steps - 1, Math.floor((atMs - startMs) / stepMs)));
    });
    return {
      startMs,
      stepMs,
      series: all.map(({ labels, values }) => ({ labels, values: meansOf(values, places, indexes, steps) })),
    };
  }

  summarise(
    metric: MetricName,
    fromMs: number,
    toMs: number,
    isWanted: (labels: AnyLabels) => boolean = () => true,
  ): Summary[] {
    return this.ring
      .seriesOf(metric)
      .filter(({ labels }) => isWanted(labels))
      .flatMap((series) => this.#summariseOne(series, fromMs, toMs));
  }

  collect(out: Samples): void {
    out.set('sightline_history_series', this.ring.size);
    out.set('sightline_history_series_refused', this.ring.refused);
  }

  #summariseOne({ labels, values }: RingSeries, fromMs: number, toMs: number): Summary[] {
    const found: number[] = [];
    this.ring.forEach(fromMs, toMs, (_, place) => {
      const value = values[place] ?? Number.NaN;
      if (!Number.isNaN(value)) found.push(value);
    });
    const last = found.at(-1);
    if (last === undefined) return [];
    const sorted = found.toSorted((a, b) => a - b);
    const at = (share: number): number =>
      sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? last;
    return [
      {
        labels,
        samples: found.length,
        min: shortened(at(0)),
        max: shortened(at(1)),
        mean: shortened(found.reduce((sum, value) => sum + value, 0) / found.length),
        p95: shortened(at(0.95)),
        last: shortened(last),
      },
    ];
  }
}

/** Names a series. */
export function keyOf(name: MetricName, labels: AnyLabels): string {
  let key: string = name;
  for (const label in labels) key += `\0${label}\0${labels[label]}`;
  return key;
}

/** Columns hold single precision: seven digits are all that is true, and a short text is quickly written. */
function shortened(value: number): number {
  const size = Math.abs(value);
  if (size >= 1e5) return Math.round(value);
  const scale = size >= 10 ? 1e3 : 1e6;
  return Math.round(value * scale) / scale;
}

function meansOf(
  values: Float32Array,
  places: readonly number[],
  indexes: readonly number[],
  steps: number,
): (number | null)[] {
  const sums = new Float64Array(steps);
  const counts = new Uint32Array(steps);
  for (let at = 0; at < places.length; at++) {
    const value = values[places[at] ?? 0] ?? Number.NaN;
    const index = indexes[at] ?? 0;
    if (Number.isNaN(value)) continue;
    sums[index] = (sums[index] ?? 0) + value;
    counts[index] = (counts[index] ?? 0) + 1;
  }
  const means: (number | null)[] = [];
  for (let index = 0; index < steps; index++) {
    const count = counts[index] ?? 0;
    means.push(count === 0 ? null : shortened((sums[index] ?? 0) / count));
  }
  return means;
}
