/**
 * When what leaves: a rate, not a delay. Feeds with more to send than their rate allows register here and are
 * served in turn, about every millisecond, until they have nothing left.
 */
import type { Clock } from '../media/clock.ts';

export interface PacedFeed {
  /** Sends what its credit allows. Returns false when nothing is left to send. */
  pump(nowMs: number): boolean;
}

/** Bytes that may leave now: refilled by time, never more than `capacityBytes`. May go negative: whole packets leave. */
export class TokenBucket {
  #bitrateBps: number;
  #capacityBytes: number;
  #credit: number;
  #atMs: number;

  constructor(bitrateBps: number, capacityBytes: number, nowMs: number) {
    this.#bitrateBps = bitrateBps;
    this.#capacityBytes = capacityBytes;
    this.#credit = capacityBytes;
    this.#atMs = nowMs;
  }

  setRate(bitrateBps: number, capacityBytes: number): void {
    this.#bitrateBps = bitrateBps;
    this.#capacityBytes = capacityBytes;
  }

  credit(nowMs: number): number {
    const refill = ((nowMs - this.#atMs) * this.#bitrateBps) / 8000;
    this.#atMs = nowMs;
    this.#credit = Math.min(this.#capacityBytes, this.#credit + refill);
    return this.#credit;
  }

  take(bytes: number): void {
    this.#credit -= bytes;
  }
}

const TICK_MS = 1;

export class Pacer {
  readonly #clock: Clock;
  readonly #feeds = new Set<PacedFeed>();
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get waiting(): number {
    return this.#feeds.size;
  }

  add(feed: PacedFeed): void {
    this.#feeds.add(feed);
    this.#timer ??= setTimeout(() => this.#tick(), TICK_MS);
  }

  remove(feed: PacedFeed): void {
    this.#feeds.delete(feed);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#feeds.clear();
  }

  #tick(): void {
    this.#timer = undefined;
    const feeds = [...this.#feeds];
    for (const feed of feeds) {
      if (this.#feeds.has(feed) && !feed.pump(this.#clock())) this.#feeds.delete(feed);
    }
    // Who is first takes what it may of a shared budget, and so each is first in turn.
    const [first] = feeds;
    if (first && this.#feeds.delete(first)) this.#feeds.add(first);
    if (this.#feeds.size > 0) this.#timer ??= setTimeout(() => this.#tick(), TICK_MS);
  }
}
