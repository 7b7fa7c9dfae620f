/** What this browser measures, formatted by Grafana's field config: override the field of the same name. */
import { applyFieldOverrides, FieldType } from '@grafana/data';
import type {
  DisplayValue,
  FieldConfig,
  FieldConfigSource,
  GrafanaTheme2,
  InterpolateFunction,
} from '@grafana/data';
import type { TileStatistics } from '@sightline/media-relay/client';
import { figureNames } from '../options.ts';
import type { FigureName } from '../options.ts';
import type { PanelTranslate } from '../sentences-in.ts';

const units: Readonly<Record<FigureName, FieldConfig>> = {
  delay: { unit: 'ms', decimals: 0 },
  fps: { unit: 'fps', decimals: 0 },
  bitrate: { unit: 'bps', decimals: 1 },
  loss: { unit: 'short', decimals: 0 },
  freezes: { unit: 'short', decimals: 0 },
  size: { unit: 'px', decimals: 0 },
};

export interface FigureDisplay {
  readonly label: string;
  readonly display: (value: number) => DisplayValue;
  /** An override gave it thresholds: the base colour of a field without any says nothing. */
  readonly isColored: boolean;
}

export function figureDisplays(
  fieldConfig: FieldConfigSource,
  theme: GrafanaTheme2,
  timeZone: string,
  replaceVariables: InterpolateFunction,
  t: PanelTranslate,
): Readonly<Record<FigureName, FigureDisplay>> {
  const fields = figureNames.map((name) => ({
    name: t(`figure.${name}`),
    type: FieldType.number,
    config: { ...units[name] },
    values: [0],
  }));
  // Defaults are meant for the query's fields: a unit of theirs would be wrong for these. Overrides name what they mean.
  const own: FieldConfigSource = { defaults: {}, overrides: fieldConfig.overrides };
  const [frame] = applyFieldOverrides({
    data: [{ fields, length: 1 }],
    fieldConfig: own,
    theme,
    timeZone,
    replaceVariables,
  });
  const displays = figureNames.map((name, index): [FigureName, FigureDisplay] => {
    const display = frame?.fields[index]?.display;
    const label = fields[index]?.name ?? name;
    const isColored = (frame?.fields[index]?.config.thresholds?.steps.length ?? 0) > 1;
    return [
      name,
      { label, isColored, display: (value) => display?.(value) ?? { text: String(value), numeric: value } },
    ];
  });
  return Object.fromEntries(displays) as Record<FigureName, FigureDisplay>;
}

/** Undefined while it is not known. */
export function figureValue(name: FigureName, statistics: TileStatistics): number | undefined {
  switch (name) {
    case 'delay':
      return statistics.delayMs === undefined ? undefined : Math.max(0, statistics.delayMs);
    case 'fps':
      return statistics.fps;
    case 'bitrate':
      return statistics.bitrateBps;
    case 'loss':
      return statistics.packetsLost;
    case 'freezes':
      return statistics.freezeCount;
    case 'size':
      return statistics.height;
  }
}
