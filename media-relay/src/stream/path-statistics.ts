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

/** `slow`: waited too long to leave, because the path carries less than the stream. */
export type DropReason = 'history' | 'silence' | 'slow';

export class PathStatistics {
  sentPackets = 0;
  sentBytes = 0;
  resentPackets = 0;
  bursts = 0;
  readonly droppedFrames: Record<DropReason, number> = { history: 0, silence: 0, slow: 0 };
  /** Access unit complete at the relay to its first packet handed to the kernel, live frames only. */
  readonly firstPacketDelay: DelayHistogram;

  constructor(firstPacketDelay: DelayHistogram) {
    this.firstPacketDelay = firstPacketDelay;
  }

  sent(packets: number, bytes: number): void {
    this.sentPackets += packets;
    this.sentBytes += bytes;
  }

  resent(bytes: number): void {
    this.resentPackets++;
    this.sentBytes += bytes;
  }

  burst(): void {
    this.bursts++;
  }

  dropped(reason: DropReason, frames: number): void {
    this.droppedFrames[reason] += frames;
  }

  liveFrame(waitedMs: number): void {
    this.firstPacketDelay.add(waitedMs);
  }
}
