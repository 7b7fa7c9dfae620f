/** On which media thread a new stream is to live. Pure. */

export interface StreamLoad {
  /** Measured; 0 while nothing is known. */
  readonly bitrateBps: number;
  readonly viewers: number;
}

export interface ThreadLoad {
  readonly isRunning: boolean;
  /** Of every stream that lives there, measured or not. */
  readonly streams: readonly StreamLoad[];
}

/** A camera that is not measured yet, or waits for its first viewer, will want about this. */
export const ASSUMED_BPS = 4_000_000;

/** Bits in and out: what comes once from the camera goes out once for each viewer. */
export function expectedBps({ bitrateBps, viewers }: StreamLoad): number {
  return (bitrateBps > 0 ? bitrateBps : ASSUMED_BPS) * (1 + viewers);
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
