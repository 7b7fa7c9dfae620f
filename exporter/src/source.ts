import type { CollectorName } from './known-labels.ts';
import type { Samples } from './samples.ts';

/** Whatever has figures to tell, asked at every collection. Must not block for more than a fraction of a millisecond. */
export interface MetricSource {
  collect(out: Samples): void | Promise<void>;
}

/** A source that can be switched off by its name, and whose duration and success are metrics. */
export interface Collector extends MetricSource {
  readonly name: CollectorName;
  close?(): void;
}
