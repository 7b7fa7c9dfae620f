/** A dashboard without Grafana: real packages, built plugins, `window.harness` for tests and `npm run panel`. */
import { harnessSettings } from './boot-data.ts';
import {
  applyFieldOverrides,
  createTheme,
  EventBusSrv,
  DashboardCursorSync,
  DataHoverClearEvent,
  DataHoverEvent,
  dateTime,
  LoadingState,
  ThemeContext,
  toDataFrame,
} from '@grafana/data';
import type {
  AnnotationEventUIModel,
  AppPlugin,
  DataFrame,
  DataFrameDTO,
  DataQuery,
  DataQueryRequest,
  DataQueryResponse,
  DataSourceApi,
  DataSourceInstanceSettings,
  DataSourcePlugin,
  FieldConfigSource,
  PanelData,
  PanelPlugin,
  ScopedVars,
  TimeRange,
} from '@grafana/data';
import { setBackendSrv, setDataSourceSrv, setTemplateSrv } from '@grafana/runtime';
import type { BackendSrv, DataSourceSrv, TemplateSrv } from '@grafana/runtime';
import { GlobalStyles, PanelChrome, PanelContextProvider } from '@grafana/ui';
import { useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import type { ComponentType } from 'react';
import { createRoot } from 'react-dom/client';
import { from, isObservable, lastValueFrom } from 'rxjs';
import { HarnessBackendSrv } from './backend-srv.ts';
import { startExtensions } from './extensions.tsx';
import { loadPlugin } from './load-plugin.ts';
import { fillRegistries } from './registries.ts';

export interface PanelSpec {
  readonly id: number;
  readonly title: string;
  readonly width: number;
  readonly height: number;
  readonly left?: number;
  readonly top?: number;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly fieldConfig?: FieldConfigSource;
  readonly queries?: readonly DataQuery[];
  /** Results of other queries, such as Prometheus'. */
  readonly frames?: readonly DataFrameDTO[];
  /** Without a relay query: that of the frames' data source. */
  readonly withoutRelay?: boolean;
  /** The queries name this data source, which the page does not know. */
  readonly missingSource?: string;
}

const timeRange: TimeRange = {
  from: dateTime().subtract(1, 'hour'),
  to: dateTime(),
  raw: { from: 'now-1h', to: 'now' },
};

const backend = new HarnessBackendSrv();
const events = new EventBusSrv();
const relayRef = { uid: harnessSettings.relayUid, type: 'sightline-relay-datasource' };
const prometheusRef = { uid: 'prometheus-one', type: 'prometheus', name: 'Prometheus' };
const variables: Record<string, string> = {};

let specs: readonly PanelSpec[] = [];
let theme = createTheme({ colors: { mode: harnessSettings.theme } });
const listeners = new Set<() => void>();

function changed(): void {
  for (const listener of listeners) listener();
}

fillRegistries();
setBackendSrv(backend as unknown as BackendSrv);
setTemplateSrv({
  replace: (text?: string, scoped?: ScopedVars) => replace(text ?? '', scoped),
} as TemplateSrv);

const [appPlugin, sourcePlugin, panelPlugin] = await loadAll();
const source = new sourcePlugin.DataSourceClass(instanceSettings());
source.uid satisfies string;
Object.assign(source, { components: sourcePlugin.components });
setDataSourceSrv({
  get: async (ref?: string | { uid?: string } | null) => {
    const uid = typeof ref === 'string' ? ref : ref?.uid;
    if (uid === undefined || uid === source.uid || uid === source.name) return source;
    throw new Error(notFound(uid));
  },
  getList: ({ type }: { type?: string } = {}) =>
    type === 'prometheus' ? [{ ...instanceSettings(), ...prometheusRef }] : [instanceSettings()],
  getInstanceSettings: () => instanceSettings(),
} as unknown as DataSourceSrv);

const extensions = startExtensions(appPlugin, panelPlugin, events);

async function loadAll(): Promise<[AppPlugin, DataSourcePlugin<DataSourceApi>, PanelPlugin]> {
  const app = await loadPlugin<AppPlugin>('sightline-app');
  const first = await loadPlugin<DataSourcePlugin<DataSourceApi>>('sightline-relay-datasource');
  return [app, first, await loadPlugin<PanelPlugin>('sightline-camera-panel')];
}

function notFound(uid: string): string {
  return `Datasource ${uid} was not found`;
}

function instanceSettings(): DataSourceInstanceSettings {
  return {
    id: 1,
    ...relayRef,
    name: harnessSettings.relayName,
    // Without the sub-path, as Grafana has it.
    url: `/api/datasources/proxy/uid/${harnessSettings.relayUid}`,
    access: 'proxy',
    readOnly: false,
    jsonData: {},
    meta: { id: relayRef.type, name: 'Sightline relay' },
  } as unknown as DataSourceInstanceSettings;
}

/** `$name`, `${name}` and `${__data.fields.name}`. */
function replace(text: string, scoped: ScopedVars = {}): string {
  return text.replaceAll(
    /\$\{([\w.]+)(?::\w+)?\}|\$(\w+)/g,
    (whole, braced: string | undefined, plain: string) => {
      const name = braced ?? plain;
      const context = scoped['__dataContext']?.value as { frame: DataFrame; rowIndex: number } | undefined;
      if (name.startsWith('__data.fields.')) {
        const field = context?.frame.fields.find((each) => each.name === name.slice('__data.fields.'.length));
        return String(field?.values[context?.rowIndex ?? 0] ?? '');
      }
      return String(scoped[name]?.value ?? variables[name] ?? whole);
    },
  );
}

function Panel({ spec }: { readonly spec: PanelSpec }) {
  const response = useQueries(spec);
  const fieldConfig = spec.fieldConfig ?? { defaults: {}, overrides: [] };
  const data = useMemo((): PanelData => {
    const series = applyFieldOverrides({
      data: [...response.data, ...(spec.frames ?? []).map((frame) => toDataFrame(frame))] as DataFrame[],
      fieldConfig,
      fieldConfigRegistry: panelPlugin.fieldConfigRegistry,
      replaceVariables: replace,
      theme,
      timeZone: 'utc',
    });
    return {
      state: response.state ?? LoadingState.Done,
      series,
      timeRange,
      ...(response.errors === undefined ? {} : { errors: response.errors }),
      ...(spec.withoutRelay === true || spec.missingSource !== undefined
        ? {}
        : { request: { targets: [{ refId: 'A', datasource: relayRef }] } as DataQueryRequest }),
    };
  }, [response, spec, fieldConfig]);
  const eventBus = useMemo(() => events.newScopedBus(`panel-${spec.id}`), [spec.id]);
  const context = useMemo(
    () => ({
      eventBus,
      eventsScope: 'global',
      sync: () => DashboardCursorSync.Crosshair,
      canAddAnnotations: () => harnessSettings.role !== 'Viewer',
      onAnnotationCreate: (annotation: AnnotationEventUIModel) => saveAnnotation(spec.id, annotation),
    }),
    [eventBus, spec.id],
  );
  const Component = panelPlugin.panel;
  if (Component === null) return null;
  return (
    <PanelContextProvider value={context}>
      <section
        data-panel={spec.id}
        style={{
          position: 'absolute',
          left: spec.left ?? 0,
          top: spec.top ?? 0,
          width: spec.width,
          height: spec.height,
        }}
      >
        <PanelChrome
          title={spec.title}
          width={spec.width}
          height={spec.height}
          padding={panelPlugin.noPadding === true ? 'none' : 'md'}
          loadingState={data.state}
        >
          {(width, height) => (
            <Component
              id={spec.id}
              data={data}
              timeRange={timeRange}
              timeZone="utc"
              options={{ ...panelPlugin.defaults, ...spec.options }}
              transparent={false}
              width={width}
              height={height}
              fieldConfig={fieldConfig}
              renderCounter={0}
              title={spec.title}
              eventBus={eventBus}
              onOptionsChange={() => undefined}
              onFieldConfigChange={() => undefined}
              replaceVariables={replace}
              onChangeTimeRange={() => undefined}
            />
          )}
        </PanelChrome>
      </section>
    </PanelContextProvider>
  );
}

/** As the panel context of Grafana's dashboards does it. */
async function saveAnnotation(panelId: number, annotation: AnnotationEventUIModel): Promise<void> {
  const { from: time, to, tags, description } = annotation;
  const isRegion = time !== to;
  const data = {
    dashboardUID: 'dashboard-one',
    panelId,
    isRegion,
    time,
    timeEnd: isRegion ? to : 0,
    tags,
    text: description,
  };
  await lastValueFrom(backend.fetch({ method: 'POST', url: '/api/annotations', data: JSON.stringify(data) }));
}

const waiting: DataQueryResponse = { data: [], state: LoadingState.Loading };
const nothing: DataQueryResponse = { data: [], state: LoadingState.Done };

function useQueries({ queries, missingSource }: PanelSpec): DataQueryResponse {
  const key = JSON.stringify(queries ?? []);
  const [response, setResponse] = useState<DataQueryResponse>(waiting);
  useEffect(() => {
    if (missingSource !== undefined) {
      const errors = [{ message: notFound(missingSource) }];
      return setResponse({ data: [], state: LoadingState.Error, errors });
    }
    const targets = JSON.parse(key) as DataQuery[];
    if (targets.length === 0) return setResponse(nothing);
    const answer = source.query({
      requestId: 'harness',
      targets: targets.map((target) => ({ ...target, datasource: relayRef })),
      range: timeRange,
      scopedVars: {},
      interval: '1s',
      intervalMs: 1000,
      timezone: 'utc',
      app: 'dashboard',
      startTime: Date.now(),
    });
    const subscription = (isObservable(answer) ? answer : from(answer)).subscribe(setResponse);
    return () => subscription.unsubscribe();
  }, [key, missingSource]);
  return response;
}

let shownComponent: { readonly id: string; readonly props: object } | undefined;

/** A component that the app exposes, in a page of another app. */
function ExposedComponent({ id, props }: { readonly id: string; readonly props: object }) {
  const Component = extensions.component(id);
  return (
    <div data-exposed={id} style={{ width: 480, height: 300 }}>
      {Component !== undefined && <Component {...props} />}
    </div>
  );
}

export type EditorName = 'app' | 'config' | 'query';

let editor: EditorName | undefined;

/** Ids of Grafana's own pages about a plugin: an app's page of such an id is never shown. */
const pagesOfGrafana = new Set([
  'changelog',
  'config',
  'dashboards',
  'datasource-connections',
  'iam',
  'overview',
  'right-panel',
  'screenshots',
  'usage',
  'version-history',
]);

const edited: unknown[] = [];

/** One of the pages and editors that Grafana shows around panels; `harness.edited` collects what it would save. */
function Editor({ name }: { readonly name: EditorName }) {
  const [query, setQuery] = useState<DataQuery>({ refId: 'A' });
  const [options, setOptions] = useState<unknown>({
    ...instanceSettings(),
    url: 'http://relay:8640',
    secureJsonFields: { token: false },
    secureJsonData: {},
  });
  const App = appPlugin.configPages?.find(({ id }) => !pagesOfGrafana.has(id))?.body as
    ComponentType<{ plugin: unknown }> | undefined;
  const Config = sourcePlugin.components.ConfigEditor as ComponentType<object> | undefined;
  const Query = sourcePlugin.components.QueryEditor as ComponentType<object> | undefined;
  const save =
    <T,>(set: (value: T) => void) =>
    (value: T) => {
      edited.push(value);
      set(value);
    };
  switch (name) {
    case 'app':
      return App === undefined ? null : <App plugin={{ meta: { info: { version: '1.2.3' } } }} />;
    case 'config':
      return Config === undefined ? null : <Config {...{ options, onOptionsChange: save(setOptions) }} />;
    case 'query':
      return Query === undefined ? null : (
        <Query {...{ query, datasource: source, onChange: save(setQuery), onRunQuery: () => undefined }} />
      );
  }
}

function Dashboard() {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => specs,
  );
  const currentTheme = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => theme,
  );
  const bottom = Math.max(0, ...shown.map((spec) => (spec.top ?? 0) + spec.height));
  return (
    <ThemeContext.Provider value={currentTheme}>
      <GlobalStyles />
      <main
        style={{ position: 'relative', height: bottom, background: currentTheme.colors.background.canvas }}
      >
        {editor !== undefined && <Editor key={editor} name={editor} />}
        {shownComponent !== undefined && <ExposedComponent {...shownComponent} />}
        {shown.map((spec) => (
          <Panel key={spec.id} spec={spec} />
        ))}
      </main>
    </ThemeContext.Provider>
  );
}

const published: unknown[] = [];
const otherPanel = events.newScopedBus('other-panel');
events.getStream(DataHoverEvent).subscribe((event) => {
  if (event.origin !== otherPanel) published.push(event.payload.point?.['time']);
  if (published.length > 100) published.shift();
});

const harness = {
  /** The moments that panels pointed at. */
  published,
  /** Another panel points at this moment, or at none any more. */
  hover(time: number | undefined): void {
    otherPanel.publish(
      time === undefined ? new DataHoverClearEvent() : new DataHoverEvent({ point: { time } }),
    );
  },
  panelPlugin,
  source,
  backend,
  events,
  variables,
  show(next: readonly PanelSpec[]): void {
    specs = next;
    changed();
  },
  extensions,
  /** Below everything else; none without an id. */
  showComponent(id: string | undefined, props: object = {}): void {
    shownComponent = id === undefined ? undefined : { id, props };
    specs = [];
    changed();
  },
  edited,
  showEditor(name: EditorName | undefined): void {
    editor = name;
    specs = [];
    changed();
  },
  setTheme(mode: 'light' | 'dark'): void {
    theme = createTheme({ colors: { mode } });
    changed();
  },
};
Object.assign(window, { harness });

/** `npm run panel`: one wall as large as the window, with every stream of the relay. */
function showDemo(): void {
  const { innerWidth: width, innerHeight: height } = window;
  const options: unknown = JSON.parse(new URLSearchParams(location.search).get('options') ?? '{}');
  harness.show([
    {
      id: 1,
      title: 'Cameras',
      left: 8,
      top: 8,
      width: width - 16,
      height: height - 16,
      queries: [{ refId: 'A', queryType: 'streams' }],
      options: options as Record<string, unknown>,
    },
  ]);
}
if (new URLSearchParams(location.search).get('demo') === '1') {
  showDemo();
  addEventListener('resize', showDemo);
}

const root = document.getElementById('root');
if (root !== null) createRoot(root).render(<Dashboard />);
document.documentElement.dataset['ready'] = 'true';
