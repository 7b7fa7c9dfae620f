import { spaceLimits } from '../panels.ts';
import { promql } from '../queries.ts';
import type { Line } from './lines.ts';
import { graphs, of, recorded } from './lines.ts';

/** Memory of host and process, and what came of too little. */
export const memory: readonly Line[] = [
  graphs(
    {
      title: 'Memory',
      description:
        'In use, of what may be used: the limit of the control group, else the host. Alerts fire at 80 and 90 %.',
      unit: 'percentunit',
      max: 1,
      limits: spaceLimits,
      queries: [promql(recorded('sightline_memory_utilisation_ratio', 'max'), '{{instance}}')],
    },
    {
      title: 'Memory of the process',
      description:
        'In RAM, and what of it is JavaScript heap, buffers and native memory of the media threads.',
      unit: 'bytes',
      queries: [
        promql(of('process_resident_memory_bytes', 'job="sightline"'), '{{instance}} in RAM'),
        promql(of('nodejs_heap_size_used_bytes', 'job="sightline"'), '{{instance}} heap'),
        promql(of('nodejs_external_memory_bytes', 'job="sightline"'), '{{instance}} buffers'),
        promql(`sum by (instance) (${of('sightline_media_arena_bytes')})`, '{{instance}} native'),
      ],
    },
    {
      title: 'Heap of its limit',
      description:
        'JavaScript heap of the main thread, of what it may have. At 100 % the process ends; an alert fires at 85 %.',
      unit: 'percentunit',
      max: 1,
      limits: ['green', [0.85, 'red']],
      queries: [
        promql(`${of('nodejs_heap_size_used_bytes')} / ${of('sightline_heap_limit_bytes')}`, '{{instance}}'),
      ],
    },
    {
      title: 'Killed for want of memory',
      description: 'Processes that the kernel killed on the host, and in the own control group.',
      unit: 'short',
      queries: [
        promql(`increase(${of('sightline_host_oom_kills_total')}[$__rate_interval])`, '{{instance}} host'),
        promql(
          `increase(${of('sightline_cgroup_memory_events_total', 'event="oom_kill"')}[$__rate_interval])`,
          '{{instance}} group',
        ),
      ],
    },
  ),
];
