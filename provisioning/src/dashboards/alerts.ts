import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';

import { datasourceVariables, page } from './page.ts';
import { alertList, graph, grid, noneLimits, number, timeline, valueMappings } from './panels.ts';
import { column, now, promql } from './queries.ts';

const notWatchdog = 'alertname!="SightlineWatchdog"';

function firing(severity: string): string {
  return `count(ALERTS{alertstate="firing",${notWatchdog},severity="${severity}"}) or vector(0)`;
}

export function alerts(): Dashboard {
  return page({
    uid: 'sightline-alerts',
    title: 'Sightline alerts',
    description: 'What fires now, what fired before, and whether alerts are evaluated at all.',
    from: 'now-24h',
    refresh: '10s',
    variables: [...datasourceVariables()],
    content: [
      {
        title: 'Now',
        lines: [
          [
            4,
            number({
              title: 'Critical',
              description: 'Alerts that wake somebody.',
              unit: 'short',
              limits: noneLimits,
              queries: [now(firing('critical'))],
            }),
            number({
              title: 'Warning',
              description: 'Alerts that can wait for the morning.',
              unit: 'short',
              limits: ['green', [1, 'orange']],
              queries: [now(firing('warning'))],
            }),
            number({
              title: 'Information',
              description: 'Alerts that explain others.',
              unit: 'short',
              queries: [now(firing('info'))],
            }),
            number({
              title: 'Watchdog',
              description:
                'An alert that always fires. Without it nothing is evaluated, and silence means nothing.',
              unit: 'none',
              mappings: valueMappings({ 0: ['silent', 'red'], 1: ['evaluated', 'green'] }),
              queries: [now('count(ALERTS{alertname="SightlineWatchdog",alertstate="firing"}) or vector(0)')],
            }),
          ],
          [
            12,
            alertList(
              'Alerts of Grafana',
              'The gravest first; each with its silence, its runbook and its panel.',
              50,
            ),
            grid({
              title: 'Alerts of Prometheus',
              description: 'What the rule files say, firing or about to, whoever sends the messages.',
              unit: 'short',
              links: [
                {
                  title: 'Camera ${__data.fields.Camera}',
                  url: '/d/sightline-camera?var-stream=${__data.fields.Camera}&${datasource:queryparam}&${__url_time_range}',
                },
              ],
              queries: [
                column(
                  `max by (alertname, alertstate, severity, site, stream, instance) (ALERTS{${notWatchdog}})`,
                ),
                column(
                  `1000 * max by (alertname, severity, site, stream, instance) (ALERTS_FOR_STATE{${notWatchdog}})`,
                ),
              ],
              hidden: ['Time', 'Value #A'],
              columns: [
                { field: 'severity', title: 'Severity' },
                { field: 'alertname', title: 'Alert' },
                { field: 'alertstate', title: 'State' },
                { field: 'stream', title: 'Camera' },
                { field: 'site', title: 'Site' },
                { field: 'instance', title: 'Relay' },
                { field: 'Value #B', title: 'Since', unit: 'dateTimeFromNow' },
              ],
            }),
          ],
        ],
      },
      {
        title: 'Before',
        lines: [
          [
            12,
            timeline({
              title: 'Which alert when',
              description: 'One line for each alert that fired in the time range.',
              unit: 'none',
              mappings: valueMappings({ 1: ['fires', 'red'] }),
              queries: [
                promql(`max by (alertname) (ALERTS{alertstate="firing",${notWatchdog}})`, '{{alertname}}'),
              ],
            }),
            graph({
              title: 'How many when',
              description: 'Alerts that fire, by severity.',
              unit: 'short',
              stacked: true,
              queries: [
                promql(`count by (severity) (ALERTS{alertstate="firing",${notWatchdog}})`, '{{severity}}'),
              ],
            }),
          ],
        ],
      },
      {
        title: 'Can they be believed?',
        lines: [
          [
            8,
            timeline({
              title: 'Targets that answer',
              description:
                'Relays and exporters that Prometheus reaches. What it does not reach it cannot judge.',
              unit: 'none',
              mappings: valueMappings({ 0: ['away', 'red'], 1: ['answers', 'green'] }),
              queries: [promql('up{job=~"sightline.*"}', '{{job}} {{instance}}')],
            }),
            graph({
              title: 'Time of a scrape',
              description: 'How long Prometheus waited for each relay.',
              unit: 's',
              queries: [promql('scrape_duration_seconds{job=~"sightline.*"}', '{{instance}}')],
            }),
            graph({
              title: 'Errors in logs',
              description: 'Messages of the levels error and fatal in a second.',
              unit: 'cps',
              queries: [
                promql(
                  'sum by (instance) (rate(sightline_log_messages_total{level=~"error|fatal"}[$__rate_interval]))',
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
