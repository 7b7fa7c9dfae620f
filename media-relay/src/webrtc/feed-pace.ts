/**
 * How much of one viewer's video may leave now. Live frames have the pace of the path; a burst shares with the bursts of
 * other viewers as well. It also knows when the path, had it nothing but this viewer's frames, would be free again: what
 * a live frame waits beyond that is added by pacing. Pure.
 */
import type { StoredFrame } from '../stream/packet-store.ts';
import { MAX_RUN_PACKETS } from './egress.ts';
import { FULL_PACE_BPS } from './known-path.ts';
import type { PathEstimate } from './path-estimate.ts';
import { TokenBucket } from './pacer.ts';

/** How much may leave at once: 2.5 ms of the rate, 26 packets at 100 Mbit/s. */
const CREDIT_MS = 2.5;
/** Of one call when there is credit for no more: they may overdraw it. */
const LEAST_RUN_PACKETS = 10;
const PACKET_BYTES = 1200;
/** The pacer may hold a live frame back this much longer than its path needs; the rate rises before that. */
export const MAX_ADDED_DELAY_MS = 100;

export class FeedPace {
  readonly #estimate: Pick<PathEstimate, 'carriedBps' | 'paceBps' | 'queuedBps'>;
  /** What all bursts of this host share. */
  readonly #burstBudget: TokenBucket;
  readonly #bucket: TokenBucket;
  #streamBitrateBps = 0;
  /** When a path of the known capacity would have carried all that was given to it. */
  #pathFreeMs = 0;
  #isFrameLeaving = false;
  #isHeldByOthers = false;

  constructor(
    estimate: Pick<PathEstimate, 'carriedBps' | 'paceBps' | 'queuedBps'>,
    burstBudget: TokenBucket,
    nowMs: number,
  ) {
    this.#estimate = estimate;
    this.#burstBudget = burstBudget;
    this.#bucket = new TokenBucket(FULL_PACE_BPS, (FULL_PACE_BPS / 8000) * CREDIT_MS, nowMs);
  }

  setStreamBitrate(bitrateBps: number): void {
    this.#streamBitrateBps = bitrateBps;
  }

  /** Bytes of live frames that may leave now, of which `next` is the first. */
  liveCredit(next: StoredFrame | undefined, nowMs: number): number {
    return this.#ownCredit(next !== undefined && this.#isLate(next, nowMs), nowMs);
  }

  /** Bytes of a burst that may leave now. */
  burstCredit(nowMs: number): number {
    const own = this.#ownCredit(false, nowMs);
    const shared = this.#burstBudget.credit(nowMs);
    this.#isHeldByOthers = shared < own;
    return Math.min(own, shared);
  }

  /** The last credit of a burst was less than this path's own: the bursts of others took it. */
  get isHeldByOthers(): boolean {
    return this.#isHeldByOthers;
  }

  take(bytes: number, isBurst: boolean): void {
    this.#takeOwn(bytes);
    if (isBurst) this.#burstBudget.take(bytes);
  }

  /** Resends have left on the same path. */
  leftBesides(bytes: number, nowMs: number): void {
    // Where there is no queue to fill, frames need not wait for them.
    if (this.#estimate.queuedBps === undefined) return;
    // Amid a frame it is what is before it, and forgives nothing.
    if (!this.#isFrameLeaving) this.#pathFreeMs = Math.max(this.#pathFreeMs, nowMs);
    this.#takeOwn(bytes);
  }

  /** A frame begins to leave that could have left since `readyMs`. */
  frameLeaves(readyMs: number): void {
    this.#isFrameLeaving = true;
    this.#pathFreeMs = Math.max(this.#pathFreeMs, readyMs);
  }

  /** A frame has left whole. Returns how much later, in ms, than its path would have had it. */
  frameLeft(nowMs: number): number {
    this.#isFrameLeaving = false;
    const addedMs = Math.max(0, nowMs - this.#pathFreeMs);
    // A path that has taken it sooner carries more than was known: nothing behind it waits for what it did not need.
    this.#pathFreeMs = Math.min(this.#pathFreeMs, nowMs);
    return addedMs;
  }

  #takeOwn(bytes: number): void {
    this.#bucket.take(bytes);
    this.#pathFreeMs += (bytes * 8000) / (this.#estimate.carriedBps ?? Number.POSITIVE_INFINITY);
  }

  #ownCredit(isLate: boolean, nowMs: number): number {
    const paceBps = this.#estimate.paceBps(this.#streamBitrateBps, nowMs, isLate);
    this.#bucket.setRate(paceBps, (paceBps / 8000) * CREDIT_MS);
    return this.#bucket.credit(nowMs);
  }

  #isLate({ arrivalMs }: StoredFrame, nowMs: number): boolean {
    return nowMs - Math.max(arrivalMs, this.#pathFreeMs) > MAX_ADDED_DELAY_MS / 2;
  }
}

/** So many leave by one call. */
export function runPackets(creditBytes: number): number {
  return Math.max(LEAST_RUN_PACKETS, Math.min(MAX_RUN_PACKETS, Math.floor(creditBytes / PACKET_BYTES)));
}
