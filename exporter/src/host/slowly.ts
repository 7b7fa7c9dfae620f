import { Samples } from '../samples.ts';
import type { Collector } from '../source.ts';

export interface SlowlyOptions {
  readonly everyMs: number;
  /** How long a collection waits for a fresh reading when the last one is older than two of these; then it gets that one. */
  readonly waitMs: number;
}

/** No reading takes so long and still comes back. */
const hungMs = 60_000;

/**
 * For what asks hardware: read anew at most every so often, by one reader at a time, and told again in between and while the next
 * reading is under way: who asks every second never waits. A reading that hangs holds up nobody, and is not followed by another;
 * after a minute of it the last one is told no more, for nobody could see how old it is.
 */
export function slowly(collector: Collector, { everyMs, waitMs }: SlowlyOptions): Collector {
  let last: Samples | undefined;
  let failure: unknown;
  let startedAtMs = -Infinity;
  let lastAtMs = -Infinity;
  let reading: Promise<void> | undefined;

  async function read(): Promise<void> {
    const fresh = new Samples();
    let error: unknown;
    try {
      await collector.collect(fresh);
    } catch (thrown) {
      error = thrown;
    }
    last = fresh;
    lastAtMs = startedAtMs;
    failure = error;
  }

  return {
    ...collector,
    async collect(out) {
      const nowMs = performance.now();
      if (reading === undefined && nowMs - startedAtMs >= everyMs) {
        startedAtMs = nowMs;
        reading = read().finally(() => {
          reading = undefined;
        });
      }
      // Before any wait: each one is kept by the reading that it waits for.
      if (reading !== undefined && nowMs - startedAtMs > hungMs)
        throw new Error(`it has been reading for more than ${hungMs / 1000} s`);
      if (reading !== undefined && nowMs - lastAtMs > 2 * everyMs)
        await Promise.race([reading, delay(waitMs)]);
      if (last !== undefined) out.append(last);
      if (failure !== undefined) throw failure;
    },
  };
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
