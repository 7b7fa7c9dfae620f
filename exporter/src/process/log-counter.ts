import { logLevels } from '../known-labels.ts';
import type { Samples } from '../samples.ts';
import type { MetricSource } from '../source.ts';

type LogLevel = (typeof logLevels)[number];

const labels = logLevels.map((level) => ({ level }));

/** Counts what a logger writes. */
export class LogCounter implements MetricSource {
  readonly #counts = new Map<string, number>();

  count(level: LogLevel): void {
    this.#counts.set(level, (this.#counts.get(level) ?? 0) + 1);
  }

  collect(out: Samples): void {
    for (const label of labels)
      out.set('sightline_log_messages_total', this.#counts.get(label.level) ?? 0, label);
  }
}
