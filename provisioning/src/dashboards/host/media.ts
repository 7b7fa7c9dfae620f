import { cpuLimits } from '../panels.ts';
import { promql } from '../queries.ts';
import type { Line } from './lines.ts';
import { graphs, of, rate } from './lines.ts';

/** Event loops, and what media threads get done. */
export const media: readonly Line[] = [
  graphs(
    {
      title: 'Event loops',
      description:
        'Share of the time in which the loop of each thread was busy. Alerts fire at 75 and 90 %; then more threads help.',
      unit: 'percentunit',
      max: 1,
      limits: cpuLimits,
      queries: [promql(of('sightline_event_loop_utilisation_ratio'), '{{instance}} {{thread}}')],
    },
    {
      title: 'Event loop delay',
      description:
        'How much later than due a thread got to a timer: 99 of 100 times it was earlier than this.',
      unit: 's',
      queries: [
        promql(
          `histogram_quantile(0.99, sum by (instance, thread, le) (${rate('sightline_event_loop_delay_seconds_bucket')}))`,
          '{{instance}} {{thread}}',
        ),
      ],
    },
    {
      title: 'CPU of media threads',
      description: 'Cores that each media thread uses, user and kernel together.',
      unit: 'short',
      queries: [
        promql(
          `sum by (instance, thread) (${rate('sightline_media_thread_cpu_seconds_total')})`,
          '{{instance}} {{thread}}',
        ),
      ],
    },
    {
      title: 'Forward delay',
      description:
        'From a whole live frame at the relay until its first packet left. An alert fires when one in a hundred takes 20 ms.',
      unit: 's',
      limits: ['green', [0.02, 'red']],
      queries: [
        promql(of('sightline_forward_delay_median_seconds'), '{{instance}} median'),
        promql(of('sightline_forward_delay_p99_seconds'), '{{instance}} p99'),
      ],
    },
  ),
  graphs(
    {
      title: 'Streams and sessions of media threads',
      description: 'How the work is spread over the threads.',
      unit: 'short',
      queries: [
        promql(of('sightline_media_thread_streams'), '{{instance}} {{thread}} streams'),
        promql(of('sightline_media_thread_sessions'), '{{instance}} {{thread}} sessions'),
      ],
    },
    {
      title: 'Restarts of media threads',
      description: 'Each one cuts off the viewers of its streams for a moment.',
      unit: 'short',
      queries: [
        promql(
          `increase(${of('sightline_media_thread_restarts_total')}[$__rate_interval])`,
          '{{instance}} {{thread}}',
        ),
      ],
    },
    {
      title: 'Sent and expected',
      description:
        'What all sessions are sent, and what they count with for the limits: the highest rates of late, cameras that are away included.',
      unit: 'bps',
      queries: [
        promql(`8 * sum by (instance) (${rate('sightline_egress_bytes_total')})`, '{{instance}} sent'),
        promql(`8 * ${of('sightline_egress_expected_bytes_per_second')}`, '{{instance}} expected'),
      ],
    },
    {
      title: 'Send errors',
      description: 'Calls that handed packets to the kernel and failed.',
      unit: 'cps',
      queries: [promql(rate('sightline_egress_send_errors_total'), '{{instance}}')],
    },
  ),
];
