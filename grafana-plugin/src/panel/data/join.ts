/** Values of other queries that belong to a tile: a field labelled with its stream, or the row of a table that names it. Pure. */
import { FieldType, getFieldDisplayName } from '@grafana/data';
import type { DataFrame, Field } from '@grafana/data';
import { STREAM_LABEL, streamFieldOf } from './tiles.ts';
import type { Tile } from './tiles.ts';

export interface Joined {
  /** As the user sees and chooses it. */
  readonly name: string;
  readonly field: Field;
  readonly rowIndex: number;
}

/**
 * The field with this name: of the tile's own row, else of a table that has a row for its stream, else of a series with
 * its label. A series gives its newest value, or the newest one that is not after `atMs`.
 */
export function joinedField(
  tile: Tile,
  frames: readonly DataFrame[],
  name: string,
  streamField: string,
  atMs?: number,
): Joined | undefined {
  const { row } = tile;
  const own = row?.frame.fields.find(
    (field) => field.name === name || displayName(field, row.frame) === name,
  );
  if (own !== undefined && row !== undefined) return { name, field: own, rowIndex: row.rowIndex };
  for (const frame of frames) {
    const found = frame === row?.frame ? undefined : inFrame(tile.stream, frame, name, streamField, atMs);
    if (found !== undefined) return found;
  }
  return undefined;
}

function inFrame(
  stream: string,
  frame: DataFrame,
  name: string,
  streamField: string,
  atMs: number | undefined,
): Joined | undefined {
  const time = frame.fields.find(({ type }) => type === FieldType.time);
  for (const field of frame.fields) {
    if (field.labels?.[STREAM_LABEL] !== stream || !namesOf(field, frame).includes(name)) continue;
    const rowIndex = newest(field, time, atMs, () => true);
    if (rowIndex !== undefined) return { name, field, rowIndex };
  }
  const column = streamFieldOf(frame, streamField);
  const field = frame.fields.find((candidate) => namesOf(candidate, frame).includes(name));
  if (column === undefined || field === undefined || field === column) return undefined;
  const rowIndex = newest(field, time, atMs, (index) => column.values[index] === stream);
  return rowIndex === undefined ? undefined : { name, field, rowIndex };
}

/** Index of the last value that is there, belongs to the stream and is not after `atMs`. */
function newest(
  field: Field,
  time: Field | undefined,
  atMs: number | undefined,
  belongs: (index: number) => boolean,
): number | undefined {
  for (let index = field.values.length - 1; index >= 0; index--) {
    const value: unknown = field.values[index];
    if (value === null || value === undefined || !belongs(index)) continue;
    const at: unknown = time?.values[index];
    if (atMs !== undefined && typeof at === 'number' && at > atMs) continue;
    return index;
  }
  return undefined;
}

/** What a user may choose: everything but the stream's own name. Series of many streams count once. */
export function overlayNames(frames: readonly DataFrame[], streamField: string): string[] {
  const names = frames.flatMap((frame) => {
    const column = streamFieldOf(frame, streamField);
    return frame.fields
      .filter((field) => field !== column && field.type !== FieldType.time)
      .map((field) => namesOf(field, frame)[0] ?? field.name);
  });
  return [...new Set(names)];
}

/** Without the labels that only tell streams apart, the metric's own name is what series have in common. */
function namesOf(field: Field, frame: DataFrame): string[] {
  if (field.labels?.[STREAM_LABEL] === undefined) return [displayName(field, frame), field.name];
  const chosen = field.config.displayName;
  const metric = field.labels['__name__'];
  const own = field.name === 'Value' ? (frame.refId ?? field.name) : field.name;
  return [chosen, metric, own, frame.refId, displayName(field, frame)].filter((name) => name !== undefined);
}

function displayName(field: Field, frame: DataFrame): string {
  return getFieldDisplayName(field, frame);
}

/** Names of the alerts that fire for this stream at the end of the range, `toMs`: series as Prometheus' own `ALERTS`. */
export function firingAlerts(stream: string, frames: readonly DataFrame[], toMs: number): readonly string[] {
  const names = frames.filter(reaches(toMs)).flatMap((frame) =>
    frame.fields.flatMap((field) => {
      const { labels } = field;
      const name = labels?.['alertname'];
      if (name === undefined || labels?.[STREAM_LABEL] !== stream) return [];
      const state = labels['alertstate'];
      if (state !== undefined && state !== 'firing') return [];
      const value: unknown = field.values.at(-1);
      return typeof value === 'number' && value > 0 ? name : [];
    }),
  );
  return [...new Set(names)].sort();
}

/** The series of an alert ends with it, and nothing is filled in: its last value may be of long ago. Of a range, the step is known. */
function reaches(toMs: number): (frame: DataFrame) => boolean {
  return ({ fields }) => {
    const time = fields.find(({ type }) => type === FieldType.time);
    const lastMs: unknown = time?.values.at(-1);
    const stepMs = time?.config.interval ?? undefined;
    return typeof lastMs !== 'number' || stepMs === undefined || lastMs > toMs - 2 * stepMs;
  };
}
