/** Tiles out of query results. Pure. */
import { FieldType, getFieldDisplayName } from '@grafana/data';
import type { DataFrame, Field } from '@grafana/data';

export interface TileRow {
  readonly frame: DataFrame;
  readonly rowIndex: number;
}

export interface Tile {
  /** Of a React list: the stream, and a number where a stream has several rows. */
  readonly key: string;
  readonly stream: string;
  /** Uid of the relay that the row names; undefined when the row does not come from a relay. */
  readonly relayUid: string | undefined;
  /** Undefined when only a label of a series names the stream. */
  readonly row: TileRow | undefined;
}

export type Tiles =
  | { readonly kind: 'tiles'; readonly tiles: readonly Tile[]; readonly frames: readonly DataFrame[] }
  /** There is data, but none that says which stream. */
  | { readonly kind: 'no-stream-field' };

/** Names that a field may bear when it was not chosen, the better ones first. */
const streamFieldNames = ['stream', 'camera', 'name'];
export const STREAM_LABEL = 'stream';

/**
 * Each row of a frame with a field that names the stream is a tile. Without any such frame, each value of the label
 * `stream` is one. `frames` are those of all queries, to be joined by stream.
 */
export function tilesOf(frames: readonly DataFrame[], streamField: string): Tiles {
  const tables = frames.flatMap((frame) => {
    const field = streamFieldOf(frame, streamField);
    // A series with a time is a history of streams, not a list of them.
    return field === undefined || isSeries(frame) ? [] : { frame, field };
  });
  const found: Omit<Tile, 'key'>[] = tables.flatMap(({ frame, field }) =>
    range(frame.length).flatMap((rowIndex) => {
      const stream: unknown = field.values[rowIndex];
      if (typeof stream !== 'string' || stream === '') return [];
      return { stream, relayUid: relayUidOf(frame), row: { frame, rowIndex } };
    }),
  );
  if (tables.length === 0) {
    const labels = frames.flatMap((frame) =>
      frame.fields.flatMap((field) => field.labels?.[STREAM_LABEL] ?? []),
    );
    if (labels.length === 0 && frames.some((frame) => frame.fields.length > 0))
      return { kind: 'no-stream-field' };
    for (const stream of new Set(labels)) found.push({ stream, relayUid: undefined, row: undefined });
  }
  const seen = new Map<string, number>();
  const tiles = found.map((tile) => {
    const times = seen.get(tile.stream) ?? 0;
    seen.set(tile.stream, times + 1);
    return { ...tile, key: times === 0 ? tile.stream : `${tile.stream} ${times}` };
  });
  return { kind: 'tiles', tiles, frames };
}

export function streamFieldOf(frame: DataFrame, chosen: string): Field | undefined {
  const texts = frame.fields.filter((field) => field.type === FieldType.string);
  if (chosen !== '') {
    return texts.find((field) => field.name === chosen || getFieldDisplayName(field, frame) === chosen);
  }
  for (const name of streamFieldNames) {
    const field = texts.find((candidate) => candidate.name.toLowerCase() === name);
    if (field !== undefined) return field;
  }
  return undefined;
}

/** A field of the tile's own row, as text; undefined when empty. */
export function rowText(tile: Tile, fieldName: string): string | undefined {
  const value: unknown = tile.row?.frame.fields.find(({ name }) => name === fieldName)?.values[
    tile.row.rowIndex
  ];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function relayUidOf(frame: DataFrame): string | undefined {
  const uid: unknown = frame.meta?.custom?.['sightlineRelay'];
  return typeof uid === 'string' ? uid : undefined;
}

/** Logs and histories: the first field is a time and there is a number to plot, or they are the relay's events. */
function isSeries(frame: DataFrame): boolean {
  return frame.fields[0]?.type === FieldType.time;
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}
