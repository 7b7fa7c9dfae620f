/**
 * Notices that the computer slept: between two looks at the wall clock, more time has passed than a page in the
 * foreground ever waits. (The monotonic clock stands still during sleep on some systems, so it cannot tell.)
 */
export const SLEEP_MS = 10_000;

export class SleepWatch {
  #lastMs: number;

  constructor(nowMs: number) {
    this.#lastMs = nowMs;
  }

  /** To be called about once a second. Returns true when there was a gap. */
  look(nowMs: number): boolean {
    const gapMs = nowMs - this.#lastMs;
    this.#lastMs = nowMs;
    return gapMs >= SLEEP_MS;
  }
}
