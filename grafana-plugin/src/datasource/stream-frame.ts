/** The table of streams. */
import { FieldType } from '@grafana/data';
import type { DataFrame, Field, FieldConfig } from '@grafana/data';
import { PANEL_TYPE } from '../relay/relay-source.ts';
import type { RelayFrameMeta } from '../relay/relay-source.ts';
import type { Said } from '../relay/relay-sentences.ts';
import type { RelayStream } from '../relay/relay-streams.ts';

/** Labels become columns after these; one that bears the name of a column keeps out of its way as `label_NAME`. */
const columns = {
  stream: { type: FieldType.string, of: (stream) => stream.name },
  title: { type: FieldType.string, of: (stream) => stream.title },
  site: { type: FieldType.string, of: (stream) => stream.site ?? null },
  state: { type: FieldType.string, of: (stream) => stream.state },
  reason: {
    type: FieldType.string,
    of: ({ reason, reasonCode }, said) => (reason === undefined ? null : said('stream', reasonCode, reason)),
  },
  fps: {
    type: FieldType.number,
    of: (stream) => stream.framesPerSecond,
    config: { unit: 'fps', decimals: 0 },
  },
  bitrate: {
    type: FieldType.number,
    of: (stream) => stream.bitrateBps,
    config: { unit: 'bps', decimals: 1 },
  },
  viewers: { type: FieldType.number, of: (stream) => stream.viewers, config: { decimals: 0 } },
  last_frame: { type: FieldType.time, of: (stream) => stream.lastFrameMs ?? null },
  codec: { type: FieldType.string, of: (stream) => stream.videoCodec ?? null },
  width: { type: FieldType.number, of: (stream) => stream.width ?? null, config: { unit: 'px' } },
  height: { type: FieldType.number, of: (stream) => stream.height ?? null, config: { unit: 'px' } },
  flags: { type: FieldType.string, of: (stream) => stream.flags.join(', ') || null },
  warnings: {
    type: FieldType.string,
    of: (stream, said) =>
      stream.warnings.map(({ code, message }) => said('warning', code, message)).join('\n') || null,
  },
} satisfies Record<string, Column>;

const asSaid: Said = (_kind, _code, own) => own;

interface Column {
  readonly type: FieldType;
  readonly of: (stream: RelayStream, said: Said) => string | number | null;
  readonly config?: FieldConfig;
}

/** Names, states and flags are codes in every language; what people read is in theirs. */
export function streamFrame(
  refId: string,
  relayUid: string,
  streams: readonly RelayStream[],
  said: Said = asSaid,
): DataFrame {
  const fields = Object.entries<Column>(columns).map(([name, { type, of, config }]) =>
    field(
      name,
      type,
      streams.map((stream) => of(stream, said)),
      config,
    ),
  );
  const labels = [...new Set(streams.flatMap((stream) => Object.keys(stream.labels)))].sort();
  for (const label of labels) {
    const name = Object.hasOwn(columns, label) ? `label_${label}` : label;
    fields.push(
      field(
        name,
        FieldType.string,
        streams.map((stream) => stream.labels[label] ?? null),
      ),
    );
  }
  const custom: RelayFrameMeta = { sightlineRelay: relayUid };
  return {
    refId,
    name: 'streams',
    fields,
    length: streams.length,
    meta: { custom: { ...custom }, preferredVisualisationPluginId: PANEL_TYPE },
  };
}

function field(
  name: string,
  type: FieldType,
  values: readonly (string | number | null)[],
  config: FieldConfig = {},
): Field {
  return { name, type, config: { ...config }, values: [...values] };
}
