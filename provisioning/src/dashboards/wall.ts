import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';

import { datasourceVariables, page, relayVariable } from './page.ts';
import { alertList, cameras, cpuLimits, lossLimits, noneLimits, number, spaceLimits } from './panels.ts';
import type { PanelOptions } from './panels.ts';
import { now, promql } from './queries.ts';
import { downStreams } from './streams.ts';

const numbers: readonly PanelOptions[] = [
  {
    title: 'Live',
    description: 'Cameras with pictures in the last 5 seconds.',
    unit: 'short',
    queries: [now('sum(sightline_stream_state{state="live"})')],
  },
  {
    title: 'Down',
    description: 'Cameras that should be up and connect, stall or are offline.',
    unit: 'short',
    limits: noneLimits,
    queries: [now(`sum(${downStreams})`)],
  },
  {
    title: 'Poor picture',
    description:
      'Cameras whose picture is frozen, black, over- or underexposed, or blurred. Empty while none was looked at.',
    unit: 'short',
    limits: ['green', [1, 'orange']],
    queries: [
      now(
        'sum(sightline_stream_frozen + sightline_stream_black + sightline_stream_overexposed + sightline_stream_underexposed + sightline_stream_blurred > bool 0)',
      ),
    ],
  },
  {
    title: 'Viewers',
    description: 'Browsers that watch now, of all cameras.',
    unit: 'short',
    queries: [now('sum(sightline_viewers)')],
  },
  {
    title: 'Sent',
    description: 'What all relays send to viewers.',
    unit: 'bps',
    queries: [promql('8 * sum(rate(sightline_egress_bytes_total[$__rate_interval]))')],
  },
  {
    title: 'Worst loss',
    description: "Packets of a camera that never came, of the worst camera, over the dashboard's interval.",
    unit: 'percentunit',
    limits: lossLimits,
    decimals: 1,
    queries: [
      promql(
        'max(rate(sightline_stream_rtp_packets_lost_total[$__rate_interval]) / (rate(sightline_stream_rtp_packets_expected_total[$__rate_interval]) > 0))',
      ),
    ],
  },
  {
    title: 'Busiest CPU',
    description: 'Of what each relay may use: its quota, else its host.',
    unit: 'percentunit',
    limits: cpuLimits,
    queries: [now('max(sightline_cpu_utilisation_ratio)')],
  },
  {
    title: 'Fullest memory',
    description: 'Of what each relay may use: its limit, else its host.',
    unit: 'percentunit',
    limits: spaceLimits,
    queries: [now('max(sightline_memory_utilisation_ratio)')],
  },
];

/** For the screen on the wall: opened with `?kiosk`. Pictures do not depend on Prometheus. */
export function wall(): Dashboard {
  const lineHeight = 3;
  return page({
    uid: 'sightline-wall',
    title: 'Sightline wall',
    description: 'All cameras, the alerts that fire and the numbers that matter, for a screen on the wall.',
    from: 'now-15m',
    refresh: '10s',
    variables: [...datasourceVariables(), relayVariable()],
    content: [
      {
        panel: cameras(
          'Cameras',
          'Live pictures of all cameras; the border says the state. Twenty to a page, the next one after half a minute.',
          { queryType: 'streams', streams: '' },
          { figures: ['delay'], perPage: 20, rotateSeconds: 30 },
        ),
        x: 0,
        y: 0,
        width: 18,
        height: 24,
      },
      ...numbers.map((options, at) => ({
        panel: number({
          ...options,
          links: [{ title: 'Fleet', url: '/d/sightline-fleet?${__url_time_range}' }],
        }),
        x: at % 2 === 0 ? 18 : 21,
        y: Math.floor(at / 2) * lineHeight,
        width: 3,
        height: lineHeight,
      })),
      {
        panel: alertList('Alerts', 'Alerts of Sightline that fire or are about to, the gravest first.', 20),
        x: 18,
        y: (numbers.length / 2) * lineHeight,
        width: 6,
        height: 24 - (numbers.length / 2) * lineHeight,
      },
    ],
  });
}
