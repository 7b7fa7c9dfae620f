/** Panels as this project draws them, so that a dashboard says only what is its own. */
import type * as cog from '@grafana/grafana-foundation-sdk/cog';
import * as common from '@grafana/grafana-foundation-sdk/common';
import { BigValueColorMode, BigValueGraphMode } from '@grafana/grafana-foundation-sdk/common';
import * as bargauge from '@grafana/grafana-foundation-sdk/bargauge';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as statetimeline from '@grafana/grafana-foundation-sdk/statetimeline';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';

import { prometheusSource, relaySource, relayTarget, target } from './queries.ts';
import type { Query, RelayQuery } from './queries.ts';

export type Color = 'green' | 'yellow' | 'orange' | 'red' | 'blue' | 'text';

/** The colour below the first limit, then limits and the colours from them on. */
export type Limits = readonly [Color, ...(readonly [number, Color])[]];

/** Shares, 0 to 1. They are those of the alerts. */
export const cpuLimits: Limits = ['green', [0.75, 'orange'], [0.9, 'red']];
export const spaceLimits: Limits = ['green', [0.8, 'orange'], [0.9, 'red']];
/** Packets lost, as SightlineStreamPacketLoss and its severe form. */
export const lossLimits: Limits = ['green', [0.02, 'orange'], [0.1, 'red']];
/** Availability: the objective is 99.5 %. */
export const availabilityLimits: Limits = ['red', [0.99, 'orange'], [0.995, 'green']];
export const noneLimits: Limits = ['green', [1, 'red']];

export interface Link {
  readonly title: string;
  readonly url: string;
}

export interface PanelOptions {
  readonly title: string;
  /** What it shows and what to think of it: the (i) of the panel. */
  readonly description: string;
  /** Of Grafana: `percentunit`, `bps`, `s`, `short`. */
  readonly unit: string;
  readonly queries: readonly Query[];
  readonly limits?: Limits;
  readonly decimals?: number;
  readonly min?: number;
  readonly max?: number;
  readonly links?: readonly Link[];
  /** Smallest step of Grafana, where series are scraped less often than every second. */
  readonly step?: string;
}

interface SharedBuilder extends cog.Builder<dashboard.Panel> {
  title(title: string): this;
  description(description: string): this;
  datasource(source: common.DataSourceRef): this;
  unit(unit: string): this;
  decimals(decimals: number): this;
  min(min: number): this;
  max(max: number): this;
  thresholds(thresholds: cog.Builder<dashboard.ThresholdsConfig>): this;
  colorScheme(color: cog.Builder<dashboard.FieldColor>): this;
  dataLinks(links: cog.Builder<dashboard.DashboardLink>[]): this;
  withTarget(target: cog.Builder<cog.Dataquery>): this;
  interval(interval: string): this;
  mappings(mappings: dashboard.ValueMapping[]): this;
}

function shared<Builder extends SharedBuilder>(builder: Builder, options: PanelOptions): Builder {
  const { title, description, unit, queries, limits, decimals, min, max, links = [], step } = options;
  builder.title(title).description(description).unit(unit).datasource(prometheusSource);
  for (const [at, query] of queries.entries()) builder.withTarget(target(query, at));
  if (decimals !== undefined) builder.decimals(decimals);
  if (min !== undefined) builder.min(min);
  if (max !== undefined) builder.max(max);
  if (limits !== undefined) builder.thresholds(thresholds(limits));
  if (step !== undefined) builder.interval(step);
  if (links.length > 0)
    builder.dataLinks(links.map((link) => ({ build: () => ({ ...link, targetBlank: false }) as never })));
  return builder;
}

function thresholds([base, ...steps]: Limits): dashboard.ThresholdsConfigBuilder {
  return new dashboard.ThresholdsConfigBuilder().mode(dashboard.ThresholdsMode.Absolute).steps([
    // Grafana's own form of "from minus infinity on".
    { value: null, color: base },
    ...steps.map(([value, color]) => ({ value, color })),
  ]);
}

export interface GraphOptions extends PanelOptions {
  readonly stacked?: boolean;
  /** Legend as a table with last value and maximum, for many series. */
  readonly manySeries?: boolean;
}

export function graph(options: GraphOptions): dashboard.Panel {
  const { limits, stacked = false, manySeries = false, min = 0 } = options;
  const builder = shared(new timeseries.PanelBuilder(), { ...options, min })
    .lineWidth(1)
    .fillOpacity(stacked ? 40 : 8)
    .showPoints(common.VisibilityMode.Never)
    .tooltip(
      new common.VizTooltipOptionsBuilder()
        .mode(common.TooltipDisplayMode.Multi)
        .sort(common.SortOrder.Descending),
    )
    .legend(
      new common.VizLegendOptionsBuilder()
        .displayMode(manySeries ? common.LegendDisplayMode.Table : common.LegendDisplayMode.List)
        .placement(manySeries ? common.LegendPlacement.Right : common.LegendPlacement.Bottom)
        .showLegend(true)
        .calcs(manySeries ? ['lastNotNull', 'max'] : []),
    );
  if (limits !== undefined)
    builder.thresholdsStyle(
      new common.GraphThresholdsStyleConfigBuilder().mode(common.GraphThresholdsStyleMode.Dashed),
    );
  if (stacked) builder.stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal));
  return builder.build();
}

export interface NumberOptions extends PanelOptions {
  readonly mappings?: dashboard.ValueMapping[];
  readonly sparkline?: boolean;
}

export function number(options: NumberOptions): dashboard.Panel {
  const { limits, mappings, sparkline = false } = options;
  const builder = shared(new stat.PanelBuilder(), options)
    .graphMode(sparkline ? BigValueGraphMode.Area : BigValueGraphMode.None)
    .colorMode(
      limits === undefined && mappings === undefined ? BigValueColorMode.None : BigValueColorMode.Background,
    )
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false));
  if (mappings !== undefined) builder.mappings(mappings);
  return builder.build();
}

/** Longest bar first; the queries sort. */
export function bars(options: PanelOptions): dashboard.Panel {
  return shared(new bargauge.PanelBuilder(), options)
    .orientation(common.VizOrientation.Horizontal)
    .displayMode(common.BarGaugeDisplayMode.Basic)
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false))
    .build();
}

export interface TimelineOptions extends PanelOptions {
  readonly mappings: dashboard.ValueMapping[];
}

export function timeline(options: TimelineOptions): dashboard.Panel {
  return shared(new statetimeline.PanelBuilder(), options)
    .mappings(options.mappings)
    .mergeValues(true)
    .showValue(common.VisibilityMode.Never)
    .rowHeight(0.85)
    .lineWidth(0)
    .fillOpacity(85)
    .build();
}

export interface TableColumn {
  /** As the frame has it: a label, or `Value #A`. */
  readonly field: string;
  readonly title: string;
  readonly unit?: string;
  readonly limits?: Limits;
  readonly mappings?: dashboard.ValueMapping[];
}

export interface GridOptions extends PanelOptions {
  /** In their order; every other field is hidden. */
  readonly columns: readonly TableColumn[];
  readonly hidden: readonly string[];
}

/** Queries of form `table`, one row for each set of equal labels. */
export function grid(options: GridOptions): dashboard.Panel {
  const { columns, hidden } = options;
  const builder = shared(new table.PanelBuilder(), options)
    .filterable(true)
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: Object.fromEntries(hidden.map((name) => [name, true])),
        indexByName: Object.fromEntries(columns.map(({ field }, at) => [field, at])),
        renameByName: Object.fromEntries(columns.map(({ field, title }) => [field, title])),
      },
    });
  for (const { title, unit, limits, mappings } of columns) {
    const properties = [
      ...(unit === undefined ? [] : [{ id: 'unit', value: unit }]),
      ...(mappings === undefined ? [] : [{ id: 'mappings', value: mappings }]),
      ...(limits === undefined ? [] : [{ id: 'thresholds', value: thresholds(limits).build() }]),
      ...(limits === undefined && mappings === undefined
        ? []
        : [{ id: 'custom.cellOptions', value: { type: 'color-text' } }]),
    ];
    if (properties.length > 0) builder.overrideByName(title, properties);
  }
  return builder.build();
}

/** Options: grafana-plugin/src/panel/options.ts. */
export function cameras(
  title: string,
  description: string,
  query: RelayQuery,
  options: Readonly<Record<string, unknown>>,
): dashboard.Panel {
  return new dashboard.PanelBuilder()
    .type('sightline-camera-panel')
    .title(title)
    .description(description)
    .datasource(relaySource)
    .withTarget(relayTarget(query))
    .options({ layout: 'auto', fit: 'contain', showTitles: true, border: 'state', ...options })
    .build();
}

/** Alerts of Grafana and of the Prometheus data sources that it knows. */
export function alertList(title: string, description: string, maxItems: number): dashboard.Panel {
  return new dashboard.PanelBuilder()
    .type('alertlist')
    .title(title)
    .description(description)
    .options({
      viewMode: 'list',
      groupMode: 'default',
      groupBy: [],
      maxItems,
      // By importance.
      sortOrder: 3,
      dashboardAlerts: false,
      alertName: 'Sightline',
      alertInstanceLabelFilter: '',
      stateFilter: {
        firing: true,
        pending: true,
        recovering: true,
        noData: false,
        normal: false,
        error: true,
      },
    })
    .build();
}

/** Values and what is shown for them. */
export function valueMappings(
  texts: Readonly<Record<string, readonly [text: string, color: Color]>>,
): dashboard.ValueMapping[] {
  return [
    {
      type: dashboard.MappingType.ValueToText,
      options: Object.fromEntries(
        Object.entries(texts).map(([value, [text, color]], index) => [value, { text, color, index }]),
      ),
    },
  ];
}
