import { childKinds } from '../known-labels.ts';
import type { MetricSpec } from '../metric.ts';
import { counter, gauge } from '../metric.ts';

/** Pictures beside WebRTC, and the processes that decode them. */
export const decoderMetrics = {
  sightline_child_processes: gauge('count', 'Child processes that run', { kind: childKinds }),
  sightline_child_process_limit: gauge('count', 'Child processes that may run at once', { kind: childKinds }),
  sightline_child_process_queue_length: gauge('count', 'Jobs that wait for a child process', {
    kind: childKinds,
  }),
  sightline_child_process_starts_total: counter('count', 'Child processes started', { kind: childKinds }),
  sightline_child_process_rejections_total: counter(
    'count',
    'Jobs refused for want of a decoder: the queue was full, the wait too long, or all for moving pictures were in use',
    { kind: childKinds },
  ),
  sightline_child_process_kills_total: counter(
    'count',
    'Child processes ended by the relay: late, with too much output, no longer needed, or because it stops',
    { kind: childKinds },
  ),
  sightline_child_process_failures_total: counter(
    'count',
    'Jobs that had a process and no result; where the relay ended it, it is among the kills, too',
    { kind: childKinds },
  ),
  sightline_child_process_run_seconds_total: counter('seconds', 'How long child processes ran, summed', {
    kind: childKinds,
  }),
  sightline_snapshot_cache_bytes: gauge('bytes', 'Snapshots that are kept in memory'),
  sightline_snapshot_files_written_total: counter('count', 'Snapshots written to files'),
  sightline_snapshot_files_failed_total: counter('count', 'Snapshots that could not be written'),
  sightline_snapshot_files_removed_total: counter('count', 'Snapshot files removed for their age or number'),
  sightline_mjpeg_viewers: gauge('count', 'Viewers of MJPEG'),
  sightline_mjpeg_streams: gauge('count', 'Streams, by width, that are decoded for MJPEG'),
  sightline_mjpeg_pictures_total: counter('count', 'Pictures sent to viewers of MJPEG'),
  sightline_mjpeg_dropped_pictures_total: counter('count', 'Pictures left out because a viewer was slow'),
  sightline_mjpeg_rejections_total: counter('count', 'Viewers of MJPEG refused because there are enough'),
} as const satisfies Readonly<Record<string, MetricSpec>>;
