const FIRST_MS = 500;
const LONGEST_MS = 30_000;

/**
 * How long to wait before the next attempt after `failures` failed ones (1 or more): doubles from 0.5 s to 30 s, of
 * which the upper half is random, so that a wall of tiles does not come back to a restarted relay in one moment.
 * `atLeastMs` is the server's Retry-After; up to a fifth more is added, for the same reason.
 */
export function retryDelayMs(failures: number, random: () => number, atLeastMs = 0): number {
  const ceilingMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 10));
  const jitteredMs = Math.max(FIRST_MS, ceilingMs * (0.5 + 0.5 * random()));
  return Math.round(Math.max(jitteredMs, atLeastMs * (1 + 0.2 * random())));
}
