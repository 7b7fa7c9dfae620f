import { beaconRefusals } from '../known-labels.ts';
import type { MetricSpec } from '../metric.ts';
import { counter, histogram } from '../metric.ts';

/** What viewers see, told by their browsers and summed up. */
export const clientMetrics = {
  sightline_client_playback_seconds_total: counter('seconds', 'Time that viewers watched', {
    stream: 'open',
  }),
  sightline_client_freezes_total: counter('count', 'Times that a picture stood still', { stream: 'open' }),
  sightline_client_freeze_seconds_total: counter('seconds', 'Time for which pictures stood still', {
    stream: 'open',
  }),
  sightline_client_frames_decoded_total: counter('count', 'Frames decoded', { stream: 'open' }),
  sightline_client_frames_dropped_total: counter('count', 'Frames decoded and not shown', { stream: 'open' }),
  sightline_client_packets_received_total: counter('count', 'Packets that reached the browser', {
    stream: 'open',
  }),
  sightline_client_packets_lost_total: counter('count', 'Packets that did not', { stream: 'open' }),
  sightline_time_to_first_frame_seconds: histogram(
    'seconds',
    'From the wish to watch to the first picture on the screen',
    [0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10],
  ),
  sightline_client_round_trip_seconds: histogram(
    'seconds',
    'Round trip between browser and relay',
    [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1],
  ),
  sightline_client_jitter_buffer_delay_seconds: histogram(
    'seconds',
    'Mean time that frames waited in the jitter buffer',
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1],
  ),
  sightline_client_frames_per_second: histogram(
    'count',
    'Frames per second that browsers decode',
    [1, 5, 10, 14, 20, 24, 29, 50],
  ),
  sightline_glass_to_glass_delay_seconds: histogram(
    'seconds',
    "Age of a picture on the screen, since it reached the relay (from ingest), and since capture by the camera's clock where that is trusted (from glass)",
    [0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2, 5],
    { from: ['ingest', 'glass'] },
  ),
  sightline_client_beacons_total: counter('count', 'Reports of browsers that were taken in'),
  sightline_client_beacons_rejected_total: counter('count', 'Reports of browsers that were not', {
    reason: beaconRefusals,
  }),
} as const satisfies Readonly<Record<string, MetricSpec>>;
