import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';

import {
  alertAnnotations,
  datasourceVariables,
  labelVariable,
  page,
  relayEvents,
  relayVariable,
} from './page.ts';
import type { Placed } from './page.ts';
import { availabilityLimits, cameras, graph, lossLimits, number, timeline, valueMappings } from './panels.ts';
import { now, promql } from './queries.ts';
import { availability, bitrateOf, instanceVariable, stateMappings, streamFigures } from './streams.ts';

const one = '{instance=~"$instance",stream="$stream"}';
const figures = streamFigures(one);

function of(metric: string, matchers = ''): string {
  return `${metric}{instance=~"$instance",stream="$stream"${matchers === '' ? '' : `,${matchers}`}}`;
}

function rate(metric: string): string {
  return `rate(${of(metric)}[$__rate_interval])`;
}

const flagMappings = valueMappings({ 0: ['no', 'green'], 1: ['yes', 'red'] });

const numbers = [
  number({
    title: 'State',
    description:
      'Idle: on demand, and nobody watches. Stalled: connected, without frames. Refused: no browser can play it.',
    unit: 'none',
    mappings: stateMappings,
    queries: [now(of('sightline_stream_state_code'))],
  }),
  number({
    title: 'Availability',
    description:
      'Of the time in which it should have been up, the share in which it was; the objective is 99.5 %. On demand, that is while somebody watches.',
    unit: 'percentunit',
    decimals: 2,
    limits: availabilityLimits,
    queries: [now(availability(one, '$__range'))],
  }),
  number({
    title: 'Frames per second',
    description: 'Frames of the last second.',
    unit: 'short',
    sparkline: true,
    queries: [promql(of('sightline_stream_frames_per_second'))],
  }),
  number({
    title: 'Video',
    description: 'Bits of video in the last second.',
    unit: 'bps',
    sparkline: true,
    queries: [promql(`8 * ${of('sightline_stream_video_bytes_per_second')}`)],
  }),
  number({
    title: 'Loss',
    description: 'Share of its packets that never came, in 5 minutes.',
    unit: 'percentunit',
    decimals: 2,
    limits: lossLimits,
    queries: [
      now(
        `rate(${of('sightline_stream_rtp_packets_lost_total')}[5m]) / (rate(${of('sightline_stream_rtp_packets_expected_total')}[5m]) > 0)`,
      ),
    ],
  }),
  number({
    title: 'Viewers now',
    description: 'Browsers that watch it.',
    unit: 'short',
    queries: [now(of('sightline_viewers'))],
  }),
  number({
    title: 'Last frame ago',
    description: 'Time since the newest frame arrived.',
    unit: 's',
    decimals: 1,
    limits: ['green', [5, 'orange'], [20, 'red']],
    queries: [now(`time() - (${of('sightline_stream_last_frame_timestamp_seconds')} > 0)`)],
  }),
  number({
    title: 'Key frames apart',
    description:
      'A viewer who lost packets waits for the next key frame: 1 to 2 s are good, more than 10 s are too many.',
    unit: 's',
    decimals: 1,
    limits: ['green', [5, 'orange'], [10, 'red']],
    queries: [now(of('sightline_stream_keyframe_interval_seconds'))],
  }),
];

const charts: readonly (readonly [height: number, ...panels: ReturnType<typeof graph>[]])[] = [
  [
    4,
    timeline({
      title: 'States',
      description: 'State over time, as far as raw samples reach (a day).',
      unit: 'none',
      mappings: stateMappings,
      queries: [promql(of('sightline_stream_state_code'), '{{stream}}')],
    }),
  ],
  [
    8,
    graph({
      ...bitrateOf(one, '{{stream}}'),
      title: 'Bitrate',
    }),
    graph({
      title: 'Frame rate',
      description: 'Frames that arrive, and those that the camera announces. Below 70 % an alert fires.',
      unit: 'short',
      queries: [
        promql(rate('sightline_stream_frames_total'), 'frames'),
        promql(of('sightline_stream_nominal_frames_per_second'), 'announced'),
        promql(rate('sightline_stream_broken_frames_total'), 'broken'),
      ],
    }),
    graph({
      title: 'Packet loss',
      description:
        'Share of the RTP packets that never came: cable, switch, or a full receive buffer at the relay.',
      unit: 'percentunit',
      limits: lossLimits,
      queries: [promql(figures.loss, 'lost')],
    }),
  ],
  [
    8,
    graph({
      title: 'Way from the camera',
      description: 'Interarrival jitter (RFC 3550) and round trip to the camera, where it tells one.',
      unit: 's',
      queries: [
        promql(of('sightline_stream_rtp_jitter_seconds'), 'jitter'),
        promql(of('sightline_stream_source_round_trip_seconds'), 'round trip'),
      ],
    }),
    graph({
      title: 'Connections that ended',
      description:
        'By reason. Unauthorized is a wrong password, stalled a camera that connects and sends nothing.',
      unit: 'short',
      stacked: true,
      queries: [
        promql(
          `sum by (reason) (increase(${of('sightline_stream_reconnects_total')}[$__rate_interval])) > 0`,
          '{{reason}}',
        ),
      ],
    }),
    timeline({
      title: 'Warnings',
      description:
        'What the relay says about the stream while it works: key frames too far apart, no clock, UDP that did not get through.',
      unit: 'none',
      mappings: flagMappings,
      queries: [promql(of('sightline_stream_warning'), '{{warning}}')],
    }),
  ],
  [
    8,
    timeline({
      title: 'Picture health',
      description:
        'What the relay saw when it looked at a key frame. Empty while the camera is away or picture health is off.',
      unit: 'none',
      mappings: flagMappings,
      queries: [
        promql(of('sightline_stream_frozen'), 'frozen'),
        promql(of('sightline_stream_black'), 'black'),
        promql(of('sightline_stream_overexposed'), 'overexposed'),
        promql(of('sightline_stream_underexposed'), 'underexposed'),
        promql(of('sightline_stream_blurred'), 'blurred'),
      ],
    }),
    graph({
      title: 'Time with a poor picture',
      description:
        'Share of the time in which the picture was frozen, black, over- or underexposed or blurred.',
      unit: 'percentunit',
      queries: [
        promql(rate('sightline_stream_frozen_seconds_total'), 'frozen'),
        promql(rate('sightline_stream_black_seconds_total'), 'black'),
        promql(rate('sightline_stream_overexposed_seconds_total'), 'overexposed'),
        promql(rate('sightline_stream_underexposed_seconds_total'), 'underexposed'),
        promql(rate('sightline_stream_blurred_seconds_total'), 'blurred'),
      ],
    }),
    graph({
      title: 'Age of the last look',
      description: 'Time since a picture of it was last looked at. It grows while the decoders are busy.',
      unit: 's',
      queries: [promql(`time() - ${of('sightline_stream_picture_checked_timestamp_seconds')}`, 'age')],
    }),
  ],
  [
    8,
    graph({
      title: 'Viewers',
      description:
        'Who watches, who sees the smaller substream, whom media reaches by TCP because UDP does not get through, and whose path carries less than they would be sent.',
      unit: 'short',
      queries: [
        promql(figures.viewers, 'viewers'),
        promql(of('sightline_substream_viewers'), 'of the substream'),
        promql(of('sightline_viewers_by_transport', 'transport="tcp"'), 'over TCP'),
        promql(of('sightline_viewers_limited'), 'with a narrow path'),
      ],
    }),
    graph({
      title: 'Pictures that stood still',
      description:
        'Of the time that viewers watched, the share in which the picture froze, told by their browsers. Above 2 % an alert fires.',
      unit: 'percentunit',
      limits: ['green', [0.02, 'red']],
      queries: [
        promql(
          `${rate('sightline_client_freeze_seconds_total')} / (${rate('sightline_client_playback_seconds_total')} > 0)`,
          'frozen',
        ),
      ],
    }),
    graph({
      title: 'Loss on the way to viewers',
      description: 'By the receiver reports of the viewers: mean, and the worst of them.',
      unit: 'percentunit',
      limits: lossLimits,
      queries: [
        promql(of('sightline_viewer_path_loss_mean_ratio'), 'mean'),
        promql(of('sightline_viewer_path_loss_max_ratio'), 'worst viewer'),
      ],
    }),
  ],
  [
    8,
    graph({
      title: 'Round trip to viewers',
      description: 'By the receiver reports of the viewers: mean, and the worst of them; jitter beside it.',
      unit: 's',
      queries: [
        promql(of('sightline_viewer_path_round_trip_mean_seconds'), 'mean'),
        promql(of('sightline_viewer_path_round_trip_max_seconds'), 'worst viewer'),
        promql(of('sightline_viewer_path_jitter_max_seconds'), 'jitter, worst viewer'),
      ],
    }),
    graph({
      title: 'Frames not sent',
      description:
        'Frames that a viewer was not sent, by reason: slow viewers, missing room at a socket, a budget.',
      unit: 'short',
      stacked: true,
      queries: [
        promql(
          `sum by (reason) (rate(${of('sightline_egress_dropped_frames_total')}[$__rate_interval]))`,
          '{{reason}}',
        ),
      ],
    }),
    graph({
      title: 'Sent to viewers',
      description: 'What its viewers are sent together, and what of it was sent once more on request.',
      unit: 'pps',
      queries: [
        promql(rate('sightline_egress_packets_total'), 'packets'),
        promql(rate('sightline_egress_resent_packets_total'), 'sent again'),
      ],
    }),
  ],
  [
    8,
    graph({
      title: 'Pacer delay',
      description:
        'How much later the last packet of a live frame left than the path could have taken it, as far as a queue has shown what it carries.',
      unit: 's',
      queries: [
        promql(of('sightline_egress_pacer_delay_mean_seconds'), 'mean'),
        promql(of('sightline_egress_pacer_delay_max_seconds'), 'longest'),
      ],
    }),
    graph({
      title: 'Switches of quality',
      description: 'Viewers switched between stream and substream, by reason.',
      unit: 'short',
      stacked: true,
      queries: [
        promql(
          `sum by (reason) (increase(${of('sightline_viewer_quality_switches_total')}[$__rate_interval]))`,
          '{{reason}}',
        ),
      ],
    }),
    graph({
      title: 'Frames that browsers dropped',
      description: 'Of the frames that browsers decoded, the share that they did not show.',
      unit: 'percentunit',
      queries: [
        promql(
          `${rate('sightline_client_frames_dropped_total')} / (${rate('sightline_client_frames_decoded_total')} > 0)`,
          'dropped',
        ),
      ],
    }),
  ],
];

function placedCharts(top: number): Placed[] {
  let y = top;
  return charts.flatMap(([height, ...panels]) => {
    const width = 24 / panels.length;
    const line = panels.map((panel, at) => ({ panel, x: at * width, y, width, height }));
    y += height;
    return line;
  });
}

/** One camera: its picture beside its own numbers. */
export function camera(): Dashboard {
  return page({
    uid: 'sightline-camera',
    title: 'Sightline camera',
    description:
      'One camera: its picture, the way to the relay, what the pictures show, and what viewers get.',
    from: 'now-1h',
    refresh: '10s',
    variables: [
      ...datasourceVariables(),
      relayVariable(),
      instanceVariable(),
      labelVariable({
        name: 'stream',
        label: 'Camera',
        metric: 'sightline_stream_info{instance=~"$instance"}',
        several: false,
      }),
    ],
    annotations: [relayEvents('$stream'), alertAnnotations('stream="$stream"')],
    content: [
      {
        panel: cameras(
          'Live picture',
          'The camera as this browser sees it, with what this browser measures.',
          { queryType: 'streams', streams: '$stream' },
          { figures: ['delay', 'fps', 'bitrate', 'loss', 'freezes', 'size'] },
        ),
        x: 0,
        y: 0,
        width: 14,
        height: 16,
      },
      ...numbers.map((panel, at) => ({
        panel,
        x: at % 2 === 0 ? 14 : 19,
        y: Math.floor(at / 2) * 4,
        width: 5,
        height: 4,
      })),
      ...placedCharts(16),
    ],
  });
}
