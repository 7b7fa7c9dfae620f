import { streamStates } from '../known-labels.ts';
import type { MetricSpec } from '../metric.ts';
import { gauge } from '../metric.ts';

/** A relay that the service watches from outside. */
export const remoteRelayMetrics = {
  sightline_remote_relay_up: gauge('state', '1 when the watched relay answered its API', { relay: 'open' }),
  sightline_remote_relay_ready: gauge('state', '1 when the watched relay takes new viewers', {
    relay: 'open',
  }),
  sightline_remote_relay_streams: gauge('count', 'Streams of the watched relay by state', {
    relay: 'open',
    state: streamStates,
  }),
  sightline_remote_relay_response_seconds: gauge('seconds', 'How long the watched relay took to answer', {
    relay: 'open',
  }),
} as const satisfies Readonly<Record<string, MetricSpec>>;
