import {
  admissionReasons,
  dropReasons,
  joinOutcomes,
  keptDownReasons,
  qualitySwitchReasons,
  viewerTransports,
} from '../known-labels.ts';
import type { MetricSpec } from '../metric.ts';
import { counter, gauge } from '../metric.ts';

/** Viewers of a stream, their paths, and what they are sent. */
export const viewerMetrics = {
  sightline_viewers: gauge('count', 'Viewers', { stream: 'open' }),
  sightline_viewers_by_transport: gauge(
    'count',
    'Viewers by what carries their media to them now; those that still connect, and those whose TCP connection is lost, are in neither',
    { stream: 'open', transport: viewerTransports },
  ),
  sightline_viewers_limited: gauge('count', 'Viewers whose path carries less than they would be sent', {
    stream: 'open',
  }),
  sightline_viewer_path_loss_mean_ratio: gauge(
    'ratio',
    'Packets lost on the way to viewers by their last receiver reports, mean of the viewers that report',
    { stream: 'open' },
  ),
  sightline_viewer_path_loss_max_ratio: gauge('ratio', 'The same, of the worst viewer', { stream: 'open' }),
  sightline_viewer_path_jitter_mean_seconds: gauge(
    'seconds',
    'Interarrival jitter at viewers by their last receiver reports, mean of the viewers that report',
    { stream: 'open' },
  ),
  sightline_viewer_path_jitter_max_seconds: gauge('seconds', 'The same, of the worst viewer', {
    stream: 'open',
  }),
  sightline_viewer_path_round_trip_mean_seconds: gauge(
    'seconds',
    'Round trip to viewers by their last receiver reports, mean of the viewers that report',
    { stream: 'open' },
  ),
  sightline_viewer_path_round_trip_max_seconds: gauge('seconds', 'The same, of the worst viewer', {
    stream: 'open',
  }),
  sightline_viewer_quality_switches_total: counter(
    'count',
    'Times that a viewer was switched between stream and substream, by reason',
    { stream: 'open', reason: qualitySwitchReasons },
  ),
  sightline_viewer_sessions: gauge('count', 'Sessions of all streams, those that still connect included'),
  sightline_viewer_sessions_connecting: gauge('count', 'Sessions and offers that have no keys yet'),
  sightline_viewer_joins_total: counter('count', 'Offers by how they ended; ok once media can flow', {
    outcome: joinOutcomes,
  }),
  sightline_admission_rejections_total: counter(
    'count',
    'Viewers refused for want of capacity, by the limit',
    {
      reason: admissionReasons,
    },
  ),
  sightline_admission_main_stream_rejections_total: counter(
    'count',
    'Times that a viewer of a substream was kept from the main stream, by the limit; each asks again every 4 to 6 s',
    { reason: keptDownReasons },
  ),
  sightline_egress_expected_bytes_per_second: gauge(
    'count',
    'What all sessions together count with for the limits of bit rates: the highest rates of late, cameras that are away included',
  ),
  sightline_egress_pacer_delay_mean_seconds: gauge(
    'seconds',
    'Live frames of the last second: how much later their last packet left than the path could have taken it, as far as a queue has shown what it carries, mean',
    { stream: 'open' },
  ),
  sightline_egress_pacer_delay_max_seconds: gauge('seconds', 'The same, the longest', { stream: 'open' }),
  sightline_egress_bytes_total: counter('bytes', 'Bytes sent to viewers', { stream: 'open' }),
  sightline_egress_packets_total: counter('count', 'Packets sent to viewers', { stream: 'open' }),
  sightline_egress_resent_packets_total: counter('count', 'Packets sent once more on request', {
    stream: 'open',
  }),
  sightline_egress_bursts_total: counter(
    'count',
    'Times that a viewer was sent the cached pictures at once',
    {
      stream: 'open',
    },
  ),
  sightline_egress_dropped_frames_total: counter('count', 'Frames not sent to a viewer, by reason', {
    stream: 'open',
    reason: dropReasons,
  }),
  sightline_egress_send_calls_total: counter('count', 'Calls that handed packets to the kernel'),
  sightline_egress_send_errors_total: counter('count', 'Such calls that failed'),
} as const satisfies Readonly<Record<string, MetricSpec>>;
