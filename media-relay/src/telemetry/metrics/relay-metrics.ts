import type { Alert, AlertThresholds, CollectorChoice, LogCounter, Samples } from '@sightline/exporter';
import {
  AlertWatch,
  createCollectors,
  EventLoopMonitor,
  Exporter,
  History,
  sampledCollectors,
  sampledMetrics,
} from '@sightline/exporter';

import type { HostSnapshot } from '../../engine/messages.ts';
import type { HealthReport, LongRange, MetricsPort, StreamDirectory } from '../../http/deps.ts';
import type { Clock } from '../../media/clock.ts';
import { aheadMs, toUnixMs } from '../../media/clock.ts';
import type { Pictures } from '../../pictures/pictures.ts';
import type { Logger } from '../log.ts';
import { EngineMetrics } from './engine-metrics.ts';
import { HttpMetrics } from './http-metrics.ts';
import { PictureMetrics } from './picture-metrics.ts';
import { StreamBook } from './stream-book.ts';
import { ViewerQuality } from './viewer-quality.ts';

export interface RelayMetricsOptions {
  readonly streams: StreamDirectory;
  readonly engine: { snapshot(): HostSnapshot | undefined; readonly isRunning: boolean };
  readonly pictures: Pick<Pictures, 'health' | 'statistics'>;
  readonly health: () => HealthReport;
  readonly isStopping: () => boolean;
  readonly logs: LogCounter;
  readonly collectors: CollectorChoice;
  readonly alerts: AlertThresholds;
  readonly longRange: LongRange | undefined;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Logger;
}

const tickMs = 1_000;

/** The relay's exporter: host and process by the library, and beside them what the relay knows of itself. */
export class RelayMetrics implements MetricsPort {
  readonly http = new HttpMetrics();
  readonly quality: ViewerQuality;
  readonly history = new History();
  readonly longRange: LongRange | undefined;
  readonly #exporter: Exporter;
  readonly #loop = new EventLoopMonitor('main');
  readonly #engine: EngineMetrics;
  readonly #alerts: AlertWatch;
  readonly #timer: NodeJS.Timeout;
  readonly #clock: Clock;
  #collected: { readonly atMs: number; readonly samples: Promise<Samples> } | undefined;
  #lastReload: { readonly atMs: number; readonly isGood: boolean };

  constructor(options: RelayMetricsOptions) {
    const { streams, engine, pictures, health, isStopping, logs, collectors, version, clock, log } = options;
    this.longRange = options.longRange;
    this.#alerts = new AlertWatch(this.history.ring, options.alerts);
    this.#clock = clock;
    this.#lastReload = { atMs: clock(), isGood: true };
    this.quality = new ViewerQuality(streams, (name) => {
      if (streams.get(name)?.trustClock !== true) return undefined;
      const { captureDelaySeconds } = engine.snapshot()?.streams.find((stream) => stream.name === name) ?? {};
      // The relay's clock never steps; the camera's follows what the time servers say.
      return captureDelaySeconds === undefined ? undefined : captureDelaySeconds + aheadMs(clock) / 1000;
    });
    this.#engine = new EngineMetrics(() => engine.snapshot());
    const book = new StreamBook({
      streams,
      snapshot: () => engine.snapshot(),
      picture: (stream) => pictures.health(stream),
      clock,
    });
    this.#exporter = new Exporter({
      version,
      collectors: createCollectors(collectors),
      sources: [
        {
          collect: (out) => {
            if (!out.wants('sightline_ready')) return;
            out.set('sightline_ready', health().ready ? 1 : 0);
            out.set('sightline_draining', isStopping() ? 1 : 0);
            out.set('sightline_media_engine_running', engine.isRunning ? 1 : 0);
            out.set('sightline_config_last_reload_successful', this.#lastReload.isGood ? 1 : 0);
            const reloadMs = toUnixMs(this.#lastReload.atMs, clock);
            out.set('sightline_config_last_reload_timestamp_seconds', reloadMs / 1000);
          },
        },
        this.#loop,
        this.#engine,
        book,
        new PictureMetrics(() => pictures.statistics()),
        this.quality,
        this.history,
        this.http,
        logs,
      ],
      onCollectorChange(collector, error) {
        if (error === undefined) log.info({ collector }, 'collector works again');
        else log.warn({ collector, err: error }, 'collector fails');
      },
    });
    let isSampling = false;
    const sample = async (): Promise<void> => {
      // A collection that takes longer than a second is not followed by another.
      if (isSampling) return;
      isSampling = true;
      try {
        await this.#sample();
      } catch (error) {
        log.error({ err: error }, 'figures could not be sampled');
      }
      isSampling = false;
    };
    this.#timer = setInterval(() => void sample(), tickMs);
    this.#timer.unref();
  }

  get contentType(): string {
    return this.#exporter.contentType;
  }

  get alerts(): readonly Alert[] {
    return this.#alerts.alerts;
  }

  /** Not more often than once a second, however many ask. */
  collect(): Promise<Samples> {
    const nowMs = performance.now();
    if (this.#collected === undefined || nowMs - this.#collected.atMs > tickMs)
      this.#collected = { atMs: nowMs, samples: this.#exporter.collect() };
    return this.#collected.samples;
  }

  expose(): AsyncIterable<string> {
    return this.#exporter.expose();
  }

  /** The configuration was read, for better or worse. */
  reloaded(isGood: boolean): void {
    this.#lastReload = { atMs: isGood ? this.#clock() : this.#lastReload.atMs, isGood };
  }

  engineDied(): void {
    this.#engine.died();
  }

  /** Once a second: collecting lets streams and engine tick, too. */
  async #sample(): Promise<void> {
    const samples = await this.#exporter.collect(sampledMetrics, sampledCollectors);
    const nowMs = this.#clock();
    this.history.record(samples, nowMs);
    this.#alerts.evaluate(nowMs);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#loop.close();
    this.#exporter.close();
  }
}
