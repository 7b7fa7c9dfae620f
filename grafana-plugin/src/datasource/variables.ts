/** `streams`, `streams(site=North, role=entrance)`, `label_values(site)`, `label_values(site, role=entrance)`. Pure. */
import type { MetricFindValue } from '@grafana/data';
import type { RelayStream } from '../relay/relay-streams.ts';
import { labelOf, streamFilter } from './stream-filter.ts';

const syntax = 'Write streams, streams(label=value) or label_values(label).';

/** Throws Error with the syntax when it is none of these. */
export function findValues(query: string, streams: readonly RelayStream[]): MetricFindValue[] {
  const match = /^\s*(\w+)\s*(?:\(([^()]*)\))?\s*$/.exec(query);
  const [, name, inside = ''] = match ?? [];
  if (name === 'streams' || query.trim() === '') {
    return streams
      .filter(streamFilter('', inside))
      .map((stream) => ({ text: stream.title, value: stream.name }));
  }
  if (name !== 'label_values') throw new Error(`"${query}" is no query of variables. ${syntax}`);
  const [label = '', ...filters] = inside.split(',').map((part) => part.trim());
  if (label === '') throw new Error(`label_values needs a label. ${syntax}`);
  const values = streams
    .filter(streamFilter('', filters.join(',')))
    .flatMap((stream) => labelOf(stream, label) ?? []);
  return [...new Set(values)].sort().map((text) => ({ text }));
}
