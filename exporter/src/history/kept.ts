import type { MetricName } from '../catalogue.ts';
import { specOf } from '../catalogue.ts';
import type { CollectorName } from '../known-labels.ts';
import { collectorNames } from '../known-labels.ts';

/** Metrics whose last hour is kept: the gauges that people look at, and the rates of a few counters. */
export const keptMetrics: readonly MetricName[] = [
  'sightline_cpu_utilisation_ratio',
  'sightline_memory_utilisation_ratio',
  'sightline_host_load1',
  'sightline_host_memory_available_bytes',
  'sightline_host_network_receive_bytes_total',
  'sightline_host_network_transmit_bytes_total',
  'sightline_host_udp_receive_buffer_errors_total',
  'sightline_host_disk_read_bytes_total',
  'sightline_host_disk_written_bytes_total',
  'sightline_host_temperature_celsius',
  'sightline_host_gpu_utilisation_ratio',
  'sightline_host_pressure_stalled_seconds_total',
  'sightline_storage_size_bytes',
  'sightline_storage_available_bytes',
  'sightline_cgroup_memory_working_set_bytes',
  'sightline_cgroup_cpu_throttled_seconds_total',
  'process_cpu_seconds_total',
  'process_resident_memory_bytes',
  'process_open_fds',
  'nodejs_heap_size_used_bytes',
  'sightline_active_resources',
  'sightline_event_loop_utilisation_ratio',
  'sightline_forward_delay_p99_seconds',
  'sightline_viewer_sessions',
  'sightline_stream_up',
  'sightline_stream_expected',
  'sightline_stream_state_code',
  'sightline_stream_frames_per_second',
  'sightline_stream_video_bytes_per_second',
  'sightline_stream_keyframe_interval_seconds',
  'sightline_stream_rtp_packets_expected_total',
  'sightline_stream_rtp_packets_lost_total',
  'sightline_stream_rtp_jitter_seconds',
  'sightline_stream_source_round_trip_seconds',
  'sightline_viewers',
  'sightline_egress_bytes_total',
];

/** A counter is kept as its increase per second. */
export function isKeptAsRate(name: MetricName): boolean {
  return specOf(name).type === 'counter';
}

/** What a collection for the history has to hold: the kept ones, and what the two ratios are made of. */
export const sampledMetrics: ReadonlySet<MetricName> = new Set([
  ...keptMetrics,
  'sightline_host_cpu_seconds_total',
  'sightline_host_cpus',
  'sightline_host_memory_total_bytes',
  'sightline_cgroup_cpu_usage_seconds_total',
  'sightline_cgroup_cpu_limit_cores',
  'sightline_cgroup_memory_limit_bytes',
]);

const notSampled: readonly CollectorName[] = [
  'cpu-cores',
  'cpu-frequency',
  'paging',
  'tcp-states',
  'inventory',
];

/** Those that find any of it. */
export const sampledCollectors: ReadonlySet<CollectorName> = new Set(
  collectorNames.filter((name) => !notSampled.includes(name)),
);
