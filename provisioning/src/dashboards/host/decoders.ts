import { promql } from '../queries.ts';
import type { Line } from './lines.ts';
import { graphs, of, rate } from './lines.ts';

/** ffmpeg: how many run, wait and fail. */
export const decoders: readonly Line[] = [
  graphs(
    {
      title: 'Decoder processes',
      description: 'Processes of ffmpeg that run, how many may, and the jobs that wait for one.',
      unit: 'short',
      queries: [
        promql(of('sightline_child_processes'), '{{instance}} run'),
        promql(of('sightline_child_process_limit'), '{{instance}} limit'),
        promql(of('sightline_child_process_queue_length'), '{{instance}} wait'),
      ],
    },
    {
      title: 'Decoder jobs that came to nothing',
      description: 'Refused because the queue was full, ended by the relay, or without a result.',
      unit: 'short',
      queries: [
        promql(
          `increase(${of('sightline_child_process_rejections_total')}[$__rate_interval])`,
          '{{instance}} refused',
        ),
        promql(
          `increase(${of('sightline_child_process_kills_total')}[$__rate_interval])`,
          '{{instance}} ended',
        ),
        promql(
          `increase(${of('sightline_child_process_failures_total')}[$__rate_interval])`,
          '{{instance}} failed',
        ),
      ],
    },
    {
      title: 'Decoders at work',
      description: 'Mean number of decoders that ran, and how many were started in a second.',
      unit: 'short',
      queries: [
        promql(rate('sightline_child_process_run_seconds_total'), '{{instance}} at work'),
        promql(rate('sightline_child_process_starts_total'), '{{instance}} started per second'),
      ],
    },
    {
      title: 'Pictures looked at',
      description: 'For picture health: pictures in a second, and those that could not be, by reason.',
      unit: 'cps',
      queries: [
        promql(rate('sightline_picture_checks_total'), '{{instance}} looked at'),
        promql(rate('sightline_picture_check_failures_total'), '{{instance}} {{reason}}'),
      ],
    },
  ),
];
