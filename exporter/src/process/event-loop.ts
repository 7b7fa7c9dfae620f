import { monitorEventLoopDelay } from 'node:perf_hooks';

import { Histogram } from '../histogram.ts';
import type { Samples } from '../samples.ts';
import type { MetricSource } from '../source.ts';
import { loopDelayBounds } from './loop-delay.ts';

type DelayMonitor = ReturnType<typeof monitorEventLoopDelay>;

/** Ten wake-ups a second. What is seen and what can be missed is the same as with LoopDelay. */
const resolutionMs = 100;
/** Two scrapes at once: the second would see nothing but the first. */
const shortestMs = 500;

/**
 * The event loop of the thread that makes it, where no timer runs anyhow. Node's own monitor samples how long a timer took, without
 * JavaScript, which costs half of a timer with it; its histogram is emptied at every collection into one that only grows, so
 * that any number of scrapers see the same.
 */
export class EventLoopMonitor implements MetricSource {
  readonly #labels: { readonly thread: string };
  readonly #monitor = monitorEventLoopDelay({ resolution: resolutionMs });
  readonly #delays = new Histogram(loopDelayBounds);
  #utilisation = performance.eventLoopUtilization();
  #lastRatio = 0;

  constructor(thread: string) {
    this.#labels = { thread };
    this.#monitor.enable();
  }

  collect(out: Samples): void {
    this.#judge();
    out.set('sightline_event_loop_utilisation_ratio', this.#lastRatio, this.#labels);
    if (!out.wants('sightline_event_loop_delay_seconds')) return;
    drainInto(this.#delays, this.#monitor);
    out.setHistogram('sightline_event_loop_delay_seconds', this.#delays, this.#labels);
  }

  close(): void {
    this.#monitor.disable();
  }

  #judge(): void {
    const now = performance.eventLoopUtilization();
    const { idle, active, utilization } = performance.eventLoopUtilization(now, this.#utilisation);
    if (idle + active < shortestMs) return;
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
