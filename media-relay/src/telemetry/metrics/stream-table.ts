import type { AnyLabels, MetricName } from '@sightline/exporter';
import {
  dropReasons,
  qualitySwitchReasons,
  reconnectReasons,
  streamStates,
  streamWarnings,
  viewerTransports,
} from '@sightline/exporter';

import type { RenditionSnapshot, StreamSnapshot } from '../../engine/messages.ts';
import type { ConfiguredStream } from '../../http/deps.ts';
import type { PictureHealth } from '../../pictures/picture-checker.ts';
import type { PictureFlag, StreamState } from '../../stream/states.ts';

// What of a stream's snapshot is which metric. A new field of the snapshot is a line here, and one in the catalogue.

export interface StreamFacts {
  readonly configured: ConfiguredStream;
  /** Undefined until the engine has reported it, and while the engine is down. */
  readonly snapshot: StreamSnapshot | undefined;
  /** The snapshot's, but `offline` for an idle stream that somebody asked for in vain and will ask for again. */
  readonly state: StreamState;
  /** Undefined while the stream is not live, and before its first picture was looked at. */
  readonly picture: PictureHealth | undefined;
}

/** A stream that has a substream. */
export interface SubstreamFacts extends StreamSnapshot {
  readonly substream: RenditionSnapshot;
}

export interface Row<T> {
  readonly name: MetricName;
  /** Besides `stream`. */
  readonly labels: AnyLabels;
  readonly read: (facts: T) => number | undefined;
}

type Reader<T> = Row<T>['read'];

function row<T>(name: MetricName, read: Reader<T>, labels: AnyLabels = {}): Row<T> {
  return { name, labels, read };
}

/** One row for each known value; `other` takes what is not known. */
export function rowsByValue<T>(
  name: MetricName,
  label: string,
  known: readonly string[],
  read: (facts: T) => Readonly<Record<string, number>>,
): Row<T>[] {
  return known.map((value) =>
    row(
      name,
      (facts) => {
        const counts = read(facts);
        if (value !== 'other') return counts[value] ?? 0;
        return Object.entries(counts).reduce(
          (sum, [key, count]) => (known.includes(key) ? sum : sum + count),
          0,
        );
      },
      { [label]: value },
    ),
  );
}

const flag = (isSet: boolean): number => (isSet ? 1 : 0);
const flagOf = ({ picture }: StreamFacts, name: PictureFlag): number | undefined =>
  picture === undefined ? undefined : flag(picture.flags[name]);
/** Of a camera that is away the engine remembers what it last measured; that would look as if it were so now. */
const whileLive =
  (read: (snapshot: StreamSnapshot) => number | undefined): Reader<StreamFacts> =>
  ({ snapshot }) =>
    snapshot?.state === 'live' ? read(snapshot) : undefined;

/** Who asks for a camera that cannot be reached is no viewer yet, and it is down all the same; one that lingers on is live. */
const soughtStates: ReadonlySet<StreamState> = new Set(['connecting', 'stalled', 'offline']);

export function isExpected({ configured, snapshot, state }: StreamFacts): boolean {
  return !configured.onDemand || (snapshot?.viewers ?? 0) > 0 || soughtStates.has(state);
}

/** Read from the newest snapshot. `undefined`: not known, no series. What depends on Unix time is in stream-book.ts. */
export const streamGauges: readonly Row<StreamFacts>[] = [
  row('sightline_stream_up', ({ state }) => flag(state === 'live')),
  row('sightline_stream_connected', ({ state }) => flag(state === 'live' || state === 'stalled')),
  row('sightline_stream_expected', (facts) => flag(isExpected(facts))),
  ...streamStates.map((state) =>
    row<StreamFacts>('sightline_stream_state', (facts) => flag(facts.state === state), { state }),
  ),
  row('sightline_stream_state_code', ({ state }) => streamStates.indexOf(state)),
  ...streamWarnings.map((warning) =>
    row<StreamFacts>(
      'sightline_stream_warning',
      ({ snapshot }) => flag(snapshot?.warnings.includes(warning) === true),
      { warning },
    ),
  ),
  row('sightline_stream_frames_per_second', ({ snapshot }) => snapshot?.framesPerSecond ?? 0),
  row('sightline_stream_nominal_frames_per_second', ({ snapshot }) => snapshot?.h264?.framesPerSecond),
  row('sightline_stream_video_bytes_per_second', ({ snapshot }) => (snapshot?.bitrateBps ?? 0) / 8),
  row('sightline_stream_video_width_pixels', ({ snapshot }) => snapshot?.h264?.width),
  row('sightline_stream_video_height_pixels', ({ snapshot }) => snapshot?.h264?.height),
  row(
    'sightline_stream_keyframe_interval_seconds',
    whileLive(({ keyFrameIntervalSeconds }) => keyFrameIntervalSeconds),
  ),
  row(
    'sightline_stream_rtp_jitter_seconds',
    whileLive(({ jitterSeconds }) => jitterSeconds),
  ),
  row(
    'sightline_stream_source_round_trip_seconds',
    whileLive(({ roundTripSeconds }) => roundTripSeconds),
  ),
  row('sightline_viewers', ({ snapshot }) => snapshot?.viewers ?? 0),
  ...viewerTransports.map((transport) =>
    row<StreamFacts>(
      'sightline_viewers_by_transport',
      ({ snapshot }) => snapshot?.viewerPaths.transports[transport] ?? 0,
      { transport },
    ),
  ),
  row('sightline_viewers_limited', ({ snapshot }) => snapshot?.viewerPaths.limited ?? 0),
  row('sightline_viewer_path_loss_mean_ratio', ({ snapshot }) => snapshot?.viewerPaths.meanLossRatio),
  row('sightline_viewer_path_loss_max_ratio', ({ snapshot }) => snapshot?.viewerPaths.maxLossRatio),
  row('sightline_viewer_path_jitter_mean_seconds', ({ snapshot }) => snapshot?.viewerPaths.meanJitterSeconds),
  row('sightline_viewer_path_jitter_max_seconds', ({ snapshot }) => snapshot?.viewerPaths.maxJitterSeconds),
  row(
    'sightline_viewer_path_round_trip_mean_seconds',
    ({ snapshot }) => snapshot?.viewerPaths.meanRoundTripSeconds,
  ),
  row(
    'sightline_viewer_path_round_trip_max_seconds',
    ({ snapshot }) => snapshot?.viewerPaths.maxRoundTripSeconds,
  ),
  row('sightline_egress_pacer_delay_mean_seconds', ({ snapshot }) => snapshot?.pacerDelay.meanSeconds),
  row('sightline_egress_pacer_delay_max_seconds', ({ snapshot }) => snapshot?.pacerDelay.maxSeconds),
  row('sightline_stream_frozen', (facts) => flagOf(facts, 'frozen')),
  row('sightline_stream_black', (facts) => flagOf(facts, 'black')),
  row('sightline_stream_overexposed', (facts) => flagOf(facts, 'overexposed')),
  row('sightline_stream_underexposed', (facts) => flagOf(facts, 'underexposed')),
  row('sightline_stream_blurred', (facts) => flagOf(facts, 'blurred')),
];

/** Only where there is a substream. */
export const substreamGauges: readonly Row<RenditionSnapshot>[] = [
  row('sightline_substream_state_code', ({ state }) => streamStates.indexOf(state)),
  row('sightline_substream_viewers', ({ viewers }) => viewers),
  row('sightline_substream_frames_per_second', ({ framesPerSecond }) => framesPerSecond),
  row('sightline_substream_video_bytes_per_second', ({ bitrateBps }) => bitrateBps / 8),
  row('sightline_substream_video_width_pixels', ({ h264 }) => h264?.width),
  row('sightline_substream_video_height_pixels', ({ h264 }) => h264?.height),
  row('sightline_substream_keyframe_interval_seconds', ({ state, keyFrameIntervalSeconds }) =>
    state === 'live' ? keyFrameIntervalSeconds : undefined,
  ),
];

/** Only where there is a substream: without one there is nothing to switch to. */
export const substreamCounters: readonly Row<SubstreamFacts>[] = [
  row('sightline_substream_frames_total', ({ substream }) => substream.framesTotal),
  row('sightline_substream_received_bytes_total', ({ substream }) => substream.bytesTotal),
  row('sightline_substream_received_packets_total', ({ substream }) => substream.packetsTotal),
  row('sightline_substream_rtp_packets_lost_total', ({ substream }) => substream.lostPacketsTotal),
  ...rowsByValue<SubstreamFacts>(
    'sightline_substream_reconnects_total',
    'reason',
    reconnectReasons,
    ({ substream }) => substream.reconnectsTotal,
  ),
  ...rowsByValue<SubstreamFacts>(
    'sightline_viewer_quality_switches_total',
    'reason',
    qualitySwitchReasons,
    ({ qualitySwitchesTotal }) => qualitySwitchesTotal,
  ),
];

/** Only once a picture was looked at. */
export const pictureCounters: readonly Row<PictureHealth>[] = [
  row('sightline_stream_frozen_seconds_total', (picture) => picture.flagSecondsTotal.frozen),
  row('sightline_stream_black_seconds_total', (picture) => picture.flagSecondsTotal.black),
  row('sightline_stream_overexposed_seconds_total', (picture) => picture.flagSecondsTotal.overexposed),
  row('sightline_stream_underexposed_seconds_total', (picture) => picture.flagSecondsTotal.underexposed),
  row('sightline_stream_blurred_seconds_total', (picture) => picture.flagSecondsTotal.blurred),
];

/** Totals of the media thread; stream-book.ts makes them outlive it. */
export const streamCounters: readonly Row<StreamSnapshot>[] = [
  row('sightline_stream_frames_total', (stream) => stream.framesTotal),
  row('sightline_stream_keyframes_total', (stream) => stream.keyFramesTotal),
  row('sightline_stream_broken_frames_total', (stream) => stream.brokenFramesTotal),
  row('sightline_stream_received_bytes_total', (stream) => stream.bytesTotal),
  row('sightline_stream_received_packets_total', (stream) => stream.packetsTotal),
  row(
    'sightline_stream_rtp_packets_expected_total',
    (stream) => stream.packetsTotal + Math.max(0, stream.lostPacketsTotal),
  ),
  row('sightline_stream_rtp_packets_lost_total', (stream) => stream.lostPacketsTotal),
  row('sightline_stream_rtp_packets_reordered_total', (stream) => stream.reorderedPacketsTotal),
  row('sightline_egress_bytes_total', (stream) => stream.sentBytesTotal),
  row('sightline_egress_packets_total', (stream) => stream.sentPacketsTotal),
  row('sightline_egress_resent_packets_total', (stream) => stream.resentPacketsTotal),
  row('sightline_egress_bursts_total', (stream) => stream.burstsTotal),
  ...rowsByValue<StreamSnapshot>(
    'sightline_stream_reconnects_total',
    'reason',
    reconnectReasons,
    (stream) => stream.reconnectsTotal,
  ),
  ...rowsByValue<StreamSnapshot>(
    'sightline_egress_dropped_frames_total',
    'reason',
    dropReasons,
    (stream) => stream.droppedFramesTotal,
  ),
];
