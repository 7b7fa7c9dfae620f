import { setTimeout as delay } from 'node:timers/promises';

/** Asks `check` every 50 ms until it gives a value; what it throws counts as "not yet" and ends in the error. */
export async function until<T>(
  what: string,
  timeoutMs: number,
  check: () => Promise<T | undefined>,
): Promise<T> {
  const deadlineMs = performance.now() + timeoutMs;
  let last = 'nothing yet';
  for (;;) {
    try {
      const value = await check();
      if (value !== undefined) return value;
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
    if (performance.now() > deadlineMs) throw new Error(`${what}: not within ${timeoutMs} ms (${last})`);
    await delay(50);
  }
}
