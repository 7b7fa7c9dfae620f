import type { Samples } from '../samples.ts';
import type { MetricSource } from '../source.ts';
import { LoopDelay } from './loop-delay.ts';

/** Ten wake-ups a second: what is seen and what can be missed is told by LoopDelay. */
const tickMs = 100;
/** Two scrapes at once: the second would see nothing but the first. */
const shortestMs = 500;

/** The event loop of the thread that makes it. */
export class EventLoopMonitor implements MetricSource {
  readonly #labels: { readonly thread: string };
  readonly #delay = new LoopDelay(tickMs);
  readonly #timer: NodeJS.Timeout;
  #utilisation = performance.eventLoopUtilization();
  #lastRatio = 0;

  constructor(thread: string) {
    this.#labels = { thread };
    this.#timer = setInterval(() => this.#delay.tick(), tickMs);
    this.#timer.unref();
  }

  collect(out: Samples): void {
    this.#judge();
    out.set('sightline_event_loop_utilisation_ratio', this.#lastRatio, this.#labels);
    out.setHistogram('sightline_event_loop_delay_seconds', this.#delay.delays, this.#labels);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #judge(): void {
    const now = performance.eventLoopUtilization();
    const { idle, active, utilization } = performance.eventLoopUtilization(now, this.#utilisation);
    if (idle + active < shortestMs) return;
    this.#lastRatio = utilization;
    this.#utilisation = now;
  }
}
