import { metricNames, specOf } from '@sightline/exporter';

import type { ConfiguredStream, HttpDeps } from '../deps.ts';
import { HttpProblem } from '../errors.ts';
import type { Route } from '../route.ts';
import { targetListSchema } from '../schemas.ts';
import { sendJson } from '../send-json.ts';

/** A target's label wins over a metric's own of that name: `state: Texas` would take the states of streams away. A site is one and the same. */
const taken = new Set([
  'job',
  'instance',
  'le',
  ...metricNames.flatMap((name) => Object.keys(specOf(name).labels)).filter((label) => label !== 'site'),
]);

/** Prometheus http_sd: https://prometheus.io/docs/prometheus/latest/http_sd/ */
export function serviceDiscoveryRoutes({ streams }: HttpDeps): Route[] {
  return [
    {
      id: 'prometheusTargets',
      method: 'GET',
      path: '/api/v1/sd/prometheus',
      needs: { permission: 'metrics', scope: 'all' },
      summary:
        'This relay as a target for Prometheus (http_sd), with the site and labels that all of its streams share',
      answers: { 200: { description: 'One target group', schema: targetListSchema } },
      problems: ['bad-request'],
      handle({ request, response }) {
        // The address by which Prometheus reached this list is one by which it reaches the metrics.
        const host = request.headers.host ?? '';
        if (!/^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(:\d{1,5})?$/.test(host))
          throw new HttpProblem('bad-request', 'The Host header is not an address.');
        const scheme = 'encrypted' in request.socket ? 'https' : 'http';
        const target = /:\d+$/.test(host) ? host : `${host}:${scheme === 'https' ? 443 : 80}`;
        sendJson(response, [
          {
            targets: [target],
            labels: { __scheme__: scheme, __metrics_path__: '/metrics', ...shared(streams.list()) },
          },
        ]);
      },
    },
  ];
}

/** What every stream has in common is true of the relay; what only some have would be wrong for the others. */
function shared(streams: readonly ConfiguredStream[]): Record<string, string> {
  const [first, ...others] = streams.map(({ site, labels }) => ({
    ...labels,
    ...(site !== undefined && { site }),
  }));
  return Object.fromEntries(
    Object.entries(first ?? {}).filter(
      ([label, value]) =>
        !label.startsWith('__') &&
        !taken.has(label) &&
        others.every((other) => (other as Record<string, string>)[label] === value),
    ),
  );
}
