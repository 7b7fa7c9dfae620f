import { capacityMetrics } from './catalogue/capacity.ts';
import { cgroupMetrics } from './catalogue/cgroup.ts';
import { clientMetrics } from './catalogue/clients.ts';
import { decoderMetrics } from './catalogue/decoders.ts';
import { exporterMetrics } from './catalogue/exporter.ts';
import { hostMetrics } from './catalogue/host.ts';
import { pictureMetrics } from './catalogue/pictures.ts';
import { processMetrics } from './catalogue/process.ts';
import { relayMetrics } from './catalogue/relay.ts';
import { remoteRelayMetrics } from './catalogue/remote-relay.ts';
import { streamMetrics } from './catalogue/streams.ts';
import { viewerMetrics } from './catalogue/viewers.ts';
import type { MetricSpec } from './metric.ts';

/**
 * Every metric that exists, in the order of docs/METRICS.md, which is made from this table. The compiler checks all code against
 * it, and tests fail when code, docs or rules name a metric that is not here, or when one is here that nobody sets.
 *
 * Base units; ratios are 0 to 1; `_total` on counters alone; moments instead of ages. The only labels whose values the
 * hardware or the configuration chooses are `'open'`; no viewer, session or address is ever a label.
 */
export const catalogue = {
  ...exporterMetrics,
  ...hostMetrics,
  ...cgroupMetrics,
  ...processMetrics,
  ...relayMetrics,
  ...streamMetrics,
  ...pictureMetrics,
  ...viewerMetrics,
  ...decoderMetrics,
  ...clientMetrics,
  ...capacityMetrics,
  ...remoteRelayMetrics,
} as const satisfies Readonly<Record<string, MetricSpec>>;

export type Catalogue = typeof catalogue;
export type MetricName = keyof Catalogue;

export const metricNames = Object.keys(catalogue) as readonly MetricName[];

export function isMetricName(text: string): text is MetricName {
  return Object.hasOwn(catalogue, text);
}

export function specOf(name: MetricName): MetricSpec {
  return catalogue[name];
}
