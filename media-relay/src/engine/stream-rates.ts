import type { EngineSnapshot, StreamSnapshot } from './messages.ts';
import { ASSUMED_BPS } from './placement.ts';

/** What one viewer of each rendition counts with, bit/s. */
export interface StreamRate {
  readonly mainBps: number;
  readonly subBps: number;
}

/** Of a second's rate, this share counts a second later: pictures of a long GOP come unevenly, and the peaks of all viewers together. */
const KEPT_SHARE = 0.98;

/** A substream that is not measured yet. */
const ASSUMED_SUB_BPS = ASSUMED_BPS / 8;

/** Undefined: nothing is known yet. */
interface Kept {
  /** 0: it could not be had since the relay began. */
  readonly mainBps: number | undefined;
  readonly subBps: number | undefined;
}

const unknown: Kept = { mainBps: undefined, subBps: undefined };

/**
 * The rates of late, which outlast a camera that is away and a media thread that begins again: their viewers are there
 * and will be sent as much as before.
 */
export class StreamRates {
  readonly #kept = new Map<string, Kept>();

  /** Once a second. */
  add(snapshot: EngineSnapshot | undefined, isThere: (stream: string) => boolean): void {
    for (const stream of snapshot?.streams ?? []) {
      // Nobody watches, and it may be another camera by the time that somebody does.
      if (stream.state === 'idle') {
        this.#kept.delete(stream.name);
        continue;
      }
      const { mainBps, subBps } = this.#kept.get(stream.name) ?? unknown;
      this.#kept.set(stream.name, {
        mainBps: newer(mainBps, stream.bitrateBps) ?? (lacksMain(stream) ? 0 : undefined),
        subBps: newer(subBps, stream.substream?.bitrateBps ?? 0),
      });
    }
    for (const name of this.#kept.keys()) if (!isThere(name)) this.#kept.delete(name);
  }

  /** Its main stream has been measured, or could not be had, since somebody began to watch. */
  knows(stream: string): boolean {
    return this.#kept.get(stream)?.mainBps !== undefined;
  }

  of(stream: string): StreamRate {
    const { mainBps = ASSUMED_BPS, subBps = ASSUMED_SUB_BPS } = this.#kept.get(stream) ?? unknown;
    // Who comes to a stream that has only its substream sees that.
    return { mainBps: mainBps === 0 ? subBps : mainBps, subBps };
  }
}

/** What does not come was not slower: it is away. */
function newer(before: number | undefined, nowBps: number): number | undefined {
  return nowBps === 0 ? before : Math.max(nowBps, (before ?? 0) * KEPT_SHARE);
}

function lacksMain({ state, warnings }: StreamSnapshot): boolean {
  return state === 'offline' || state === 'refused' || warnings.includes('main-stream-unavailable');
}
