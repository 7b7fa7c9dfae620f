import type { MetricSpec } from '../metric.ts';
import { counter, gauge, histogram } from '../metric.ts';

/** The relay as a whole: configuration, media threads, HTTP. */
export const relayMetrics = {
  sightline_ready: gauge('state', '1 when the relay takes new viewers'),
  sightline_draining: gauge('state', '1 while the relay is stopping'),
  sightline_config_last_reload_successful: gauge(
    'state',
    '1 when the last reading of the configuration worked',
  ),
  sightline_config_last_reload_timestamp_seconds: gauge(
    'timestamp',
    'When the configuration was last read with success',
  ),
  sightline_streams_configured: gauge('count', 'Streams of the configuration and of the API'),
  sightline_media_engine_running: gauge('state', '1 when the media engine runs'),
  sightline_media_engine_restarts_total: counter(
    'count',
    'Times that a media thread died and was started again',
  ),
  sightline_media_thread_running: gauge('state', '1 when the media thread runs', { thread: 'open' }),
  sightline_media_thread_restarts_total: counter('count', 'Times that this media thread was started again', {
    thread: 'open',
  }),
  sightline_media_thread_streams: gauge('count', 'Streams that live on the media thread', {
    thread: 'open',
  }),
  sightline_media_thread_sessions: gauge('count', 'Sessions of the media thread', { thread: 'open' }),
  sightline_media_thread_cpu_seconds_total: counter('seconds', 'CPU time of a media thread', {
    thread: 'open',
    mode: ['user', 'system'],
  }),
  sightline_media_arena_bytes: gauge('bytes', 'Native memory in use', { thread: 'open' }),
  sightline_media_arena_blocks: gauge('count', 'Blocks of native memory in use', { thread: 'open' }),
  sightline_forward_delay_median_seconds: gauge(
    'seconds',
    'Live frames of the last second: whole at the relay until its first packet left, median',
  ),
  sightline_forward_delay_p99_seconds: gauge('seconds', 'The same, exceeded by one frame in a hundred'),
  sightline_forward_delay_max_seconds: gauge('seconds', 'The same, the longest'),
  sightline_http_request_duration_seconds: histogram(
    'seconds',
    'How long requests took, by the pattern of their address',
    [0.005, 0.025, 0.1, 0.2, 0.5, 2, 5],
    { route: 'open', method: 'open', code: 'open' },
  ),
} as const satisfies Readonly<Record<string, MetricSpec>>;
