/** What the monitoring page and `sightline top` know of a relay: its API, read with care. Pure but for `ask`. */
import type { StreamState } from '../../stream/states.ts';
import { field, isStreamState, number, text } from '../wall/stream-list.ts';

/** The JSON that a GET of this path, relative to the relay's root, answers. Rejects with a sentence for people. */
export type Ask = (path: string) => Promise<unknown>;

export interface StreamRow {
  readonly name: string;
  readonly title: string;
  readonly site: string | undefined;
  readonly state: StreamState;
  /** Relay clock, Unix ms. */
  readonly stateSinceMs: number | undefined;
  /** Why it is away, or else what is worth knowing. */
  readonly note: string | undefined;
  readonly viewers: number;
  readonly framesPerSecond: number;
  readonly bitrateBps: number;
  readonly width: number | undefined;
  readonly height: number | undefined;
  readonly codec: string | undefined;
}

export interface Figure {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}
/** By name of the metric. */
export type Figures = ReadonlyMap<string, readonly Figure[]>;

export const alertLevels = ['critical', 'warning', 'info'] as const;
export type AlertLevel = (typeof alertLevels)[number];

export interface AlertRow {
  readonly level: AlertLevel;
  readonly message: string;
  /** What it is about, when it is not the host: a stream, a volume, a thread. */
  readonly about: string | undefined;
  readonly sinceMs: number | undefined;
}

export interface Overview {
  /** Relay clock, Unix ms. */
  readonly nowMs: number;
  /** Those in trouble first, otherwise in the relay's order. */
  readonly streams: readonly StreamRow[];
  readonly figures: Figures;
  readonly alerts: readonly AlertRow[];
}

/** Denominators that hardly change and that the history does not keep. */
const limitNames = [
  'sightline_host_cpus',
  'sightline_host_memory_total_bytes',
  'sightline_cgroup_memory_limit_bytes',
  'sightline_cgroup_cpu_limit_cores',
  'sightline_heap_limit_bytes',
  'process_max_fds',
] as const;

export async function askOverview(ask: Ask): Promise<Overview> {
  const [streams, current, alerts] = await Promise.all([
    ask('api/v1/streams'),
    // Without the figures of each stream: a thousand of them would be megabytes.
    ask('api/monitoring/system'),
    ask('api/v1/alerts'),
  ]);
  const rows = entries(streams, 'streams').flatMap(streamFrom).toSorted(byTrouble);
  const titles = new Map(rows.map(({ name, title }) => [name, title]));
  return {
    nowMs: number(streams, 'nowMs') ?? 0,
    streams: rows,
    figures: figuresFrom(current),
    alerts: entries(alerts, 'alerts').map((entry) => alertFrom(entry, titles)),
  };
}

export async function askLimits(ask: Ask): Promise<Figures> {
  const answers = await Promise.all(limitNames.map((name) => ask(`api/v1/metrics/current?metric=${name}`)));
  return new Map(answers.flatMap((answer) => [...figuresFrom(answer)]));
}

export interface Course {
  /** Unix seconds, one for each step. */
  readonly seconds: readonly number[];
  readonly series: readonly {
    readonly labels: Readonly<Record<string, string>>;
    readonly values: readonly (number | null)[];
  }[];
}

/** The last hour of one metric. */
export async function askCourse(
  ask: Ask,
  metric: string,
  stepSeconds: number,
  stream?: string,
): Promise<Course> {
  const only = stream === undefined ? '' : `&stream=${encodeURIComponent(stream)}`;
  const answer = await ask(`api/v1/metrics/history?metric=${metric}&step=${stepSeconds}${only}`);
  const startMs = number(answer, 'startMs') ?? 0;
  const stepMs = number(answer, 'stepMs') ?? 1000 * stepSeconds;
  const series = entries(answer, 'series').map((one) => ({
    labels: labelsFrom(field(one, 'labels')),
    values: entries(one, 'values').map((value) => (typeof value === 'number' ? value : null)),
  }));
  const length = series[0]?.values.length ?? 0;
  return { seconds: Array.from({ length }, (_, step) => (startMs + step * stepMs) / 1000), series };
}

const troubleFirst: readonly StreamState[] = ['offline', 'refused', 'stalled', 'connecting', 'live', 'idle'];

function byTrouble(a: StreamRow, b: StreamRow): number {
  const rank = ({ state }: StreamRow): number => Math.min(troubleFirst.indexOf(state), 4);
  return rank(a) - rank(b);
}

function streamFrom(entry: unknown): StreamRow[] {
  const name = text(entry, 'name');
  if (name === undefined) return [];
  const state = text(entry, 'state');
  const warnings = entries(entry, 'warnings').flatMap((warning) => text(warning, 'message') ?? []);
  return [
    {
      name,
      title: text(entry, 'title') ?? name,
      site: text(entry, 'site'),
      state: isStreamState(state) ? state : 'connecting',
      stateSinceMs: number(entry, 'stateSinceMs'),
      note: text(entry, 'reason') ?? warnings[0],
      viewers: number(entry, 'viewers') ?? 0,
      framesPerSecond: number(entry, 'framesPerSecond') ?? 0,
      bitrateBps: number(entry, 'bitrateBps') ?? 0,
      width: number(entry, 'width'),
      height: number(entry, 'height'),
      codec: text(entry, 'videoCodec'),
    },
  ];
}

function figuresFrom(answer: unknown): Figures {
  return new Map(
    entries(answer, 'metrics').flatMap((metric) => {
      const name = text(metric, 'name');
      const figures = entries(metric, 'series').map((one) => ({
        labels: labelsFrom(field(one, 'labels')),
        value: number(one, 'value') ?? Number.NaN,
      }));
      return name === undefined ? [] : [[name, figures] as const];
    }),
  );
}

function alertFrom(entry: unknown, titles: ReadonlyMap<string, string>): AlertRow {
  const labels = labelsFrom(field(entry, 'labels'));
  const level = text(entry, 'level');
  return {
    level: alertLevels.find((known) => known === level) ?? 'info',
    message: text(entry, 'message') ?? text(entry, 'code') ?? '',
    about: titles.get(labels['stream'] ?? '') ?? Object.values(labels)[0],
    sinceMs: number(entry, 'sinceMs'),
  };
}

function entries(value: unknown, key: string): readonly unknown[] {
  const found = field(value, key);
  return Array.isArray(found) ? (found as readonly unknown[]) : [];
}

function labelsFrom(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  );
}
