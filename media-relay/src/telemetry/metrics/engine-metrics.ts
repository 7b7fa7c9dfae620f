import type { HistogramState, MetricSource, Samples } from '@sightline/exporter';
import { admissionReasons, catalogue, joinOutcomes, keptDownReasons } from '@sightline/exporter';

import type { HostSnapshot, ThreadSnapshot } from '../../engine/messages.ts';
import { Growing } from './growing.ts';
import type { Row } from './stream-table.ts';
import { rowsByValue } from './stream-table.ts';

const maxThreads = 64;
const threadLabels = Array.from({ length: maxThreads }, (_, index) => {
  const thread = `media-${index}`;
  return {
    thread,
    gauge: { thread },
    user: { thread, mode: 'user' },
    system: { thread, mode: 'system' },
  } as const;
});

const gauges: readonly Row<HostSnapshot>[] = [
  { name: 'sightline_viewer_sessions', labels: {}, read: (engine) => engine.sessions },
  {
    name: 'sightline_viewer_sessions_connecting',
    labels: {},
    read: (engine) => engine.connectingSessions,
  },
  {
    name: 'sightline_egress_expected_bytes_per_second',
    labels: {},
    read: (engine) => engine.expectedBitrateBps / 8,
  },
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

const counters: readonly Row<HostSnapshot>[] = [
  { name: 'sightline_egress_send_calls_total', labels: {}, read: (engine) => engine.sendCallsTotal },
  { name: 'sightline_egress_send_errors_total', labels: {}, read: (engine) => engine.sendErrorsTotal },
  ...rowsByValue<HostSnapshot>(
    'sightline_viewer_joins_total',
    'outcome',
    joinOutcomes,
    (engine) => engine.joinsTotal,
  ),
  ...rowsByValue<HostSnapshot>(
    'sightline_admission_rejections_total',
    'reason',
    admissionReasons,
    (engine) => engine.overCapacityTotal,
  ),
  ...rowsByValue<HostSnapshot>(
    'sightline_admission_main_stream_rejections_total',
    'reason',
    keptDownReasons,
    (engine) => engine.keptDownTotal,
  ),
];

/** The media engine as a whole. `tick` is due once a second. */
export class EngineMetrics implements MetricSource {
  readonly #read: () => HostSnapshot | undefined;
  readonly #totals = new Growing(counters.length);
  readonly #loopDelays: LoopDelays[] = [];
  #atMs: number | undefined;
  #restarts = 0;

  constructor(snapshot: () => HostSnapshot | undefined) {
    this.#read = snapshot;
  }

  /** A media thread died. */
  died(): void {
    this.#restarts++;
  }

  tick(): HostSnapshot | undefined {
    const snapshot = this.#read();
    if (snapshot === undefined) this.#totals.restart();
    else if (snapshot.atMs !== this.#atMs) {
      counters.forEach(({ read }, at) => this.#totals.update(at, read(snapshot) ?? 0));
      for (const thread of snapshot.threads.slice(0, maxThreads))
        (this.#loopDelays[thread.index] ??= new LoopDelays()).update(thread);
    }
    this.#atMs = snapshot?.atMs;
    return snapshot;
  }

  collect(out: Samples): void {
    const snapshot = this.tick();
    if (snapshot !== undefined) {
      for (const { name, labels, read } of gauges) out.put(name, labels, read(snapshot));
      for (const facts of snapshot.threads.slice(0, maxThreads)) tellThread(out, facts);
    }
    this.#loopDelays.forEach((delays, index) => {
      const labels = threadLabels[index];
      if (labels !== undefined) out.setHistogram('sightline_event_loop_delay_seconds', delays, labels.gauge);
    });
    counters.forEach(({ name, labels }, at) => out.put(name, labels, this.#totals.totals[at]));
    out.set('sightline_media_engine_restarts_total', this.#restarts);
  }
}

/** A thread's own CPU time begins anew with it, as a process's does. */
function tellThread(out: Samples, facts: ThreadSnapshot): void {
  const labels = threadLabels[facts.index];
  if (labels === undefined) return;
  out.set('sightline_media_thread_running', facts.isRunning ? 1 : 0, labels.gauge);
  out.set('sightline_media_thread_restarts_total', facts.restartsTotal, labels.gauge);
  out.set('sightline_media_thread_streams', facts.streams, labels.gauge);
  out.set('sightline_media_thread_sessions', facts.sessions, labels.gauge);
  out.set('sightline_event_loop_utilisation_ratio', facts.eventLoopUtilisation, labels.gauge);
  out.set('sightline_media_thread_cpu_seconds_total', facts.cpuUserSeconds, labels.user);
  out.set('sightline_media_thread_cpu_seconds_total', facts.cpuSystemSeconds, labels.system);
  out.set('sightline_media_arena_bytes', facts.arenaBytes, labels.gauge);
  out.set('sightline_media_arena_blocks', facts.arenaBlocks, labels.gauge);
}

/** How late one media thread's event loop came; goes on when the thread is followed by another. */
class LoopDelays implements HistogramState {
  readonly bounds = catalogue.sightline_event_loop_delay_seconds.buckets;
  /** The buckets, and the sum. */
  readonly #totals = new Growing(this.bounds.length + 2);
  readonly counts = this.#totals.totals.subarray(0, this.bounds.length + 1);
  #restarts = 0;

  get sum(): number {
    return this.#totals.totals[this.counts.length] ?? 0;
  }

  update({ eventLoopDelay: { counts, sumSeconds }, restartsTotal }: ThreadSnapshot): void {
    if (restartsTotal !== this.#restarts) this.#totals.restart();
    this.#restarts = restartsTotal;
    for (let bucket = 0; bucket < this.counts.length; bucket++)
      this.#totals.update(bucket, counts[bucket] ?? 0);
    this.#totals.update(this.counts.length, sumSeconds);
  }
}
