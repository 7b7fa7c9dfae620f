/** What several dashboards say about streams in the same way. */
import type { GraphOptions, Link } from './panels.ts';
import { valueMappings } from './panels.ts';
import type { Variable } from './page.ts';
import { labelVariable } from './page.ts';
import { finest, promql } from './queries.ts';

/** Codes of sightline_stream_state_code. */
export const stateMappings = valueMappings({
  0: ['idle', 'text'],
  1: ['connecting', 'yellow'],
  2: ['live', 'green'],
  3: ['stalled', 'orange'],
  4: ['offline', 'red'],
  5: ['refused', 'blue'],
});

/** Streams that should be up and are not, 1 each: what the alerts call down. */
export const downStreams =
  'sightline_stream_expected * on (job, instance, stream) sum by (job, instance, stream) (sightline_stream_state{state=~"connecting|stalled|offline"})';

/** The camera of the series that was clicked, in the time that is shown. */
export const toCamera: Link = {
  title: 'Camera ${__field.labels.stream}',
  url: '/d/sightline-camera?var-instance=${__field.labels.instance}&var-stream=${__field.labels.stream}&${datasource:queryparam}&${__url_time_range}',
};

export const toHost: Link = {
  title: 'Relay ${__field.labels.instance}',
  url: '/d/sightline-host?var-instance=${__field.labels.instance}&${datasource:queryparam}&${__url_time_range}',
};

export function instanceVariable(several = true): Variable {
  return labelVariable({
    name: 'instance',
    label: 'Relay or host',
    metric: 'sightline_build_info',
    several,
    ...(several && { all: '.+' }),
  });
}

export function fleetVariables(): readonly Variable[] {
  return [
    instanceVariable(),
    labelVariable({
      name: 'site',
      label: 'Site',
      metric: 'sightline_stream_info{instance=~"$instance"}',
      all: '.*',
    }),
    // No value for "all": it is the streams of the sites that were chosen, and roll-ups know no site.
    labelVariable({
      name: 'stream',
      label: 'Camera',
      metric: 'sightline_stream_info{instance=~"$instance",site=~"$site"}',
    }),
  ];
}

/** Figures of streams that are kept for a year. */
export function streamFigures(
  selector: string,
): Readonly<Record<'up' | 'bytes' | 'loss' | 'viewers', string>> {
  const recorded = (name: string, raw: string, record: string, perSecond = false): string =>
    finest({ record: `stream:${name}:${record}`, selector, raw, perSecond });
  const lost = recorded(
    'sightline_stream_rtp_packets_lost',
    `rate(sightline_stream_rtp_packets_lost_total${selector}[$__rate_interval])`,
    'increase',
    true,
  );
  const expected = recorded(
    'sightline_stream_rtp_packets_expected',
    `rate(sightline_stream_rtp_packets_expected_total${selector}[$__rate_interval])`,
    'increase',
    true,
  );
  return {
    up: recorded(
      'sightline_stream_up',
      `avg_over_time(sightline_stream_up${selector}[$__rate_interval])`,
      'avg',
    ),
    bytes: recorded(
      'sightline_stream_received_bytes',
      `rate(sightline_stream_received_bytes_total${selector}[$__rate_interval])`,
      'increase',
      true,
    ),
    loss: `(${lost})\n/ ((${expected}) > 0)`,
    viewers: recorded(
      'sightline_viewers',
      `max_over_time(sightline_viewers${selector}[$__rate_interval])`,
      'max',
    ),
  };
}

/** Of the time of a range in which a stream should have been up, the share in which it was, from the finest samples of each moment. */
export function availability(selector: string, range: string): string {
  const sum = (of: 'up' | 'expected'): string => {
    const name = `sightline_stream_${of}_seconds`;
    const raw = `rate(${name}_total${selector}[$__rate_interval])`;
    const share = finest({ record: `stream:${name}:increase`, selector, raw, perSecond: true });
    return `sum_over_time((${share})[${range}:$__interval])`;
  };
  return `${sum('up')}\n/ (${sum('expected')} > 0)`;
}

/** The same of a range that is long for its tier: from the roll-ups of that tier alone. */
export function availabilityOf(selector: string, range: string, tier: '1h' | '1d'): string {
  const sum = (of: 'up' | 'expected'): string =>
    `sum_over_time(stream:sightline_stream_${of}_seconds:increase${tier}${selector}[${range}])`;
  return `(${sum('up')} / (${sum('expected')} > 0))`;
}

type Part = Pick<GraphOptions, 'title' | 'description' | 'unit' | 'queries'>;

export function bitrateOf(selector: string, legend: string): Part {
  return {
    title: 'Bitrate from cameras',
    description:
      'What arrives, sound and overhead included. A sudden fall to a fifth is a covered lens, darkness or an encoder that hangs. Beyond a day: means of 5 minutes, an hour or a day.',
    unit: 'bps',
    queries: [promql(`8 * (${streamFigures(selector).bytes})`, legend)],
  };
}
