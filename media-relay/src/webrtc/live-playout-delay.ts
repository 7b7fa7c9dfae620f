import type { PathEstimate } from './path-estimate.ts';
import { LOSSY_SHARE } from './path-estimate.ts';
import { playoutDelay } from './rtp-sender.ts';

/** Of playout-delay. With a minimum of 0 Chromium shows frames as they come, without smoothing. */
const MAX_PLAYOUT_MS = 500;
const LOSSY_PLAYOUT_MS = 85;
/** A key frame that arrives within this disturbs nobody. */
const SMALL_DELAY_MS = 50;
/** As path-estimate.ts uses of the capacity. */
const PACED_SHARE = 0.85;

/**
 * The playout-delay that a live key frame of `keyFrameBytes` carries. A clean path needs no delay. One that loses packets
 * needs time for a resend and its detection, and a narrow one for its largest frames, which are the key frames: with
 * less, every key frame would be a freeze.
 */
export function livePlayoutDelay(
  { capacityBps, lossShare }: Pick<PathEstimate, 'capacityBps' | 'lossShare'>,
  keyFrameBytes: number,
): number {
  const forLossMs = lossShare >= LOSSY_SHARE ? LOSSY_PLAYOUT_MS : 0;
  const forSizeMs = capacityBps === undefined ? 0 : (keyFrameBytes * 8000) / (capacityBps * PACED_SHARE);
  const minMs = Math.min(MAX_PLAYOUT_MS, Math.max(forLossMs, forSizeMs > SMALL_DELAY_MS ? forSizeMs : 0));
  return playoutDelay(minMs, MAX_PLAYOUT_MS);
}
