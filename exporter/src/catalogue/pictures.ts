import { pictureCheckFailures } from '../known-labels.ts';
import type { MetricSpec } from '../metric.ts';
import { counter, gauge } from '../metric.ts';

/** What the pictures of a stream show. No series while the stream is not live, or was not looked at yet. */
export const pictureMetrics = {
  sightline_stream_frozen: gauge('state', '1 while the same picture comes again and again', {
    stream: 'open',
  }),
  sightline_stream_black: gauge('state', '1 while there is nothing but black', { stream: 'open' }),
  sightline_stream_overexposed: gauge('state', '1 while more than half of the picture is burnt out', {
    stream: 'open',
  }),
  sightline_stream_underexposed: gauge('state', '1 while the picture is too dark to see much', {
    stream: 'open',
  }),
  sightline_stream_blurred: gauge('state', '1 while the picture has no fine detail', { stream: 'open' }),
  sightline_stream_frozen_seconds_total: counter('seconds', 'Time for which the picture was frozen', {
    stream: 'open',
  }),
  sightline_stream_black_seconds_total: counter('seconds', 'Time for which the picture was black', {
    stream: 'open',
  }),
  sightline_stream_overexposed_seconds_total: counter('seconds', 'Time for which it was overexposed', {
    stream: 'open',
  }),
  sightline_stream_underexposed_seconds_total: counter('seconds', 'Time for which it was underexposed', {
    stream: 'open',
  }),
  sightline_stream_blurred_seconds_total: counter('seconds', 'Time for which it was blurred', {
    stream: 'open',
  }),
  sightline_stream_picture_checked_timestamp_seconds: gauge(
    'timestamp',
    'When a picture of the stream was last looked at',
    { stream: 'open' },
  ),
  sightline_picture_checks_total: counter('count', 'Pictures that were looked at'),
  sightline_picture_check_failures_total: counter('count', 'Pictures that could not be, by reason', {
    reason: pictureCheckFailures,
  }),
} as const satisfies Readonly<Record<string, MetricSpec>>;
