/** The library: what the relay mounts. */
export { catalogue, isMetricName, metricNames, specOf } from './catalogue.ts';
export type { MetricName } from './catalogue.ts';
export { createCollectors } from './collectors.ts';
export type { CollectorChoice } from './collectors.ts';
export { Exporter } from './exporter.ts';
export { HostFiles } from './host-files.ts';
export { expositionContentType, renderExposition, renderText } from './exposition.ts';
export { alertCodes, AlertWatch } from './history/alerts.ts';
export type { Alert, AlertThresholds } from './history/alerts.ts';
export { History } from './history/history.ts';
export type { HistoryAnswer, HistoryQuery, Summary } from './history/history.ts';
export { isKeptAsRate, keptMetrics, sampledCollectors, sampledMetrics } from './history/kept.ts';
export { Histogram } from './histogram.ts';
export type { HistogramState } from './histogram.ts';
export {
  admissionReasons,
  beaconRefusals,
  collectorNames,
  dropReasons,
  joinOutcomes,
  keptDownReasons,
  logLevels,
  pictureCheckFailures,
  qualitySwitchReasons,
  reconnectReasons,
  streamStates,
  streamWarnings,
  viewerTransports,
} from './known-labels.ts';
export type { CollectorName } from './known-labels.ts';
export { EffectiveLimits } from './cgroup/effective-limits.ts';
export type { HostFacts, MemoryReading } from './cgroup/effective-limits.ts';
export { EventLoopMonitor } from './process/event-loop.ts';
export { LogCounter } from './process/log-counter.ts';
export { readBounded } from './read-bounded.ts';
export { Samples } from './samples.ts';
export type { AnyLabels, LabelsOf, Sample } from './samples.ts';
export { Scrapes } from './scrapes.ts';
export type { Collector, MetricSource } from './source.ts';
