import { memoryEvents, pressureResources } from '../known-labels.ts';
import type { MetricSpec } from '../metric.ts';
import { counter, gauge } from '../metric.ts';

/** The own control group, and what may be used: its limits where they exist, else the host. */
export const cgroupMetrics = {
  // The own control group.
  sightline_cgroup_info: gauge('info', 'Always 1; the version of control groups that sets the limits', {
    version: ['1', '2'],
  }),
  sightline_cgroup_memory_limit_bytes: gauge(
    'bytes',
    'Smallest memory limit of the own control group and those around it; absent without a limit',
  ),
  sightline_cgroup_memory_high_bytes: gauge('bytes', 'Memory from which on the kernel slows the group down'),
  sightline_cgroup_memory_usage_bytes: gauge('bytes', 'Memory of the group, page cache included'),
  sightline_cgroup_memory_working_set_bytes: gauge(
    'bytes',
    'Memory of the group without page cache that can be dropped: what counts against the limit',
  ),
  sightline_cgroup_memory_peak_bytes: gauge('bytes', 'Most memory that the group ever had'),
  sightline_cgroup_memory_swap_bytes: gauge('bytes', 'Swap of the group'),
  sightline_cgroup_memory_events_total: counter('count', 'Memory events of the group', {
    event: memoryEvents,
  }),
  sightline_cgroup_cpu_limit_cores: gauge(
    'cores',
    'Smallest CPU quota of the own control group and those around it, in cores; absent without a quota',
  ),
  sightline_cgroup_cpu_usage_seconds_total: counter('seconds', 'CPU time of the group'),
  sightline_cgroup_cpu_periods_total: counter('count', 'Periods in which the quota counted'),
  sightline_cgroup_cpu_throttled_periods_total: counter('count', 'Periods in which the quota was used up'),
  sightline_cgroup_cpu_throttled_seconds_total: counter('seconds', 'Time for which tasks were held back'),
  sightline_cgroup_pids: gauge('count', 'Tasks in the group'),
  sightline_cgroup_pids_limit: gauge('count', 'Tasks that the group may have; absent without a limit'),
  sightline_cgroup_pressure_waiting_seconds_total: counter(
    'seconds',
    'Time in which at least one task of the group waited for the resource',
    { resource: pressureResources },
  ),
  sightline_cgroup_pressure_stalled_seconds_total: counter(
    'seconds',
    'Time in which no task of the group could go on',
    { resource: pressureResources },
  ),

  // What the thresholds of alerts are about: cgroup limits where they exist, else the host.
  sightline_cpu_utilisation_ratio: gauge(
    'ratio',
    'CPU in use, of what may be used (quota or host), over the time since the last collection',
  ),
  sightline_memory_utilisation_ratio: gauge('ratio', 'Memory in use, of what may be used (limit or host)'),
} as const satisfies Readonly<Record<string, MetricSpec>>;
