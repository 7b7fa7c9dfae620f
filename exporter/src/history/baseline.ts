import type { MetricName } from '../catalogue.ts';
import type { AnyLabels } from '../samples.ts';
import type { HistoryRing, RingSeries } from './ring.ts';
import { keyOf } from './history.ts';

/** Gauges whose usual course says something. */
export const watchedMetrics: readonly MetricName[] = [
  'sightline_cpu_utilisation_ratio',
  'sightline_memory_utilisation_ratio',
  'sightline_stream_frames_per_second',
  'sightline_stream_video_bytes_per_second',
  'sightline_viewer_sessions',
];

export interface Unusual {
  readonly metric: MetricName;
  readonly labels: AnyLabels;
  readonly value: number;
  /** Mean of the same hour of the day before. */
  readonly usual: number;
}

interface Hour {
  /** Number of the hour since 1970. */
  number: number;
  count: number;
  mean: number;
  /** Sum of squared distances to the mean (Welford). */
  squares: number;
}

const hourMs = 3_600_000;
const minuteMs = 60_000;
const hoursKept = 25;
/** Half of an hour has to be known before it is called usual. */
const leastMinutes = 30;
const leastDeviations = 4;
/** A very steady gauge would make every ripple unusual. */
const leastShare = 0.25;
const recentMoments = 300;
const maxSeries = 2_048;

/**
 * What each watched gauge was at each hour of the last day, by its minutes. `unusual`: the mean of the last 5 minutes is more than
 * four standard deviations, and more than a quarter, away from the same hour of the day before. Kept in memory alone.
 */
export class Baseline {
  readonly #hours = new Map<string, Hour[]>();
  #nextMs = 0;

  /** Due once a second; learns once a minute. */
  learn(ring: HistoryRing, nowMs: number): void {
    if (nowMs < this.#nextMs) return;
    this.#nextMs = nowMs + minuteMs;
    const number = Math.floor(nowMs / hourMs);
    const seen = new Set<string>();
    for (const metric of watchedMetrics)
      for (const series of ring.seriesOf(metric)) {
        const key = keyOf(metric, series.labels);
        seen.add(key);
        const value = ring.recentMean(series, 60);
        if (value !== undefined) this.#add(key, number, value);
      }
    for (const key of this.#hours.keys()) if (!seen.has(key)) this.#hours.delete(key);
  }

  find(ring: HistoryRing, nowMs: number): Unusual[] {
    const dayAgo = Math.floor(nowMs / hourMs) - 24;
    return watchedMetrics.flatMap((metric) =>
      ring.seriesOf(metric).flatMap((series) => this.#judge(ring, metric, series, dayAgo)),
    );
  }

  #judge(ring: HistoryRing, metric: MetricName, series: RingSeries, dayAgo: number): Unusual[] {
    const { labels } = series;
    const hour = this.#hours.get(keyOf(metric, labels))?.find(({ number }) => number === dayAgo);
    if (hour === undefined || hour.count < leastMinutes) return [];
    const value = ring.recentMean(series, recentMoments, recentMoments / 2);
    if (value === undefined) return [];
    const deviation = Math.sqrt(hour.squares / hour.count);
    const away = Math.abs(value - hour.mean);
    const isUnusual = away > leastDeviations * deviation && away > leastShare * Math.abs(hour.mean);
    return isUnusual ? [{ metric, labels, value, usual: hour.mean }] : [];
  }

  #add(key: string, number: number, value: number): void {
    const hours = this.#hours.get(key) ?? [];
    if (hours.length === 0) {
      if (this.#hours.size >= maxSeries) return;
      this.#hours.set(key, hours);
    }
    let hour = hours.at(-1);
    if (hour?.number !== number) {
      hour = { number, count: 0, mean: 0, squares: 0 };
      hours.push(hour);
      if (hours.length > hoursKept) hours.shift();
    }
    hour.count++;
    const distance = value - hour.mean;
    hour.mean += distance / hour.count;
    hour.squares += distance * (value - hour.mean);
  }
}
