import { promql } from '../queries.ts';
import type { Line } from './lines.ts';
import { graphs, of, rate } from './lines.ts';

/** Not since capture, which is told besides where a camera's clock is trusted. */
const sinceIngest = rate('sightline_glass_to_glass_delay_seconds_bucket', 'from="ingest"');

/** How viewers come in, over what, and what they see. */
export const viewers: readonly Line[] = [
  graphs(
    {
      title: 'Joins by outcome',
      description: 'Offers by how they ended; ok once media can flow.',
      unit: 'short',
      stacked: true,
      queries: [
        promql(
          `sum by (outcome) (increase(${of('sightline_viewer_joins_total')}[$__rate_interval]))`,
          '{{outcome}}',
        ),
      ],
    },
    {
      title: 'Refused for want of capacity',
      description: 'Viewers refused, by the limit that said no.',
      unit: 'short',
      stacked: true,
      queries: [
        promql(
          `sum by (reason) (increase(${of('sightline_admission_rejections_total')}[$__rate_interval]))`,
          '{{reason}}',
        ),
      ],
    },
    {
      title: 'Time to the first picture',
      description:
        'From the wish to watch to the first picture on the screen, told by browsers: median and one in twenty.',
      unit: 's',
      limits: ['green', [1, 'orange'], [3, 'red']],
      queries: [
        promql(
          `histogram_quantile(0.5, sum by (le) (${rate('sightline_time_to_first_frame_seconds_bucket')}))`,
          'median',
        ),
        promql(
          `histogram_quantile(0.95, sum by (le) (${rate('sightline_time_to_first_frame_seconds_bucket')}))`,
          'p95',
        ),
      ],
    },
    {
      title: 'Age of pictures on screens',
      description: 'Since they reached the relay, told by browsers: median and one in twenty.',
      unit: 's',
      queries: [
        promql(`histogram_quantile(0.5, sum by (le) (${sinceIngest}))`, 'median'),
        promql(`histogram_quantile(0.95, sum by (le) (${sinceIngest}))`, 'p95'),
      ],
    },
  ),
  graphs(
    {
      title: 'Viewers by transport',
      description:
        'What carries the media: UDP, or TCP for those whom UDP does not reach. Over TCP a lost packet holds up all that follow.',
      unit: 'short',
      stacked: true,
      queries: [promql(`sum by (transport) (${of('sightline_viewers_by_transport')})`, '{{transport}}')],
    },
    {
      title: 'Cameras watched over TCP',
      description:
        'The ten cameras with the most viewers over TCP. Many at one site: a firewall there lets no UDP through to the media port.',
      unit: 'short',
      queries: [
        promql(
          `topk(10, ${of('sightline_viewers_by_transport', 'transport="tcp"')})`,
          '{{instance}} {{stream}}',
        ),
      ],
    },
  ),
];
