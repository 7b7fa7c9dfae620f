/**
 * The relay's clock: milliseconds (fractions included) that never step. It is Unix time as the relay saw it at its start,
 * so all that happens inside is told by it; what leaves the relay as Unix time goes through `toUnixMs`.
 */
export interface Clock {
  (): number;
  /** How far Unix time is ahead by now, in ms: an NTP step, a suspended host, a virtual machine that stood still. Absent: never. */
  readonly aheadMs?: () => number;
}

/** What differs by less is no step: the system tells whole milliseconds, and a moment must not be another with each look. */
const NO_STEP_MS = 10;

/** `monotonicMs` begins as Unix time, `unixMs` is what the system says that it is now. */
export function clockOf(monotonicMs: () => number, unixMs: () => number): Clock {
  let knownMs = 0;
  return Object.assign(() => monotonicMs(), {
    aheadMs(): number {
      const aheadMs = unixMs() - monotonicMs();
      if (Math.abs(aheadMs - knownMs) > NO_STEP_MS) knownMs = aheadMs;
      return knownMs;
    },
  });
}

const { timeOrigin } = performance;

/** Of this process: in all of its threads `timeOrigin` is the start of the process, whenever they began. */
export const systemClock: Clock = clockOf(
  () => timeOrigin + performance.now(),
  () => Date.now(),
);

/** How far Unix time is ahead of the clock, by what the system knows now. */
export function aheadMs(clock: Clock): number {
  return clock.aheadMs?.() ?? 0;
}

/** A moment of the clock as Unix time. */
export function toUnixMs(clockMs: number, clock: Clock): number {
  return clockMs + aheadMs(clock);
}

/** The other way: where a moment that somebody outside names is on the clock. */
export function fromUnixMs(unixMs: number, clock: Clock): number {
  return unixMs - aheadMs(clock);
}

export function unixNow(clock: Clock): number {
  return toUnixMs(clock(), clock);
}
