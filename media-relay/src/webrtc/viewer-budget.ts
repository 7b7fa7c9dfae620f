/**
 * Whether one viewer still reads what it is sent. The kernel does not tell: a datagram to nobody is as good as sent. So a
 * viewer is given up when it has been silent for longer than it usually is, or has answered nothing to more bytes
 * than its stream has in twice that time; whatever authentic comes from it (STUN, RTCP) opens it again.
 */

/** Why nothing is sent to it. */
export type GivenUpReason = 'silent-viewer' | 'budget';

/** Its patience is three of the longest pauses that it has made lately. */
const PAUSES = 3;
/** Browsers report every 50 ms to 1 s, but one on a busy machine may pause. */
const MIN_PATIENCE_MS = 3000;
/** Others report every 5 s (RFC 3550 6.2), or half as much again. */
const MAX_PATIENCE_MS = 10_000;
/** Of a viewer that has not shown yet how it talks. */
const FIRST_PAUSE_MS = 2000;
/** Signs so close together are one. */
const SAME_SIGN_MS = 20;
/** Share of a shorter pause in the memory of the longest. */
const FORGETTING = 0.2;
/** Twice its stream's rate, for pictures of uneven size. */
const BUDGET_FACTOR = 2;
/** For streams whose rate is small or not known yet. */
const MIN_BUDGET_BYTES = 256 * 1024;

export class ViewerBudget {
  #pauseMs = FIRST_PAUSE_MS;
  #lastHeardMs: number;
  /** When the first byte left that it has not answered. */
  #unansweredSinceMs: number | undefined;
  #unansweredBytes = 0;
  #burstBytes = 0;
  #bitrateBps = 0;
  /** Since it was heard last: what left before a switch to a smaller picture left at the rate of the larger one. */
  #highestBps = 0;
  #givenUp: GivenUpReason | undefined;

  constructor(nowMs: number) {
    this.#lastHeardMs = nowMs;
  }

  get givenUp(): GivenUpReason | undefined {
    return this.#givenUp;
  }

  get patienceMs(): number {
    return Math.min(MAX_PATIENCE_MS, Math.max(MIN_PATIENCE_MS, PAUSES * this.#pauseMs));
  }

  setStreamBitrate(bitrateBps: number): void {
    this.#bitrateBps = bitrateBps;
    this.#highestBps = Math.max(this.#highestBps, bitrateBps);
  }

  /** A burst of so many bytes begins: they come on top of the stream's rate. */
  burst(bytes: number): void {
    this.#burstBytes = bytes;
  }

  sent(bytes: number, nowMs: number): void {
    this.#unansweredSinceMs ??= nowMs;
    this.#unansweredBytes += bytes;
  }

  /** Something authentic came. Returns true when it had been given up. */
  heard(nowMs: number): boolean {
    const pauseMs = Math.min(nowMs - this.#lastHeardMs, MAX_PATIENCE_MS / PAUSES);
    this.#lastHeardMs = nowMs;
    this.#unansweredSinceMs = undefined;
    this.#unansweredBytes = 0;
    this.#highestBps = this.#bitrateBps;
    if (pauseMs >= SAME_SIGN_MS)
      this.#pauseMs = Math.max(pauseMs, this.#pauseMs + FORGETTING * (pauseMs - this.#pauseMs));
    if (this.#givenUp === undefined) return false;
    this.#givenUp = undefined;
    return true;
  }

  /** Judges it; a viewer that is given up stays so until it is heard. */
  judge(nowMs: number): GivenUpReason | undefined {
    if (this.#givenUp !== undefined || this.#unansweredSinceMs === undefined) return this.#givenUp;
    const { patienceMs } = this;
    const rateBytes = (BUDGET_FACTOR * this.#highestBps * patienceMs) / 8000;
    if (nowMs - this.#unansweredSinceMs > patienceMs) this.#givenUp = 'silent-viewer';
    else if (this.#unansweredBytes > Math.max(MIN_BUDGET_BYTES, rateBytes) + this.#burstBytes)
      this.#givenUp = 'budget';
    return this.#givenUp;
  }
}
