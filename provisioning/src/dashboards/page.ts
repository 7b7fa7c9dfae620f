/** A dashboard from panels and places. */
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';

import { prometheusSource, relaySource, relayTarget } from './queries.ts';

/** Grafana's grid is 24 wide; a unit of height is 30 px. */
export interface Placed {
  readonly panel: dashboard.Panel;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Section {
  readonly title: string;
  /** Lines of panels; those of a line have the same width and together fill it. */
  readonly lines: readonly (readonly [height: number, ...panels: readonly dashboard.Panel[]])[];
}

export interface PageOptions {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly from: string;
  readonly refresh: string;
  readonly variables: readonly Variable[];
  readonly annotations?: readonly dashboard.AnnotationQueryBuilder[];
  readonly content: readonly Placed[] | readonly Section[];
}

export type Variable = dashboard.QueryVariableBuilder | dashboard.DatasourceVariableBuilder;

/** Ids count from 1 in the order of the page: `panelId` finds them by title. */
export function page(options: PageOptions): dashboard.Dashboard {
  const { uid, title, description, from, refresh, variables, annotations = [], content } = options;
  const builder = new dashboard.DashboardBuilder(title)
    .uid(uid)
    .description(description)
    .tags(['sightline'])
    .timezone('browser')
    .time({ from, to: 'now' })
    .refresh(refresh)
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .editable();
  for (const variable of variables) builder.withVariable(variable);
  for (const annotation of annotations) builder.annotation(annotation);
  builder.link(
    new dashboard.DashboardLinkBuilder('Sightline')
      .type(dashboard.DashboardLinkType.Dashboards)
      .tags(['sightline'])
      .asDropdown(true)
      .keepTime(true)
      .includeVars(true),
  );
  const built = builder.build();
  const panels = content.flatMap((part) => ('panel' in part ? [part] : []));
  built.panels =
    panels.length > 0
      ? panels.map((placed, at) => atPlace(placed, at + 1))
      : flow(content.flatMap((part) => ('lines' in part ? [part] : [])));
  // The SDK hides both in a menu.
  for (const control of [...(built.links ?? []), ...(built.annotations?.list ?? [])])
    delete control.placement;
  return built;
}

function flow(sections: readonly Section[]): (dashboard.Panel | dashboard.RowPanel)[] {
  const out: (dashboard.Panel | dashboard.RowPanel)[] = [];
  let y = 0;
  for (const { title, lines } of sections) {
    out.push(
      new dashboard.RowBuilder(title)
        .id(out.length + 1)
        .gridPos({ x: 0, y, w: 24, h: 1 })
        .build(),
    );
    y += 1;
    for (const [height, ...panels] of lines) {
      const width = 24 / panels.length;
      if (!Number.isInteger(width)) throw new Error(`${title}: ${panels.length} panels do not divide a line`);
      for (const [at, panel] of panels.entries())
        out.push(atPlace({ panel, x: at * width, y, width, height }, out.length + 1));
      y += height;
    }
  }
  return out;
}

function atPlace({ panel, x, y, width, height }: Placed, id: number): dashboard.Panel {
  return { ...panel, id, gridPos: { x, y, w: width, h: height } };
}

/** Throws when the dashboard has no panel of this title. */
export function panelId({ title, panels = [] }: dashboard.Dashboard, panelTitle: string): number {
  const id = panels.find((panel) => panel.type !== 'row' && panel.title === panelTitle)?.id;
  if (id === undefined) throw new Error(`"${title}" has no panel "${panelTitle}"`);
  return id;
}

export function datasourceVariables(): readonly Variable[] {
  return [
    new dashboard.DatasourceVariableBuilder('datasource')
      .label('Prometheus')
      .type('prometheus')
      .current({ selected: true, text: 'Sightline Prometheus', value: 'sightline-prometheus' }),
  ];
}

export function relayVariable(): Variable {
  return new dashboard.DatasourceVariableBuilder('relay')
    .label('Relay')
    .type('sightline-relay-datasource')
    .current({ selected: true, text: 'Sightline relay', value: 'sightline-relay' });
}

export interface LabelVariable {
  readonly name: string;
  readonly label: string;
  readonly metric: string;
  readonly of?: string;
  /** Several, and all at first. */
  readonly several?: boolean;
  /** What "all" stands for; by default all values. */
  readonly all?: string;
}

export function labelVariable({
  name,
  label,
  metric,
  of = name,
  several = true,
  all,
}: LabelVariable): Variable {
  const query = `label_values(${metric}, ${of})`;
  const builder = new dashboard.QueryVariableBuilder(name)
    .label(label)
    .datasource(prometheusSource)
    .query({ qryType: 1, query, refId: 'variable' })
    .definition(query)
    // Also when nobody loads the page anew: cameras come and go.
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
    .sort(dashboard.VariableSort.NaturalAsc);
  if (!several) return builder;
  builder
    .multi(true)
    .includeAll(true)
    .current({ selected: true, text: ['All'], value: ['$__all'] });
  return all === undefined ? builder : builder.allValue(all);
}

/** What the relay says that happened. */
export function relayEvents(streams: string): dashboard.AnnotationQueryBuilder {
  return new dashboard.AnnotationQueryBuilder()
    .name('Events')
    .datasource(relaySource)
    .enable(true)
    .iconColor('blue')
    .target(relayTarget({ queryType: 'events', streams }));
}

/** Alerts of Prometheus, from their begin to their end. */
export function alertAnnotations(matchers: string): dashboard.AnnotationQueryBuilder {
  const expr = `ALERTS{alertstate="firing",alertname!="SightlineWatchdog"${matchers === '' ? '' : `,${matchers}`}}`;
  return new dashboard.AnnotationQueryBuilder()
    .name('Alerts')
    .datasource(prometheusSource)
    .enable(true)
    .iconColor('red')
    .expr(expr)
    .step('10s')
    .titleFormat('{{alertname}}')
    .textFormat('{{severity}} {{stream}}');
}
