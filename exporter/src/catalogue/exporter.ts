import { collectorNames } from '../known-labels.ts';
import type { MetricSpec } from '../metric.ts';
import { gauge } from '../metric.ts';

/** The exporter itself. */
export const exporterMetrics = {
  sightline_build_info: gauge('info', 'Always 1; the labels say what runs', {
    version: 'open',
    node_version: 'open',
  }),
  sightline_host_collector_duration_seconds: gauge('seconds', 'How long this collector took at this scrape', {
    collector: collectorNames,
  }),
  sightline_host_collector_success: gauge('state', '1 when this collector worked at this scrape, 0 if not', {
    collector: collectorNames,
  }),

  sightline_history_series: gauge('count', 'Series whose last hour is kept in memory'),
  sightline_history_series_refused: gauge('count', 'Series for which that had no room'),
} as const satisfies Readonly<Record<string, MetricSpec>>;
