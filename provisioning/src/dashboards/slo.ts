import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';

import { alertAnnotations, datasourceVariables, page } from './page.ts';
import { availabilityLimits, graph, grid, number } from './panels.ts';
import type { Limits } from './panels.ts';
import { column, now, promql } from './queries.ts';
import { availabilityOf, fleetVariables, toCamera } from './streams.ts';

const chosen = '{instance=~"$instance",stream=~"$stream"}';
const by = 'by (instance, stream)';
/** 99.5 % of 30 days: three and a half hours. */
const budget = 0.005;

function errors(window: string): string {
  return `stream:sightline_stream_up_seconds:error_ratio_rate${window}${chosen}`;
}

const month = availabilityOf(chosen, '30d', '1h');
const year = availabilityOf(chosen, '365d', '1d');
const budgetLeft = `1 - (1 - ${month}) / ${budget}`;

/** Seconds of the day whose roll-up is the newest at each moment. */
function lastDay(of: 'up' | 'expected'): string {
  return `last_over_time(stream:sightline_stream_${of}_seconds:increase1d${chosen}[2d])`;
}

const budgetLimits: Limits = ['red', [0, 'orange'], [0.25, 'green']];

export function slo(): Dashboard {
  return page({
    uid: 'sightline-slo',
    title: 'Sightline objectives',
    description:
      'Whether cameras are up for 99.5 % of 30 days, how fast the rest is used up, and what viewers get.',
    from: 'now-24h',
    refresh: '1m',
    variables: [...datasourceVariables(), ...fleetVariables()],
    annotations: [alertAnnotations('alertname=~"SightlineStreamErrorBudget.*"')],
    content: [
      {
        title: 'Objective: 99.5 % of 30 days',
        lines: [
          [
            5,
            number({
              title: 'Within the objective today',
              description:
                'Share of the cameras that were up for 99.5 % of the last day, of the time in which they should have been.',
              unit: 'percentunit',
              limits: ['red', [0.9, 'orange'], [1, 'green']],
              queries: [
                now(
                  `(count(${errors('1d')} <= ${budget}) or 0 * count(${errors('1d')})) / count(${errors('1d')})`,
                ),
              ],
            }),
            number({
              title: 'Availability of 30 days',
              description:
                'Mean of the cameras, each of the time in which it should have been up, from the hourly roll-up.',
              unit: 'percentunit',
              decimals: 3,
              limits: availabilityLimits,
              queries: [now(`avg(${month})`)],
            }),
            number({
              title: 'Availability of a year',
              description:
                'Mean of the cameras, each of the time in which it should have been up, from the daily roll-up.',
              unit: 'percentunit',
              decimals: 3,
              limits: availabilityLimits,
              queries: [now(`avg(${year})`)],
            }),
            number({
              title: 'Smallest budget left',
              description:
                'Of the 3.6 hours of downtime in 30 days, the share that the worst camera has left. Below zero the objective is missed.',
              unit: 'percentunit',
              decimals: 0,
              limits: budgetLimits,
              queries: [now(`min(${budgetLeft})`)],
            }),
          ],
          [
            9,
            graph({
              title: 'Burn rate, 1 hour',
              description:
                'Downtime of an hour in multiples of what the objective allows. 14.4, for 5 minutes too, wakes somebody.',
              unit: 'short',
              manySeries: true,
              limits: ['green', [14.4, 'red']],
              links: [toCamera],
              queries: [promql(`${errors('1h')} / ${budget}`, '{{stream}}')],
            }),
            graph({
              title: 'Burn rate, 6 hours',
              description:
                'Downtime of 6 hours in multiples of what the objective allows. 6, for half an hour too, wakes somebody.',
              unit: 'short',
              manySeries: true,
              limits: ['green', [6, 'red']],
              links: [toCamera],
              queries: [promql(`${errors('6h')} / ${budget}`, '{{stream}}')],
            }),
            graph({
              title: 'Burn rate, 1 day',
              description:
                'Downtime of a day in multiples of what the objective allows. 3, for two hours too, makes a ticket.',
              unit: 'short',
              manySeries: true,
              limits: ['green', [3, 'orange']],
              links: [toCamera],
              queries: [promql(`${errors('1d')} / ${budget}`, '{{stream}}')],
            }),
          ],
          [
            10,
            grid({
              title: 'Cameras',
              description:
                'Availability by window, of the time in which each should have been up, and what is left of the downtime of 30 days.',
              unit: 'percentunit',
              decimals: 3,
              queries: [
                column(`max ${by} (1 - ${errors('1h')})`),
                column(`max ${by} (1 - ${errors('6h')})`),
                column(`max ${by} (1 - ${errors('1d')})`),
                column(`max ${by} (${month})`),
                column(`max ${by} (${budgetLeft})`),
              ],
              hidden: ['Time'],
              columns: [
                { field: 'stream', title: 'Camera' },
                { field: 'Value #A', title: '1 hour', limits: availabilityLimits },
                { field: 'Value #B', title: '6 hours', limits: availabilityLimits },
                { field: 'Value #C', title: '1 day', limits: availabilityLimits },
                { field: 'Value #D', title: '30 days', limits: availabilityLimits },
                { field: 'Value #E', title: 'Budget left', limits: budgetLimits },
                { field: 'instance', title: 'Relay' },
              ],
            }),
            graph({
              title: 'Availability by day',
              description:
                'Of the time of each day in which it should have been up, from the daily roll-up: choose 30 days or a year above.',
              unit: 'percentunit',
              max: 1,
              manySeries: true,
              limits: availabilityLimits,
              links: [toCamera],
              queries: [
                promql(`max without (tier) (${lastDay('up')} / (${lastDay('expected')} > 0))`, '{{stream}}'),
              ],
            }),
          ],
        ],
      },
      {
        title: 'What viewers get',
        lines: [
          [
            8,
            graph({
              // Prometheus 3 writes the bound of its bucket as 1.0, whatever it was told.
              title: 'First picture within a second',
              description: 'Share of the viewers who saw a picture within one second of asking.',
              unit: 'percentunit',
              max: 1,
              queries: [
                promql(
                  'sum by (instance) (rate(sightline_time_to_first_frame_seconds_bucket{instance=~"$instance",le=~"1|1.0"}[$__rate_interval])) / (sum by (instance) (rate(sightline_time_to_first_frame_seconds_count{instance=~"$instance"}[$__rate_interval])) > 0)',
                  '{{instance}}',
                ),
              ],
            }),
            graph({
              title: 'Joins that worked',
              description: 'Of the offers that ended, the share to which media could flow.',
              unit: 'percentunit',
              max: 1,
              queries: [
                promql(
                  'sum by (instance) (rate(sightline_viewer_joins_total{instance=~"$instance",outcome="ok"}[$__rate_interval])) / (sum by (instance) (rate(sightline_viewer_joins_total{instance=~"$instance"}[$__rate_interval])) > 0)',
                  '{{instance}}',
                ),
              ],
            }),
            graph({
              title: 'Watched without a freeze',
              description:
                'Share of the time that viewers watched in which the picture moved. An alert fires below 98 %.',
              unit: 'percentunit',
              max: 1,
              queries: [
                promql(
                  `1 - sum by (instance) (rate(sightline_client_freeze_seconds_total${chosen}[$__rate_interval])) / (sum by (instance) (rate(sightline_client_playback_seconds_total${chosen}[$__rate_interval])) > 0)`,
                  '{{instance}}',
                ),
              ],
            }),
          ],
        ],
      },
    ],
  });
}
