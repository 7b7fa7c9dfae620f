import { monitorEventLoopDelay } from 'node:perf_hooks';

import { catalogue } from '../catalogue.ts';
import { Histogram } from '../histogram.ts';
import type { Samples } from '../samples.ts';
import type { MetricSource } from '../source.ts';

type DelayMonitor = ReturnType<typeof monitorEventLoopDelay>;

const resolutionMs = 20;
const drainEveryMs = 1_000;

/**
 * The event loop of the thread that makes it. Node's own monitor samples how long a timer of 20 ms took; its histogram is emptied
 * once a second into one that only grows, so that any number of scrapers see the same.
 */
export class EventLoopMonitor implements MetricSource {
  readonly #labels: { readonly thread: string };
  readonly #monitor = monitorEventLoopDelay({ resolution: resolutionMs });
  readonly #delays = new Histogram(catalogue.sightline_event_loop_delay_seconds.buckets);
  readonly #timer: NodeJS.Timeout;
  #utilisation = performance.eventLoopUtilization();
  #lastRatio = 0;

  constructor(thread: string) {
    this.#labels = { thread };
    this.#monitor.enable();
    this.#timer = setInterval(() => this.#drain(), drainEveryMs);
    this.#timer.unref();
  }

  collect(out: Samples): void {
    this.#drain();
    out.set('sightline_event_loop_utilisation_ratio', this.#lastRatio, this.#labels);
    out.setHistogram('sightline_event_loop_delay_seconds', this.#delays, this.#labels);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#monitor.disable();
  }

  #drain(): void {
    drainInto(this.#delays, this.#monitor);
    const now = performance.eventLoopUtilization();
    const { idle, active, utilization } = performance.eventLoopUtilization(now, this.#utilisation);
    // Two scrapes at once: the second would see nothing but the first.
    if (idle + active < drainEveryMs / 2) return;
    this.#lastRatio = utilization;
    this.#utilisation = now;
  }
}

/** Moves what the monitor recorded (nanoseconds between two timers) over; the sum is exact, the buckets nearly so. */
function drainInto(delays: Histogram, monitor: DelayMonitor): void {
  const { count, mean } = monitor;
  if (count === 0) return;
  let below = 0;
  for (const [bucket, bound] of delays.bounds.entries()) {
    const upTo = countUpTo(monitor, count, bound * 1e9 + resolutionMs * 1e6);
    delays.add(bucket, upTo - below, 0);
    below = upTo;
  }
  const meanSeconds = Math.max(0, mean / 1e9 - resolutionMs / 1000);
  delays.add(delays.bounds.length, count - below, meanSeconds * count);
  monitor.reset();
}

/** How many recorded values are at most `limit`, by bisection over the percentiles. */
function countUpTo(monitor: DelayMonitor, count: number, limit: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (monitor.percentile(Math.max(1e-3, (100 * middle) / count)) <= limit) low = middle;
    else high = middle - 1;
  }
  return low;
}
