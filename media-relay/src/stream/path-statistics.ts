/** Plain numbers that one stream's viewers add to; read once a second. */
const BUCKETS = 512;
/** Bucket width of the delay histograms: 0.25 ms, so that 128 ms fit. */
const BUCKET_MS = 0.25;

export class DelayHistogram {
  readonly #counts = new Uint32Array(BUCKETS);
  #total = 0;
  #maxMs = 0;

  add(delayMs: number): void {
    const bucket = Math.max(0, Math.min(BUCKETS - 1, Math.floor(delayMs / BUCKET_MS)));
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#total++;
    if (delayMs > this.#maxMs) this.#maxMs = delayMs;
  }

  get maxMs(): number {
    return this.#maxMs;
  }

  /** Upper edge of the bucket that holds the given share (0..1) of what was added; 0 when empty. */
  quantileMs(share: number): number {
    let left = Math.ceil(this.#total * share);
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      left -= this.#counts[bucket] ?? 0;
      if (left <= 0) return this.#total === 0 ? 0 : (bucket + 1) * BUCKET_MS;
    }
    return this.#maxMs;
  }

  reset(): void {
    this.#counts.fill(0);
    this.#total = 0;
    this.#maxMs = 0;
  }
}

/**
 * Why a viewer was not sent whole pictures. 'history': overtaken by eviction; 'slow': waited too long to leave, because the
 * path carries less than the stream; 'overtaken': came during a burst, and a newer key frame before its turn; 'socket': the kernel took nothing for long; 'silent-viewer', 'budget': it shows no
 * sign of reading (viewer-budget.ts).
 */
export type DropReason = 'history' | 'slow' | 'overtaken' | 'socket' | 'silent-viewer' | 'budget';

/** What carries a viewer's media. */
export type ViewerTransport = 'udp' | 'tcp';

/** One viewer's path by its last receiver report; undefined where none has told yet. */
export interface ViewerPath {
  /** Of what is sent now; undefined while there is no way to it, because its TCP connection is lost. */
  readonly transport: ViewerTransport | undefined;
  /** 0..1 of the packets since the report before. */
  readonly lossRatio: number | undefined;
  readonly jitterSeconds: number | undefined;
  readonly roundTripSeconds: number | undefined;
  /** The pacer holds back for this path. */
  readonly isLimited: boolean;
}

/** All viewers of a stream. Means and maxima are over those who reported, undefined when nobody has. */
export interface ViewerPathSummary {
  readonly meanLossRatio: number | undefined;
  readonly maxLossRatio: number | undefined;
  readonly meanJitterSeconds: number | undefined;
  readonly maxJitterSeconds: number | undefined;
  readonly meanRoundTripSeconds: number | undefined;
  readonly maxRoundTripSeconds: number | undefined;
  readonly limited: number;
  /** Viewers by what carries their media. */
  readonly transports: Readonly<Record<ViewerTransport, number>>;
}

export function summarisePaths(paths: readonly ViewerPath[]): ViewerPathSummary {
  const loss = meanAndMax(paths.map(({ lossRatio }) => lossRatio));
  const jitter = meanAndMax(paths.map(({ jitterSeconds }) => jitterSeconds));
  const roundTrip = meanAndMax(paths.map(({ roundTripSeconds }) => roundTripSeconds));
  return {
    meanLossRatio: loss?.mean,
    maxLossRatio: loss?.max,
    meanJitterSeconds: jitter?.mean,
    maxJitterSeconds: jitter?.max,
    meanRoundTripSeconds: roundTrip?.mean,
    maxRoundTripSeconds: roundTrip?.max,
    limited: paths.filter(({ isLimited }) => isLimited).length,
    transports: { udp: countOf(paths, 'udp'), tcp: countOf(paths, 'tcp') },
  };
}

function countOf(paths: readonly ViewerPath[], wanted: ViewerTransport): number {
  return paths.filter(({ transport }) => transport === wanted).length;
}

function meanAndMax(values: readonly (number | undefined)[]): { mean: number; max: number } | undefined {
  const known = values.filter((value) => value !== undefined);
  if (known.length === 0) return undefined;
  return { mean: known.reduce((sum, value) => sum + value, 0) / known.length, max: Math.max(...known) };
}

/**
 * Why a viewer was switched to the other rendition: it asked; its tile's size; the path is too narrow; trying whether
 * the path is wide enough, and it was not; the one that it had, or wants, is lost or came back.
 */
export type SwitchReason = 'viewer' | 'tile' | 'path' | 'trial' | 'roll-back' | 'availability';

export class PathStatistics {
  sentPackets = 0;
  sentBytes = 0;
  resentPackets = 0;
  bursts = 0;
  readonly droppedFrames: Record<DropReason, number> = {
    history: 0,
    slow: 0,
    socket: 0,
    overtaken: 0,
    'silent-viewer': 0,
    budget: 0,
  };
  readonly qualitySwitches: Record<SwitchReason, number> = {
    viewer: 0,
    tile: 0,
    path: 0,
    trial: 0,
    'roll-back': 0,
    availability: 0,
  };
  /** Access unit complete at the relay to its first packet handed to the kernel, live frames only. */
  readonly firstPacketDelay: DelayHistogram;
  #pacerDelay = { frames: 0, sumMs: 0, maxMs: 0 };

  constructor(firstPacketDelay: DelayHistogram) {
    this.firstPacketDelay = firstPacketDelay;
  }

  sent(packets: number, bytes: number): void {
    this.sentPackets += packets;
    this.sentBytes += bytes;
  }

  resent(packets: number, bytes: number): void {
    this.resentPackets += packets;
    this.sent(packets, bytes);
  }

  burst(): void {
    this.bursts++;
  }

  switched(reason: SwitchReason): void {
    this.qualitySwitches[reason]++;
  }

  dropped(reason: DropReason, frames: number): void {
    this.droppedFrames[reason] += frames;
  }

  liveFrame(waitedMs: number): void {
    this.firstPacketDelay.add(waitedMs);
  }

  /**
   * The last packet of a live frame left so much later than its path could have taken it, as far as a queue has shown
   * what that carries.
   */
  paced(addedMs: number): void {
    const delay = this.#pacerDelay;
    delay.frames++;
    delay.sumMs += addedMs;
    if (addedMs > delay.maxMs) delay.maxMs = addedMs;
  }

  /** What pacing added to live frames since this was asked last, over all viewers. */
  takePacerDelay(): { readonly meanSeconds: number; readonly maxSeconds: number } {
    const { frames, sumMs, maxMs } = this.#pacerDelay;
    this.#pacerDelay = { frames: 0, sumMs: 0, maxMs: 0 };
    return { meanSeconds: frames === 0 ? 0 : sumMs / frames / 1000, maxSeconds: maxMs / 1000 };
  }
}
