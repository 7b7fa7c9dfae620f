/** On which media thread a new stream is to live. Pure. */

export interface RenditionLoad {
  /** Measured; 0 while nothing is known. */
  readonly bitrateBps: number;
  readonly viewers: number;
}

/** Its own rate is that of the main rendition; its viewers are all of them, those of the substream included. */
export interface StreamLoad extends RenditionLoad {
  readonly substream?: RenditionLoad | undefined;
}

export interface ThreadLoad {
  readonly isRunning: boolean;
  /** Of every stream that lives there, measured or not. */
  readonly streams: readonly StreamLoad[];
}

/** A camera that is not measured yet, or waits for its first viewer, will want about this. */
export const ASSUMED_BPS = 4_000_000;

/** Bits in and out: what comes once from the camera goes out once for each viewer, in the rendition that it sees. */
export function expectedBps({ bitrateBps, viewers, substream }: StreamLoad): number {
  const mainBps = bitrateBps > 0 ? bitrateBps : ASSUMED_BPS;
  // Before it is measured it is a stream like any other. Nobody connects to one that nobody watches.
  const subBps = substream === undefined || substream.bitrateBps === 0 ? mainBps : substream.bitrateBps;
  const subViewers = Math.min(viewers, substream?.viewers ?? 0);
  const subIn = subViewers > 0 ? 1 : 0;
  return mainBps * (1 + viewers - subViewers) + subBps * (subIn + subViewers);
}

/**
 * Index of the thread with the fewest expected bits, the lowest of equals. One that is down is taken only when all are.
 */
export function placeStream(threads: readonly ThreadLoad[]): number {
  const isAnyRunning = threads.some(({ isRunning }) => isRunning);
  let best = 0;
  let bestBps = Infinity;
  threads.forEach(({ isRunning, streams }, index) => {
    if (isAnyRunning && !isRunning) return;
    const bps = streams.reduce((sum, stream) => sum + expectedBps(stream), 0);
    if (bps >= bestBps) return;
    best = index;
    bestBps = bps;
  });
  return best;
}
