/** PromQL and queries of the relay data source, as targets of panels. */
import type * as cog from '@grafana/grafana-foundation-sdk/cog';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';

export const prometheusSource = { type: 'prometheus', uid: '${datasource}' } as const;
export const relaySource = { type: 'sightline-relay-datasource', uid: '${relay}' } as const;

export interface Query {
  readonly expr: string;
  /** Of Grafana: `{{stream}}`. */
  readonly legend?: string;
  /** `now`: one value per series, of the end of the range; `table`: the same, labels as columns. */
  readonly as?: 'range' | 'now' | 'table';
}

export function promql(expr: string, legend = ''): Query {
  return { expr, legend };
}

/** What a number or a bar shows. */
export function now(expr: string, legend = ''): Query {
  return { expr, legend, as: 'now' };
}

export function column(expr: string): Query {
  return { expr, as: 'table' };
}

export function target({ expr, legend = '', as = 'range' }: Query, at: number): DataqueryBuilder {
  const builder = new DataqueryBuilder()
    .refId(String.fromCharCode('A'.charCodeAt(0) + at))
    .datasource(prometheusSource)
    .expr(expr)
    .legendFormat(legend === '' ? '__auto' : legend);
  if (as === 'range') return builder.range();
  builder.instant();
  return as === 'table' ? builder.format(prometheus.PromQueryFormat.Table) : builder;
}

/** As grafana-plugin/src/datasource/types.ts has it. */
export interface RelayQuery {
  readonly queryType: 'streams' | 'events';
  readonly streams: string;
}

export function relayTarget(query: RelayQuery): cog.Builder<cog.Dataquery> {
  const model = { refId: 'A', datasource: relaySource, ...query, _implementsDataqueryVariant() {} };
  return { build: () => model };
}

export interface Rollup {
  /** Of the recorded series, without its step: `stream:sightline_viewers:max`. */
  readonly record: string;
  readonly selector: string;
  /** The same from raw samples; it has the labels of the recorded series, `tier` left out. */
  readonly raw: string;
  /** For `increase` of a counter: what makes it the figure of a second. */
  readonly perSecond?: boolean;
}

const tiers = [
  { step: '5m', seconds: 300, reach: '10m' },
  { step: '1h', seconds: 3600, reach: '2h' },
  { step: '1d', seconds: 86_400, reach: '2d' },
];

/**
 * The finest series that is kept of each moment: raw samples, else 5 minutes, 1 hour, 1 day (sightline.rollups.yml). So one query draws
 * an hour and a year. Reaches of two steps bridge an evaluation that came late.
 */
export function finest({ record, selector, raw, perSecond = false }: Rollup): string {
  const recorded = tiers.map(({ step, seconds, reach }) => {
    const last = `max without (tier) (last_over_time(${record}${step}${selector}[${reach}]))`;
    return perSecond ? `${last} / ${seconds}` : last;
  });
  return [raw, ...recorded].join('\n  or ');
}
