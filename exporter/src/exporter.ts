import type { MetricName } from './catalogue.ts';
import { expositionContentType, renderExposition } from './exposition.ts';
import type { CollectorName } from './known-labels.ts';
import { Samples } from './samples.ts';
import type { Collector, MetricSource } from './source.ts';
import { Utilisation } from './utilisation.ts';

export interface ExporterOptions {
  readonly collectors: readonly Collector[];
  readonly sources?: readonly MetricSource[];
  readonly version: string;
  /** Whether what is in use is always told of the host, and not of the own control group where that has limits. */
  readonly watchesHost?: boolean;
  /** Told once when a collector begins to fail, and again when it has recovered. */
  readonly onCollectorChange?: (name: CollectorName, error: Error | undefined) => void;
}

/** Half a millisecond of the event loop at a time. */
const yieldAfterMs = 0.5;

/** Collects on demand from everything that was given to it. Holds no registry, no timers and no state but rates. */
export class Exporter {
  readonly contentType = expositionContentType;
  readonly #options: ExporterOptions;
  readonly #utilisation: Utilisation;
  readonly #failing = new Set<CollectorName>();

  constructor(options: ExporterOptions) {
    this.#options = options;
    this.#utilisation = new Utilisation(options.watchesHost);
  }

  /**
   * @param wanted the metrics to keep; all of them by default. Must hold what `Utilisation` reads, or leave out what it tells.
   * @param from the collectors to ask for them; all of them by default
   */
  async collect(wanted?: ReadonlySet<MetricName>, from?: ReadonlySet<CollectorName>): Promise<Samples> {
    const { collectors, sources = [], version } = this.#options;
    const out = new Samples(wanted);
    out.set('sightline_build_info', 1, { version, node_version: process.version });
    // Side by side: one that waits for its deadline does not hold up the others. Between those that only compute, others have
    // their turn.
    const running: Promise<void>[] = [];
    let sinceMs = performance.now();
    for (const collector of collectors) {
      if (from?.has(collector.name) === false) continue;
      running.push(this.#run(collector, out));
      if (performance.now() - sinceMs < yieldAfterMs) continue;
      await new Promise((resolve) => setImmediate(resolve));
      sinceMs = performance.now();
    }
    await Promise.all(running);
    this.#utilisation.derive(out);
    for (const source of sources) await source.collect(out);
    return out;
  }

  /** The text of one scrape, in parts. */
  async *expose(): AsyncGenerator<string> {
    yield* renderExposition(await this.collect());
  }

  close(): void {
    for (const collector of this.#options.collectors) collector.close?.();
  }

  async #run(collector: Collector, out: Samples): Promise<void> {
    const { name } = collector;
    const startedMs = performance.now();
    let failure: Error | undefined;
    try {
      // What it found before it failed is true, and told.
      await collector.collect(out);
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
    }
    const seconds = (performance.now() - startedMs) / 1000;
    out.set('sightline_host_collector_duration_seconds', seconds, { collector: name });
    out.set('sightline_host_collector_success', failure === undefined ? 1 : 0, { collector: name });
    if ((failure !== undefined) === this.#failing.has(name)) return;
    if (failure === undefined) this.#failing.delete(name);
    else this.#failing.add(name);
    this.#options.onCollectorChange?.(name, failure);
  }
}
