import type { Tile } from './tile-machine.ts';

/** No new picture for so long, or no media path: is the session still there? */
const ASK_AFTER_MS = 1500;
const ASK_AGAIN_MS = 3000;

/**
 * When to ask the relay whether a session that is silent still exists. A camera that stalls sounds like a media thread that
 * died, and so does a firewall while a viewer joins; ICE needs many seconds to tell them apart, the relay knows at once. A join
 * without a path asks three times before it is given up.
 */
export class SilenceWatch {
  #askedMs = -Infinity;

  /** True when it is time to ask; the caller does it then. */
  isDue({ phase, phaseSinceMs, lastFrameAtMs = 0 }: Tile, nowMs: number): boolean {
    if (phase !== 'joining' && phase !== 'flowing') return false;
    if (nowMs - Math.max(phaseSinceMs, lastFrameAtMs) < ASK_AFTER_MS) return false;
    if (nowMs - this.#askedMs < ASK_AGAIN_MS) return false;
    this.#askedMs = nowMs;
    return true;
  }
}
