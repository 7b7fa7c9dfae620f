import { Histogram } from '../histogram.ts';

/** Seconds; a healthy loop stays in the first bucket. */
export const loopDelayBounds = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2] as const;

/**
 * How late the event loop of a thread gets to a timer that repeats: what anything waits that comes at a random moment. Node's own
 * monitor wakes the thread for every sample, which costs more than all the rest of an idle thread; this one rides on a timer that
 * runs anyhow.
 *
 * What is seen: a block that is longer than the interval always, its length less one interval at most. What can be missed: shorter
 * ones, which are seen in the share of cases that they are of the interval, and of several between two ticks all but the last. So
 * rates of long blocks are lower bounds, and quantiles are those of a sample of `1000 / everyMs` a second. A timer comes up to a
 * millisecond late by itself.
 */
export class LoopDelay {
  /** Only grows. */
  readonly delays = new Histogram(loopDelayBounds);
  readonly #everyMs: number;
  #lastMs: number | undefined;
  #maxMs = 0;

  /** @param everyMs interval of the timer that calls `tick` (Node counts it from the start of the last call) */
  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  /** Due first thing in the timer's callback. */
  tick(nowMs = performance.now()): void {
    if (this.#lastMs !== undefined) {
      const lateMs = Math.max(0, nowMs - this.#lastMs - this.#everyMs);
      this.delays.observe(lateMs / 1000);
      if (lateMs > this.#maxMs) this.#maxMs = lateMs;
    }
    this.#lastMs = nowMs;
  }

  /** The longest since this was asked last. */
  takeMaxMs(): number {
    const maxMs = this.#maxMs;
    this.#maxMs = 0;
    return maxMs;
  }
}
