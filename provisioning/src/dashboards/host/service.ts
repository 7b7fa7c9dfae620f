import { promql } from '../queries.ts';
import type { Line } from './lines.ts';
import { graphs, of, rate } from './lines.ts';

/** HTTP, and the small things that run out. */
export const service: readonly Line[] = [
  graphs(
    {
      title: 'Requests',
      description: 'HTTP requests in a second, by status.',
      unit: 'reqps',
      stacked: true,
      queries: [
        promql(`sum by (code) (${rate('sightline_http_request_duration_seconds_count')})`, '{{code}}'),
      ],
    },
    {
      title: 'Time of requests',
      description:
        'Nineteen of twenty requests to the API were faster, moving JPEGs left out, which last as long as somebody watches. An alert fires at 200 ms.',
      unit: 's',
      limits: ['green', [0.2, 'red']],
      queries: [
        promql(
          `histogram_quantile(0.95, sum by (instance, le) (${rate('sightline_http_request_duration_seconds_bucket', 'route=~"/api/.*",route!~".*/mjpeg"')}))`,
          '{{instance}}',
        ),
      ],
    },
    {
      title: 'Open files',
      description: 'Share of the file descriptors that are open; without one, nobody can connect.',
      unit: 'percentunit',
      limits: ['green', [0.8, 'red']],
      queries: [promql(`${of('process_open_fds')} / ${of('process_max_fds')}`, '{{instance}}')],
    },
    {
      title: 'Active resources',
      description:
        'Sockets, timers and requests that keep the process busy: a leak shows here. Alerts fire at 5,000 and 10,000.',
      unit: 'short',
      limits: ['green', [5000, 'orange'], [10_000, 'red']],
      queries: [promql(`sum by (instance) (${of('sightline_active_resources')})`, '{{instance}}')],
    },
  ),
  graphs(
    {
      title: 'Temperature',
      description: 'Of every sensor that the host has.',
      unit: 'celsius',
      queries: [promql(of('sightline_host_temperature_celsius'), '{{instance}} {{sensor}}')],
    },
    {
      title: 'Log messages',
      description: 'By level. Errors above one in five seconds make an alert.',
      unit: 'cps',
      stacked: true,
      queries: [promql(`sum by (level) (${rate('sightline_log_messages_total')})`, '{{level}}')],
    },
    {
      title: 'Time of a scrape',
      description: 'How long Prometheus waited. An alert fires at half a second.',
      unit: 's',
      limits: ['green', [0.5, 'red']],
      queries: [promql(of('scrape_duration_seconds', 'job="sightline"'), '{{instance}}')],
    },
    {
      title: 'Collectors that fail',
      description: 'Their figures are missing on this page.',
      unit: 'short',
      queries: [promql(`sum by (instance) (1 - ${of('sightline_host_collector_success')})`, '{{instance}}')],
    },
  ),
];
