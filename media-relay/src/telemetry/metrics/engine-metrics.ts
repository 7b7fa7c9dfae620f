import type { AnyLabels, MetricName, MetricSource, Samples } from '@sightline/exporter';
import { joinOutcomes } from '@sightline/exporter';

import type { EngineSnapshot } from '../../engine/messages.ts';
import { Growing } from './growing.ts';
import type { Row } from './stream-table.ts';
import { rowsByValue } from './stream-table.ts';

const media0 = { thread: 'media-0' };

const gauges: readonly Row<EngineSnapshot>[] = [
  { name: 'sightline_viewer_sessions', labels: {}, read: (engine) => engine.sessions },
  {
    name: 'sightline_event_loop_utilisation_ratio',
    labels: media0,
    read: (engine) => engine.eventLoopUtilisation,
  },
  { name: 'sightline_media_arena_bytes', labels: media0, read: (engine) => engine.arenaBytes },
  { name: 'sightline_media_arena_blocks', labels: media0, read: (engine) => engine.arenaBlocks },
  {
    name: 'sightline_forward_delay_median_seconds',
    labels: {},
    read: (engine) => engine.firstPacketP50Ms / 1000,
  },
  {
    name: 'sightline_forward_delay_p99_seconds',
    labels: {},
    read: (engine) => engine.firstPacketP99Ms / 1000,
  },
  {
    name: 'sightline_forward_delay_max_seconds',
    labels: {},
    read: (engine) => engine.firstPacketMaxMs / 1000,
  },
];

const counters: readonly Row<EngineSnapshot>[] = [
  {
    name: 'sightline_media_thread_cpu_seconds_total',
    labels: { ...media0, mode: 'user' },
    read: (engine) => engine.cpuUserSeconds,
  },
  {
    name: 'sightline_media_thread_cpu_seconds_total',
    labels: { ...media0, mode: 'system' },
    read: (engine) => engine.cpuSystemSeconds,
  },
  { name: 'sightline_egress_send_calls_total', labels: {}, read: (engine) => engine.sendCallsTotal },
  { name: 'sightline_egress_send_errors_total', labels: {}, read: (engine) => engine.sendErrorsTotal },
  ...rowsByValue<EngineSnapshot>(
    'sightline_viewer_joins_total',
    'outcome',
    joinOutcomes,
    (engine) => engine.joinsTotal,
  ),
];

/** The media engine as a whole. `tick` is due once a second. */
export class EngineMetrics implements MetricSource {
  readonly #read: () => EngineSnapshot | undefined;
  readonly #totals = new Growing(counters.length);
  #atMs: number | undefined;
  #restarts = 0;

  constructor(snapshot: () => EngineSnapshot | undefined) {
    this.#read = snapshot;
  }

  /** A media thread died. */
  died(): void {
    this.#restarts++;
  }

  tick(): EngineSnapshot | undefined {
    const snapshot = this.#read();
    if (snapshot === undefined) this.#totals.restart();
    else if (snapshot.atMs !== this.#atMs)
      counters.forEach(({ read }, at) => this.#totals.update(at, read(snapshot) ?? 0));
    this.#atMs = snapshot?.atMs;
    return snapshot;
  }

  collect(out: Samples): void {
    const snapshot = this.tick();
    if (snapshot !== undefined)
      for (const { name, labels, read } of gauges) put(out, name, labels, read(snapshot));
    counters.forEach(({ name, labels }, at) => put(out, name, labels, this.#totals.totals[at]));
    out.set('sightline_media_engine_restarts_total', this.#restarts);
  }
}

function put(out: Samples, name: MetricName, labels: AnyLabels, value: number | undefined): void {
  out.put(name, labels, value);
}
