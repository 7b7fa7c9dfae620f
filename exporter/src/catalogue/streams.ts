import { reconnectReasons, streamStates, streamWarnings } from '../known-labels.ts';
import type { MetricSpec } from '../metric.ts';
import { counter, gauge } from '../metric.ts';

/** Streams and their substreams: state, and what arrives from the camera. */
export const streamMetrics = {
  // Streams: identity and state.
  sightline_stream_info: gauge('info', 'Always 1; how people know the stream', {
    stream: 'open',
    title: 'open',
    site: 'open',
  }),
  sightline_stream_codec_info: gauge('info', 'Always 1; what the camera sends, as far as it is known', {
    stream: 'open',
    codec: 'open',
    profile: 'open',
    audio: 'open',
    transport: 'open',
  }),
  sightline_stream_up: gauge('state', '1 when frames arrived in the last 5 seconds', { stream: 'open' }),
  sightline_stream_connected: gauge('state', '1 when the camera is connected, with or without frames', {
    stream: 'open',
  }),
  sightline_stream_expected: gauge(
    'state',
    '1 when the stream should be up: always, or when somebody watches an on-demand one, or asked for it in vain in the last 45 seconds',
    { stream: 'open' },
  ),
  sightline_stream_state: gauge('state', '1 for the state that the stream is in, 0 for the others', {
    stream: 'open',
    state: streamStates,
  }),
  sightline_stream_state_code: gauge(
    'state',
    'The state as a number: 0 idle, 1 connecting, 2 live, 3 stalled, 4 offline, 5 refused',
    { stream: 'open' },
  ),
  sightline_stream_state_since_timestamp_seconds: gauge('timestamp', 'When the state began', {
    stream: 'open',
  }),
  sightline_stream_warning: gauge('state', '1 while the warning holds', {
    stream: 'open',
    warning: streamWarnings,
  }),
  sightline_stream_up_seconds_total: counter(
    'seconds',
    'Time for which the stream was up and should have been',
    {
      stream: 'open',
    },
  ),
  sightline_stream_expected_seconds_total: counter(
    'seconds',
    'Time for which it should have been up: always, or while somebody watched or asked for an on-demand one',
    {
      stream: 'open',
    },
  ),
  sightline_stream_reconnects_total: counter('count', 'Connections to the camera that ended, by reason', {
    stream: 'open',
    reason: reconnectReasons,
  }),

  // Streams: what arrives.
  sightline_stream_last_frame_timestamp_seconds: gauge('timestamp', 'When the newest frame arrived', {
    stream: 'open',
  }),
  sightline_stream_frames_per_second: gauge('count', 'Frames of the last second', { stream: 'open' }),
  sightline_stream_nominal_frames_per_second: gauge('count', 'Frames per second that the camera announces', {
    stream: 'open',
  }),
  sightline_stream_video_bytes_per_second: gauge(
    'count',
    'Bytes of video in the last second: the bitrate by eight',
    {
      stream: 'open',
    },
  ),
  sightline_stream_video_width_pixels: gauge('pixels', 'Width of the picture', { stream: 'open' }),
  sightline_stream_video_height_pixels: gauge('pixels', 'Height of the picture', { stream: 'open' }),
  sightline_stream_capture_delay_seconds: gauge(
    'seconds',
    "From capture by the camera's clock to arrival by the relay's, mean of the last second: the way, and what the clocks differ",
    { stream: 'open' },
  ),
  sightline_stream_keyframe_interval_seconds: gauge('seconds', 'Time between the last two key frames', {
    stream: 'open',
  }),
  sightline_stream_frames_total: counter('count', 'Frames that arrived', { stream: 'open' }),
  sightline_stream_keyframes_total: counter('count', 'Key frames that arrived', { stream: 'open' }),
  sightline_stream_broken_frames_total: counter('count', 'Frames that arrived with a hole', {
    stream: 'open',
  }),
  sightline_stream_received_bytes_total: counter('bytes', 'Bytes from the camera', { stream: 'open' }),
  sightline_stream_received_packets_total: counter('count', 'RTP packets from the camera', {
    stream: 'open',
  }),
  sightline_stream_rtp_packets_expected_total: counter(
    'count',
    'RTP packets that the camera sent, by their numbers',
    {
      stream: 'open',
    },
  ),
  sightline_stream_rtp_packets_lost_total: counter('count', 'RTP packets that never came', {
    stream: 'open',
  }),
  sightline_stream_rtp_packets_reordered_total: counter('count', 'RTP packets that came late', {
    stream: 'open',
  }),
  sightline_stream_rtp_jitter_seconds: gauge('seconds', 'Interarrival jitter (RFC 3550)', { stream: 'open' }),
  sightline_stream_source_round_trip_seconds: gauge('seconds', 'Round trip to the camera', {
    stream: 'open',
  }),

  // Streams: the smaller picture of the same camera, where one is configured.
  sightline_substream_state_code: gauge(
    'state',
    'State of the substream as a number: 0 idle, 1 connecting, 2 live, 3 stalled, 4 offline, 5 refused',
    { stream: 'open' },
  ),
  sightline_substream_viewers: gauge('count', 'Viewers that see the substream', { stream: 'open' }),
  sightline_substream_frames_per_second: gauge('count', 'Frames of the substream in the last second', {
    stream: 'open',
  }),
  sightline_substream_video_bytes_per_second: gauge('count', 'Bytes of its video in the last second', {
    stream: 'open',
  }),
  sightline_substream_video_width_pixels: gauge('pixels', 'Width of its picture', { stream: 'open' }),
  sightline_substream_video_height_pixels: gauge('pixels', 'Height of its picture', { stream: 'open' }),
  sightline_substream_keyframe_interval_seconds: gauge('seconds', 'Time between its last two key frames', {
    stream: 'open',
  }),
  sightline_substream_last_frame_timestamp_seconds: gauge('timestamp', 'When its newest frame arrived', {
    stream: 'open',
  }),
  sightline_substream_frames_total: counter('count', 'Frames of the substream that arrived', {
    stream: 'open',
  }),
  sightline_substream_received_bytes_total: counter('bytes', 'Bytes of the substream', { stream: 'open' }),
  sightline_substream_received_packets_total: counter('count', 'RTP packets of the substream', {
    stream: 'open',
  }),
  sightline_substream_rtp_packets_lost_total: counter('count', 'Its RTP packets that never came', {
    stream: 'open',
  }),
  sightline_substream_reconnects_total: counter('count', 'Its connections that ended, by reason', {
    stream: 'open',
    reason: reconnectReasons,
  }),
} as const satisfies Readonly<Record<string, MetricSpec>>;
