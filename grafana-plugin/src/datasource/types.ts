import type { DataQuery } from '@grafana/schema';

export const queryTypes = ['streams', 'events', 'metrics'] as const;
export type RelayQueryType = (typeof queryTypes)[number];

export interface RelayQuery extends DataQuery {
  readonly queryType?: RelayQueryType;
  /** Names of streams, `*` for any run of characters, separated by commas; empty is all. May hold variables. */
  readonly streams?: string;
  /** `label=value` or `label={a,b}`, separated by commas; all must hold. `site` counts as a label. May hold variables. */
  readonly labels?: string;
  /** Events only: one kind, empty for all. */
  readonly kind?: string;
  /** Metrics only: a name of the relay's catalogue. */
  readonly metric?: string;
}

/** The address is the data source's own `url`. This one never leaves Grafana's server: the routes of plugin.json put it into a header. */
export interface RelaySecrets {
  readonly token?: string;
}
