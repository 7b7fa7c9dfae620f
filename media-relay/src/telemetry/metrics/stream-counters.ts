import type { AnyLabels, Samples } from '@sightline/exporter';

import { Growing } from './growing.ts';
import type { Row } from './stream-table.ts';

/** A table's counters for one stream: they outlive whoever counts, and their label objects live as long as they do. */
export class StreamCounters<T> {
  readonly #rows: readonly Row<T>[];
  readonly #labels: readonly AnyLabels[];
  readonly #totals: Growing;

  constructor(stream: string, rows: readonly Row<T>[]) {
    this.#rows = rows;
    this.#labels = rows.map(({ labels }) => ({ stream, ...labels }));
    this.#totals = new Growing(rows.length);
  }

  /** Undefined: whoever counts is gone, and will begin at 0. */
  update(facts: T | undefined): void {
    if (facts === undefined) this.#totals.restart();
    else this.#rows.forEach(({ read }, at) => this.#totals.update(at, read(facts) ?? 0));
  }

  collect(out: Samples): void {
    this.#rows.forEach(({ name }, at) => out.put(name, this.#labels[at] ?? {}, this.#totals.totals[at]));
  }
}
