import type { MetricSpec } from '../metric.ts';
import { gauge } from '../metric.ts';

/** What `sightline capacity --metrics` writes, for a textfile collector; the relay does not export them. */
export const capacityMetrics = {
  sightline_capacity_measured_timestamp_seconds: gauge('timestamp', 'When the host was measured'),
  sightline_capacity_frame_cpu_seconds: gauge(
    'seconds',
    'CPU for a picture of a camera, or of a viewer, besides its packets (sightline capacity)',
    { direction: ['receive', 'send'] },
  ),
  sightline_capacity_packet_cpu_seconds: gauge(
    'seconds',
    'CPU for a packet of a camera, or of a viewer (sightline capacity)',
    { direction: ['receive', 'send'] },
  ),
  sightline_capacity_join_cpu_seconds: gauge('seconds', 'CPU for a join (sightline capacity)'),
  sightline_capacity_snapshot_cpu_seconds: gauge('seconds', 'CPU for a snapshot (sightline capacity)'),
  sightline_capacity_mjpeg_stream_cores: gauge(
    'cores',
    'Cores for a stream of 1080p as moving JPEGs (sightline capacity)',
  ),
  sightline_capacity_idle_memory_bytes: gauge('bytes', 'Memory without streams (sightline capacity)'),
  sightline_capacity_viewer_memory_bytes: gauge('bytes', 'Memory for a viewer (sightline capacity)'),
  sightline_capacity_media_threads: gauge('count', 'Media threads reckoned with (sightline capacity)'),
  sightline_capacity_use_ratio: gauge(
    'ratio',
    'What a scenario would use of what is planned; more than 1 does not fit (sightline capacity)',
    { of: ['table', 'configuration'], scenario: 'open', cameras: 'open', resource: 'open' },
  ),
  sightline_capacity_cameras_max: gauge(
    'count',
    'Cameras of this many bits per second that fit, each with a viewer (sightline capacity)',
    { bitrate: 'open' },
  ),
  sightline_capacity_crowd_max: gauge(
    'count',
    'Viewers of one camera of this many bits per second that fit (sightline capacity)',
    { bitrate: 'open' },
  ),
} as const satisfies Readonly<Record<string, MetricSpec>>;
