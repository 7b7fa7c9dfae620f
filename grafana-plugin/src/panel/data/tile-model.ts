/** Everything of a tile that comes from queries and options, ready to be drawn. Pure. */
import { formattedValueToString } from '@grafana/data';
import type { DataFrame, DisplayValue, InterpolateFunction, LinkModel } from '@grafana/data';
import type { RelayStream } from '../../relay/relay-streams.ts';
import type { WallOptions } from '../options.ts';
import { firingAlerts, joinedField } from './join.ts';
import type { Joined } from './join.ts';
import { rowText } from './tiles.ts';
import type { Tile } from './tiles.ts';

export interface Overlay {
  readonly name: string;
  readonly text: string;
  /** Of the threshold or mapping; undefined for a value without any. */
  readonly color: string | undefined;
  readonly href: string | undefined;
  readonly linkTitle: string | undefined;
  readonly opensTab: boolean;
}

export interface TileModel {
  readonly tile: Tile;
  readonly title: string;
  readonly site: string | undefined;
  readonly overlays: readonly Overlay[];
  /** Names of alerts of this stream that fire. */
  readonly alerts: readonly string[];
  /** Of the field that the border follows. */
  readonly borderColor: string | undefined;
}

export interface ModelContext {
  readonly frames: readonly DataFrame[];
  readonly options: WallOptions;
  readonly replaceVariables: InterpolateFunction;
  readonly hoverMs: number | undefined;
  /** End of the time range, Unix ms. */
  readonly toMs: number;
  /** What to call an alert that belongs to the panel as a whole, when it fires and the panel has this tile only. */
  readonly panelAlert: string | undefined;
}

export function tileModel(tile: Tile, stream: RelayStream | undefined, context: ModelContext): TileModel {
  const { frames, options, hoverMs } = context;
  const join = (name: string) => joinedField(tile, frames, name, options.streamField, hoverMs);
  const border =
    options.border === 'field' && options.borderField !== '' ? join(options.borderField) : undefined;
  return {
    tile,
    title: titleOf(tile, stream, context),
    site: rowText(tile, 'site') ?? stream?.site,
    overlays: options.overlays.flatMap((name) => {
      const joined = join(name);
      return joined === undefined ? [] : overlayOf(joined);
    }),
    alerts: [
      ...firingAlerts(tile.stream, frames, context.toMs),
      ...(context.panelAlert === undefined ? [] : [context.panelAlert]),
    ],
    borderColor: border === undefined ? undefined : displayOf(border)?.color,
  };
}

function titleOf(
  tile: Tile,
  stream: RelayStream | undefined,
  { frames, options, replaceVariables }: ModelContext,
): string {
  const own = rowText(tile, 'title') ?? stream?.title ?? tile.stream;
  if (options.title === '') return own;
  const { row } = tile;
  const field = row?.frame.fields[0];
  const scoped =
    row === undefined || field === undefined
      ? {}
      : { __dataContext: { value: { data: [...frames], frame: row.frame, field, rowIndex: row.rowIndex } } };
  const text = replaceVariables(options.title, {
    ...scoped,
    stream: { text: tile.stream, value: tile.stream },
  });
  return text.trim() === '' ? own : text;
}

function overlayOf(joined: Joined): Overlay {
  const display = displayOf(joined);
  const link = linkOf(joined);
  return {
    name: joined.field.config.displayName ?? joined.name,
    text:
      display === undefined ? String(joined.field.values[joined.rowIndex]) : formattedValueToString(display),
    color: hasColor(joined) ? display?.color : undefined,
    href: link?.href,
    linkTitle: link?.title,
    opensTab: link?.target === '_blank',
  };
}

/** The base colour of a field without thresholds says nothing. */
function hasColor({ field: { config } }: Joined): boolean {
  const steps = config.thresholds?.steps.length ?? 0;
  return steps > 1 || (config.mappings?.length ?? 0) > 0;
}

function displayOf({ field, rowIndex }: Joined): DisplayValue | undefined {
  return field.display?.(field.values[rowIndex]);
}

function linkOf({ field, rowIndex }: Joined): LinkModel | undefined {
  return field.getLinks?.({ valueRowIndex: rowIndex }).at(0);
}
