import { promql } from '../queries.ts';
import type { Line } from './lines.ts';
import { graphs, of, rate } from './lines.ts';

/** The control group: limits, and how near they are. */
export const group: readonly Line[] = [
  graphs(
    {
      title: 'Memory of the control group',
      description:
        'Working set is what counts against the limit; page cache can be dropped. No limit, no line.',
      unit: 'bytes',
      queries: [
        promql(of('sightline_cgroup_memory_working_set_bytes'), '{{instance}} working set'),
        promql(of('sightline_cgroup_memory_usage_bytes'), '{{instance}} with page cache'),
        promql(of('sightline_cgroup_memory_limit_bytes'), '{{instance}} limit'),
      ],
    },
    {
      title: 'CPU of the control group',
      description: 'Cores in use, and the quota. No quota, no line.',
      unit: 'short',
      queries: [
        promql(rate('sightline_cgroup_cpu_usage_seconds_total'), '{{instance}} used'),
        promql(of('sightline_cgroup_cpu_limit_cores'), '{{instance}} quota'),
      ],
    },
    {
      title: 'Held back by the quota',
      description:
        'Share of the periods in which the CPU quota was used up: pictures come late. An alert fires at 25 %.',
      unit: 'percentunit',
      max: 1,
      limits: ['green', [0.25, 'red']],
      queries: [
        promql(
          `${rate('sightline_cgroup_cpu_throttled_periods_total')} / (${rate('sightline_cgroup_cpu_periods_total')} > 0)`,
          '{{instance}}',
        ),
      ],
    },
    {
      title: 'Tasks of the control group',
      description: 'Processes and threads, and how many there may be.',
      unit: 'short',
      queries: [
        promql(of('sightline_cgroup_pids'), '{{instance}}'),
        promql(of('sightline_cgroup_pids_limit'), '{{instance}} limit'),
      ],
    },
  ),
];
