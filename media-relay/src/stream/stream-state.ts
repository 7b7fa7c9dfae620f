/** What state a stream is in, from facts and the clock alone: nobody sets a state, so it cannot go stale. */
import type { StreamState } from './states.ts';

export const LIVE_WITHIN_MS = 5000;

export interface StreamFacts {
  /** The source is meant to run: not on demand, or somebody watches. */
  readonly wanted: boolean;
  readonly link: 'off' | 'connecting' | 'connected' | 'waiting';
  /** When the newest frame arrived; undefined when there was none since the source was last started. */
  readonly lastFrameMs: number | undefined;
  /** Whether any attempt since the start has failed. */
  readonly failed: boolean;
  readonly refusal: string | undefined;
}

export function streamState(facts: StreamFacts, nowMs: number): StreamState {
  if (!facts.wanted && facts.link === 'off') return 'idle';
  if (facts.refusal !== undefined) return 'refused';
  if (facts.lastFrameMs !== undefined && nowMs - facts.lastFrameMs <= LIVE_WITHIN_MS) return 'live';
  if (facts.link === 'connected')
    return facts.lastFrameMs === undefined && !facts.failed ? 'connecting' : 'stalled';
  return facts.failed || facts.lastFrameMs !== undefined ? 'offline' : 'connecting';
}
