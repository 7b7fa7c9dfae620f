/** Which kept picture stands for a moment. Pure. */

const LEAST_REACH_MS = 60_000;
/** As far as the list that is asked for reaches beyond its hour: kept-moments of past-picture.ts. */
export const MOST_REACH_MS = 15 * 60_000;

/** How far from a moment a picture may be and still stand for it: two of the relay's rounds, within 1 and 15 minutes. */
export function reachMs(everySeconds: number): number {
  return Math.min(MOST_REACH_MS, Math.max(LEAST_REACH_MS, everySeconds * 2000));
}

/**
 * The nearest of `timesMs` (ascending) within `reach`. Undefined where there is none, and where the live picture of `nowMs` is nearer:
 * pointing at the newest end of a graph is no look into the past.
 */
export function nearestMoment(
  timesMs: readonly number[],
  atMs: number,
  nowMs: number,
  reach: number,
): number | undefined {
  let best: number | undefined;
  for (const timeMs of timesMs) {
    if (best === undefined || Math.abs(timeMs - atMs) < Math.abs(best - atMs)) best = timeMs;
  }
  if (best === undefined || Math.abs(best - atMs) > reach) return undefined;
  return Math.abs(nowMs - atMs) <= Math.abs(best - atMs) ? undefined : best;
}
