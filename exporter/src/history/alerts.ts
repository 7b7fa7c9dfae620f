import { streamStates } from '../known-labels.ts';
import type { MetricName } from '../catalogue.ts';
import type { AnyLabels } from '../samples.ts';
import { Baseline } from './baseline.ts';
import { keyOf } from './history.ts';
import type { HistoryRing } from './ring.ts';

export type AlertLevel = 'info' | 'warning' | 'critical';

export const alertCodes = [
  'cpu',
  'memory',
  'disk',
  'active-resources',
  'event-loop',
  'stream-down',
  'stream-stalled',
  'stream-refused',
  'stream-errors',
  'unusual',
] as const;
export type AlertCode = (typeof alertCodes)[number];

/** From these values on; ratios are 0 to 1. */
export interface AlertThresholds {
  readonly cpuWarning: number;
  readonly cpuCritical: number;
  readonly memoryWarning: number;
  readonly memoryCritical: number;
  readonly diskWarning: number;
  readonly diskCritical: number;
  readonly activeResourcesWarning: number;
  readonly activeResourcesCritical: number;
  readonly eventLoopWarning: number;
  readonly eventLoopCritical: number;
  /** Share of packets that never came. */
  readonly streamErrorsWarning: number;
  /** How long a stream may be away before that is an alert. */
  readonly streamDownSeconds: number;
  /** Whether to compare gauges with their last day. */
  readonly unusual: boolean;
}

export interface Alert {
  readonly code: AlertCode;
  readonly level: AlertLevel;
  /** A sentence that names no stream. */
  readonly message: string;
  readonly labels: AnyLabels;
  readonly value: number;
  readonly threshold: number;
  readonly sinceMs: number;
}

type Finding = Omit<Alert, 'sinceMs'>;

/** Loads are judged by their mean of a minute: a busy second is no alert. */
const minuteMoments = 60;
const leastMoments = 5;

/** Judges the newest part of the history. `evaluate` is due once a second; nothing is collected anew for it. */
export class AlertWatch {
  readonly #ring: HistoryRing;
  readonly #thresholds: AlertThresholds;
  readonly #baseline = new Baseline();
  #alerts: readonly Alert[] = [];

  constructor(ring: HistoryRing, thresholds: AlertThresholds) {
    this.#ring = ring;
    this.#thresholds = thresholds;
  }

  /** Those that hold now, the worst first. */
  get alerts(): readonly Alert[] {
    return this.#alerts;
  }

  evaluate(nowMs: number): void {
    if (this.#thresholds.unusual) this.#baseline.learn(this.#ring, nowMs);
    const known = new Map(this.#alerts.map((alert) => [identify(alert), alert.sinceMs]));
    const findings = [...this.#loads(), ...this.#disks(), ...this.#streams(), ...this.#unusual(nowMs)];
    this.#alerts = findings
      .map((finding) => ({ ...finding, sinceMs: known.get(identify(finding)) ?? nowMs }))
      .toSorted((a, b) => rank[b.level] - rank[a.level]);
  }

  #loads(): Finding[] {
    const limits = this.#thresholds;
    const cpu = this.#mean('sightline_cpu_utilisation_ratio', minuteMoments);
    const memory = this.#mean('sightline_memory_utilisation_ratio', 1);
    const loops = this.#each('sightline_event_loop_utilisation_ratio', minuteMoments);
    const resources = this.#each('sightline_active_resources', 1);
    const open = resources.reduce((sum, { value }) => sum + value, 0);
    return [
      ...judge(
        'cpu',
        'The CPU that may be used is nearly used up',
        {},
        cpu,
        limits.cpuWarning,
        limits.cpuCritical,
      ),
      ...judge(
        'memory',
        'The memory that may be used is nearly used up',
        {},
        memory,
        limits.memoryWarning,
        limits.memoryCritical,
      ),
      ...judge(
        'active-resources',
        'So many sockets, timers and requests are open that something leaks',
        {},
        open,
        limits.activeResourcesWarning,
        limits.activeResourcesCritical,
      ),
      ...loops.flatMap(({ labels, value }) =>
        judge(
          'event-loop',
          'A thread has hardly any time left',
          labels,
          value,
          limits.eventLoopWarning,
          limits.eventLoopCritical,
        ),
      ),
    ];
  }

  #disks(): Finding[] {
    const { diskWarning, diskCritical } = this.#thresholds;
    return this.#each('sightline_storage_size_bytes', 1).flatMap(({ labels, value: size }) => {
      const available = this.#latest('sightline_storage_available_bytes', labels);
      if (available === undefined || size <= 0) return [];
      return judge(
        'disk',
        'A file system is nearly full',
        labels,
        1 - available / size,
        diskWarning,
        diskCritical,
      );
    });
  }

  #streams(): Finding[] {
    const { streamDownSeconds, streamErrorsWarning } = this.#thresholds;
    return this.#each('sightline_stream_state_code', 1).flatMap(({ labels, value }) => {
      const state = streamStates[value];
      if (this.#latest('sightline_stream_expected', labels) !== 1) return [];
      const away = this.#isAway(labels, streamDownSeconds);
      if (state === 'refused')
        return [
          found('stream-refused', 'warning', 'A stream cannot be shown in a browser', labels, value, value),
        ];
      if (state === 'stalled' && away)
        return [found('stream-stalled', 'warning', 'A camera sends no pictures', labels, 0, 1)];
      if (state !== 'live' && away)
        return [found('stream-down', 'critical', 'A camera cannot be reached', labels, 0, 1)];
      const lost = this.#mean('sightline_stream_rtp_packets_lost_total', minuteMoments, labels);
      const expected = this.#mean('sightline_stream_rtp_packets_expected_total', minuteMoments, labels);
      const share =
        lost === undefined || expected === undefined || expected <= 0 ? undefined : lost / expected;
      return judge(
        'stream-errors',
        'Packets of a camera get lost',
        labels,
        share,
        streamErrorsWarning,
        Infinity,
      );
    });
  }

  /** Expected and not up for at least so long, as far as is known: one on demand was idle until somebody came. */
  #isAway(labels: AnyLabels, seconds: number): boolean {
    const moments = Math.max(1, Math.round(seconds));
    const mean = (name: MetricName): number | undefined => {
      const series = this.#ring.get(keyOf(name, labels));
      return series && this.#ring.recentMean(series, moments, moments);
    };
    return mean('sightline_stream_up') === 0 && mean('sightline_stream_expected') === 1;
  }

  #unusual(nowMs: number): Finding[] {
    if (!this.#thresholds.unusual) return [];
    return this.#baseline
      .find(this.#ring, nowMs)
      .map(({ metric, labels, value, usual }) =>
        found(
          'unusual',
          'info',
          'Far from what it was a day ago at this hour',
          { ...labels, metric },
          value,
          usual,
        ),
      );
  }

  #mean(name: MetricName, moments: number, labels: AnyLabels = {}): number | undefined {
    const series = this.#ring.get(keyOf(name, labels));
    return series && this.#ring.recentMean(series, moments, Math.min(moments, leastMoments));
  }

  #latest(name: MetricName, labels: AnyLabels): number | undefined {
    return this.#mean(name, 1, labels);
  }

  #each(name: MetricName, moments: number): { readonly labels: AnyLabels; readonly value: number }[] {
    return this.#ring.seriesOf(name).flatMap((series) => {
      const value = this.#ring.recentMean(series, moments, Math.min(moments, leastMoments));
      return value === undefined ? [] : [{ labels: series.labels, value }];
    });
  }
}

const rank: Readonly<Record<AlertLevel, number>> = { info: 0, warning: 1, critical: 2 };

function judge(
  code: AlertCode,
  message: string,
  labels: AnyLabels,
  value: number | undefined,
  warning: number,
  critical: number,
): Finding[] {
  if (value === undefined || !reaches(value, warning)) return [];
  return reaches(value, critical)
    ? [found(code, 'critical', message, labels, value, critical)]
    : [found(code, 'warning', message, labels, value, warning)];
}

/** Columns hold single precision: 0.9 comes back as a little less. */
function reaches(value: number, threshold: number): boolean {
  return value >= threshold * (1 - 1e-6);
}

function found(
  code: AlertCode,
  level: AlertLevel,
  message: string,
  labels: AnyLabels,
  value: number,
  threshold: number,
): Finding {
  return { code, level, message, labels, value, threshold };
}

/** The level may change while it holds. */
function identify({ code, labels }: Finding): string {
  return JSON.stringify([code, labels]);
}
