/** GET /api/v1/streams/{stream}/stills: of which moments a relay keeps pictures. Read with care. */
import { list, number } from './read-json.ts';

export interface KeptMoments {
  /** How often the relay keeps one; undefined: it keeps none. */
  readonly everySeconds: number | undefined;
  /** Relay clock, Unix ms, ascending. */
  readonly timesMs: readonly number[];
}

export const keepsNone: KeptMoments = { everySeconds: undefined, timesMs: [] };

/** Undefined when it is no such list. */
export function keptMomentsFrom(body: string): KeptMoments | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return undefined;
  }
  const stills = list(parsed, 'stills');
  if (stills === undefined) return undefined;
  const timesMs = stills.flatMap((still) => number(still, 'timeMs') ?? []).sort((a, b) => a - b);
  return { everySeconds: number(parsed, 'everySeconds'), timesMs };
}
