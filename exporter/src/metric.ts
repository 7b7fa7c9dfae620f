/** What describes a metric: see catalogue.ts for those that exist. */

/** `'open'`: any text, bounded by what makes it (the configuration, the hardware); a list: these values and no other. */
export type LabelValues = readonly string[] | 'open';

export type Unit =
  | 'bytes'
  | 'celsius'
  | 'cores'
  | 'count'
  | 'hertz'
  | 'info'
  | 'pixels'
  | 'ratio'
  | 'seconds'
  | 'state'
  | 'timestamp';

type Labels = Readonly<Record<string, LabelValues>>;
type NoLabels = Readonly<Record<string, never>>;

export interface MetricSpec {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly unit: Unit;
  /** One sentence for people; becomes HELP and docs/METRICS.md. */
  readonly help: string;
  readonly labels: Labels;
  /** Upper bounds of a histogram's buckets, ascending, without infinity. */
  readonly buckets?: readonly number[];
}

interface Plain<T extends MetricSpec['type'], L> {
  readonly type: T;
  readonly unit: Unit;
  readonly help: string;
  readonly labels: L;
}

interface Bucketed<L> extends Plain<'histogram', L> {
  readonly buckets: readonly number[];
}

export function counter(unit: Unit, help: string): Plain<'counter', NoLabels>;
export function counter<const L extends Labels>(unit: Unit, help: string, labels: L): Plain<'counter', L>;
export function counter(unit: Unit, help: string, labels: Labels = {}): MetricSpec {
  return { type: 'counter', unit, help, labels };
}

export function gauge(unit: Unit, help: string): Plain<'gauge', NoLabels>;
export function gauge<const L extends Labels>(unit: Unit, help: string, labels: L): Plain<'gauge', L>;
export function gauge(unit: Unit, help: string, labels: Labels = {}): MetricSpec {
  return { type: 'gauge', unit, help, labels };
}

type Bounds = readonly number[];
export function histogram(unit: Unit, help: string, buckets: Bounds): Bucketed<NoLabels>;
export function histogram<const L extends Labels>(
  unit: Unit,
  help: string,
  buckets: Bounds,
  labels: L,
): Bucketed<L>;
export function histogram(unit: Unit, help: string, buckets: Bounds, labels: Labels = {}): MetricSpec {
  return { type: 'histogram', unit, help, labels, buckets };
}
