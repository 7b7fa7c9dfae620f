/** What the rows of the dashboard of relay and host have in common: panels of all instances that were chosen. */
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';

import { graph } from '../panels.ts';
import type { GraphOptions } from '../panels.ts';
import { finest } from '../queries.ts';

export const one = '{instance=~"$instance"}';

export function of(metric: string, matchers = ''): string {
  return `${metric}{instance=~"$instance"${matchers === '' ? '' : `,${matchers}`}}`;
}

export function rate(metric: string, matchers = ''): string {
  return `rate(${of(metric, matchers)}[$__rate_interval])`;
}

export function recorded(metric: string, kind: 'avg' | 'max'): string {
  return finest({
    record: `instance:${metric}:${kind}`,
    selector: one,
    raw: `${kind}_over_time(${metric}${one}[$__rate_interval])`,
  });
}

export type Line = readonly [height: number, ...panels: readonly Panel[]];

export function graphs(...options: readonly GraphOptions[]): Line {
  // The standalone exporter is scraped every 5 seconds.
  return [8, ...options.map((each) => graph({ ...each, step: '10s' }))];
}
