import type { Catalogue, MetricName } from './catalogue.ts';
import type { HistogramState } from './histogram.ts';

type Spec<N extends MetricName> = Catalogue[N]['labels'];
type ValueOf<S> = S extends readonly (infer V)[] ? V : string;
export type LabelsOf<N extends MetricName> = { readonly [K in keyof Spec<N>]: ValueOf<Spec<N>[K]> };
/** No labels, no argument. */
type LabelArguments<N extends MetricName> = string extends keyof Spec<N> ? [] : [labels: LabelsOf<N>];

export type AnyLabels = Readonly<Record<string, string>>;

export interface Sample {
  readonly labels: AnyLabels;
  readonly value: number;
}

export interface HistogramSample {
  readonly labels: AnyLabels;
  readonly state: HistogramState;
}

const noLabels: AnyLabels = {};

/**
 * What one collection found. Names and labels are checked by the compiler against the catalogue. Label objects that live
 * on from one collection to the next make rendering cheaper: their text is remembered.
 */
export class Samples {
  readonly values = new Map<MetricName, Sample[]>();
  readonly histograms = new Map<MetricName, HistogramSample[]>();
  readonly #wanted: ReadonlySet<MetricName> | undefined;

  /** @param wanted the metrics to keep; all of them by default */
  constructor(wanted?: ReadonlySet<MetricName>) {
    this.#wanted = wanted;
  }

  /** Whether anybody wants one of these: what is costly to find out need not be found out for nothing. */
  wants(...names: readonly MetricName[]): boolean {
    const wanted = this.#wanted;
    return wanted === undefined || names.some((name) => wanted.has(name));
  }

  /** `undefined` and NaN mean that there is nothing to tell: no series. */
  set<N extends MetricName>(name: N, value: number | undefined, ...[labels]: LabelArguments<N>): void {
    this.put(name, (labels ?? noLabels) as AnyLabels, value);
  }

  /** For tables of names: the compiler does not check the labels, `mislabelled` (testing) does. */
  put(name: MetricName, labels: AnyLabels, value: number | undefined): void {
    if (value === undefined || Number.isNaN(value) || this.#wanted?.has(name) === false) return;
    const known = this.values.get(name);
    if (known === undefined) this.values.set(name, [{ labels, value }]);
    else known.push({ labels, value });
  }

  setHistogram<N extends MetricName>(name: N, state: HistogramState, ...[labels]: LabelArguments<N>): void {
    if (this.#wanted?.has(name) === false) return;
    const sample = { labels: (labels ?? noLabels) as AnyLabels, state };
    const known = this.histograms.get(name);
    if (known === undefined) this.histograms.set(name, [sample]);
    else known.push(sample);
  }

  /** Takes over everything of another collection. */
  append(other: Samples): void {
    for (const [name, samples] of other.values) {
      const known = this.values.get(name);
      if (known === undefined) this.values.set(name, [...samples]);
      else known.push(...samples);
    }
    for (const [name, samples] of other.histograms) {
      const known = this.histograms.get(name);
      if (known === undefined) this.histograms.set(name, [...samples]);
      else known.push(...samples);
    }
  }

  /** The value of the series without labels, or of the first one whose labels hold these. */
  find(name: MetricName, labels: AnyLabels = noLabels): number | undefined {
    const wanted = Object.entries(labels);
    return this.values
      .get(name)
      ?.find((sample) => wanted.every(([key, value]) => sample.labels[key] === value))?.value;
  }
}
