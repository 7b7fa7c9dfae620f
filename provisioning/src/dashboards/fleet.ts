import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';

import { alertAnnotations, datasourceVariables, page } from './page.ts';
import { availabilityLimits, bars, graph, grid, lossLimits, noneLimits, number, timeline } from './panels.ts';
import { column, now, promql } from './queries.ts';
import {
  availability,
  bitrateOf,
  downStreams,
  fleetVariables,
  stateMappings,
  streamFigures,
  toCamera,
} from './streams.ts';

const chosen = '{instance=~"$instance",stream=~"$stream"}';
const by = 'by (instance, stream)';
const legend = '{{stream}}';
const figures = streamFigures(chosen);

function of(metric: string): string {
  return `${metric}${chosen}`;
}

export function fleet(): Dashboard {
  return page({
    uid: 'sightline-fleet',
    title: 'Sightline fleet',
    description: 'Every camera beside every other: which ones are away, thin, lossy or watched.',
    from: 'now-6h',
    refresh: '30s',
    variables: [...datasourceVariables(), ...fleetVariables()],
    annotations: [alertAnnotations('instance=~"$instance"')],
    content: [
      {
        title: 'Now',
        lines: [
          [
            4,
            number({
              title: 'Cameras',
              description: 'Streams of the configuration and of the API, of those chosen above.',
              unit: 'short',
              queries: [now(`count(${of('sightline_stream_state_code')})`)],
            }),
            number({
              title: 'Live',
              description: 'With pictures in the last 5 seconds.',
              unit: 'short',
              queries: [now(`sum(${of('sightline_stream_up')})`)],
            }),
            number({
              title: 'Down',
              description: 'They should be up and connect, stall or are offline.',
              unit: 'short',
              limits: noneLimits,
              queries: [now(`sum((${downStreams}) and on (instance, stream) ${of('sightline_stream_up')})`)],
            }),
            number({
              title: 'Refused',
              description: 'The camera sends what no browser can play.',
              unit: 'short',
              limits: noneLimits,
              queries: [
                now('sum(sightline_stream_state{instance=~"$instance",stream=~"$stream",state="refused"})'),
              ],
            }),
            number({
              title: 'Availability',
              description:
                'Of the time in which cameras should have been up, the share in which they were, mean of all. The objective is 99.5 %.',
              unit: 'percentunit',
              decimals: 2,
              limits: availabilityLimits,
              queries: [now(`avg(${availability(chosen, '$__range')})`)],
            }),
            number({
              title: 'Viewers',
              description: 'Browsers that watch now.',
              unit: 'short',
              queries: [now(`sum(${of('sightline_viewers')})`)],
            }),
          ],
          [
            10,
            timeline({
              title: 'States',
              description:
                'State of each camera over time. Many that turn red together are a switch, a site or the relay. Beyond the raw samples (a day) see Availability.',
              unit: 'none',
              mappings: stateMappings,
              links: [toCamera],
              queries: [promql(of('sightline_stream_state_code'), legend)],
            }),
          ],
          [
            11,
            grid({
              title: 'Cameras now',
              description: 'One line per camera; a click on its name opens it.',
              unit: 'short',
              links: [
                {
                  title: 'Camera ${__data.fields.Camera}',
                  url: '/d/sightline-camera?var-instance=${__data.fields.Relay}&var-stream=${__data.fields.Camera}&${datasource:queryparam}&${__url_time_range}',
                },
              ],
              queries: [
                column(`max by (instance, stream, title, site) (${of('sightline_stream_info')})`),
                column(`max ${by} (${of('sightline_stream_state_code')})`),
                column(`max ${by} (${of('sightline_stream_frames_per_second')})`),
                column(`8 * max ${by} (${of('sightline_stream_video_bytes_per_second')})`),
                column(
                  `max ${by} (rate(${of('sightline_stream_rtp_packets_lost_total')}[5m]) / (rate(${of('sightline_stream_rtp_packets_expected_total')}[5m]) > 0))`,
                ),
                column(`max ${by} (${of('sightline_viewers')})`),
                column(`time() - (max ${by} (${of('sightline_stream_last_frame_timestamp_seconds')}) > 0)`),
              ],
              hidden: ['Time', 'Value #A'],
              columns: [
                { field: 'stream', title: 'Camera' },
                { field: 'title', title: 'Title' },
                { field: 'site', title: 'Site' },
                { field: 'Value #B', title: 'State', mappings: stateMappings },
                { field: 'Value #C', title: 'Frames per second', unit: 'short' },
                { field: 'Value #D', title: 'Video', unit: 'bps' },
                { field: 'Value #E', title: 'Loss (5 min)', unit: 'percentunit', limits: lossLimits },
                { field: 'Value #F', title: 'Viewers', unit: 'short' },
                { field: 'Value #G', title: 'Last frame ago', unit: 's' },
                { field: 'instance', title: 'Relay' },
              ],
            }),
          ],
        ],
      },
      {
        title: 'Worst ten of the time range',
        lines: [
          [
            9,
            bars({
              title: 'Least available',
              description:
                'Of the time in which they should have been up, the share in which they were. On demand, that is while somebody watches.',
              unit: 'percentunit',
              decimals: 2,
              min: 0,
              max: 1,
              limits: availabilityLimits,
              links: [toCamera],
              queries: [now(`sort(bottomk(10, ${availability(chosen, '$__range')}))`, legend)],
            }),
            bars({
              title: 'Most loss',
              description: 'Share of their packets that never came: cable, switch, or a full receive buffer.',
              unit: 'percentunit',
              decimals: 2,
              min: 0,
              limits: lossLimits,
              links: [toCamera],
              queries: [
                now(`sort_desc(topk(10, avg_over_time((${figures.loss})[$__range:$__interval])))`, legend),
              ],
            }),
            bars({
              title: 'Most reconnects',
              description: 'Connections that ended, for any reason. Raw samples only: a day by default.',
              unit: 'short',
              min: 0,
              limits: ['green', [5, 'orange'], [50, 'red']],
              links: [toCamera],
              queries: [
                now(
                  `sort_desc(topk(10, sum ${by} (increase(${of('sightline_stream_reconnects_total')}[$__range]))))`,
                  legend,
                ),
              ],
            }),
            bars({
              title: 'Furthest below their frame rate',
              description: 'Frames that arrive, of those that the camera announces.',
              unit: 'percentunit',
              min: 0,
              max: 1,
              limits: ['red', [0.5, 'orange'], [0.7, 'green']],
              links: [toCamera],
              queries: [
                now(
                  `sort(bottomk(10, rate(${of('sightline_stream_frames_total')}[5m]) / (${of('sightline_stream_nominal_frames_per_second')} > 0)))`,
                  legend,
                ),
              ],
            }),
          ],
        ],
      },
      {
        title: 'Over time, up to a year',
        lines: [
          [
            9,
            graph({
              title: 'Availability over time',
              description:
                'Share of the time in which each camera was up. One on demand that nobody watches is not up; the objectives leave that time out. Beyond a day: of 5 minutes, an hour or a day.',
              unit: 'percentunit',
              max: 1,
              manySeries: true,
              links: [toCamera],
              queries: [promql(figures.up, legend)],
            }),
            graph({ ...bitrateOf(chosen, legend), manySeries: true, links: [toCamera] }),
          ],
          [
            9,
            graph({
              title: 'Packet loss',
              description:
                'Share of the RTP packets of a camera that never came. Beyond a day: 5 minutes, an hour or a day.',
              unit: 'percentunit',
              manySeries: true,
              limits: lossLimits,
              links: [toCamera],
              queries: [promql(figures.loss, legend)],
            }),
            graph({
              title: 'Viewers over time',
              description: 'Most viewers at once. Beyond a day: of 5 minutes, an hour or a day.',
              unit: 'short',
              manySeries: true,
              stacked: true,
              links: [toCamera],
              queries: [promql(figures.viewers, legend)],
            }),
          ],
        ],
      },
    ],
  });
}
