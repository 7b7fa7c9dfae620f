/**
 * The last burst that one viewer got: it answers what is asked for while it is on its way, and until a browser has caught
 * up with it, frames are not shown as they come. Pure.
 */

/** One resynchronisation per second and viewer, whatever it asks for. */
const RESYNC_INTERVAL_MS = 1000;
/** A browser that cannot decode asks for a key frame within a second. */
const DOUBT_MS = 2000;
/** After a burst, the slowest browser has caught up by now. */
const CATCH_UP_MS = 3000;

export class LastBurst {
  #atMs = Number.NEGATIVE_INFINITY;
  #doubtfulUntilMs = 0;

  /** It begins, or its key frame has left whole: on a slow path that takes long. */
  mark(nowMs: number): void {
    this.#atMs = nowMs;
  }

  /**
   * What was sent until now may have come to a viewer without keys: the first thing that it asks for, it gets at once. If
   * it asks for nothing, it had them.
   */
  doubt(nowMs: number): void {
    this.#doubtfulUntilMs = nowMs + DOUBT_MS;
  }

  /** True once: the viewer asks for a key frame, and there was doubt. */
  takeDoubt(nowMs: number): boolean {
    if (nowMs >= this.#doubtfulUntilMs) return false;
    this.#doubtfulUntilMs = 0;
    return true;
  }

  /** Whatever key frame a viewer asks for now is on its way. */
  isAnswer(nowMs: number): boolean {
    return nowMs - this.#atMs < RESYNC_INTERVAL_MS;
  }

  isCaughtUpWith(nowMs: number): boolean {
    return nowMs - this.#atMs > CATCH_UP_MS;
  }
}
