import type { Tile } from './tile-machine.ts';

/** No new picture for so long: is the session still there? */
const ASK_AFTER_MS = 1500;
const ASK_AGAIN_MS = 3000;

/**
 * When to ask the relay whether a session that fell silent still exists. A camera that stalls sounds like a media thread
 * that died, and ICE needs many seconds to tell them apart; the relay knows at once.
 */
export class SilenceWatch {
  #askedMs = -Infinity;

  /** True when it is time to ask; the caller does it then. */
  isDue({ phase, phaseSinceMs, lastFrameAtMs = 0 }: Tile, nowMs: number): boolean {
    if (phase !== 'flowing') return false;
    if (nowMs - Math.max(phaseSinceMs, lastFrameAtMs) < ASK_AFTER_MS) return false;
    if (nowMs - this.#askedMs < ASK_AGAIN_MS) return false;
    this.#askedMs = nowMs;
    return true;
  }
}
