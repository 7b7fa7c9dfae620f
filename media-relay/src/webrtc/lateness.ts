/**
 * How late one viewer's frames leave, and which of them are too late to be worth sending: from there on it is shown the
 * next key frame. Live frames are late by their age. Those of a burst are old by nature, and late only by how much further
 * they fall behind. Pure.
 */
import type { StoredFrame } from '../stream/packet-store.ts';

/** Older ones are no live picture any more, and the path does not carry what waits: go on from the next key frame. */
export const MAX_BEHIND_MS = 500;
/** So much more behind a key frame that took as long to leave. */
const MAX_KEY_MS = 1500;

export class Lateness {
  /** First of the frames that came since the last burst began: those before it were old when they were asked for. */
  #firstSinceBurst = 0;
  /** Of this burst's frames behind the key frame, the age of the youngest as it left. One that catches up lowers it. */
  #leastAgeMs = Number.POSITIVE_INFINITY;
  /** How long the newest live key frame took to leave: those behind it are late by that, and get younger. */
  #keyMs = 0;
  /** Since then nothing is before the frame that leaves next. */
  #freeMs = 0;

  /** `nextNumber` will be the first frame to come from now on. */
  burstBegins(nextNumber: number): void {
    this.#firstSinceBurst = nextNumber;
    this.#leastAgeMs = Number.POSITIVE_INFINITY;
    this.#keyMs = 0;
  }

  /** One behind the key frame begins to leave. */
  burstFrameLeaves(ageMs: number): void {
    this.#leastAgeMs = Math.min(this.#leastAgeMs, ageMs);
  }

  /** What holds the burst back says nothing of this path: what it makes late is not. */
  excuseBurst(): void {
    this.#leastAgeMs = Number.POSITIVE_INFINITY;
  }

  /**
   * The last packet of a frame has left. What a key frame inherits from those before it excuses nothing: each group would
   * begin later than the one before.
   */
  frameLeft({ isKey, arrivalMs }: StoredFrame, isBurst: boolean, nowMs: number): void {
    if (isKey && !isBurst) this.#keyMs = Math.min(MAX_KEY_MS, nowMs - Math.max(arrivalMs, this.#freeMs));
    this.#freeMs = nowMs;
  }

  isTooLate(frame: StoredFrame, isBurst: boolean, nowMs: number): boolean {
    if (frame.isKey || frame.number < this.#firstSinceBurst) return false;
    const excusedMs = isBurst ? 0 : this.#keyMs;
    return this.lateMs(frame, isBurst, nowMs) > MAX_BEHIND_MS + excusedMs;
  }

  /** What a burst sends is old, and gets younger from frame to frame unless the path carries less than the stream. */
  lateMs({ arrivalMs }: StoredFrame, isBurst: boolean, nowMs: number): number {
    const ageMs = nowMs - arrivalMs;
    return isBurst ? Math.max(0, ageMs - this.#leastAgeMs) : ageMs;
  }

  /** How many frames a viewer loses that goes on at `to` instead of `from`; it does not lose what was old anyway. */
  framesLost(from: number, to: number): number {
    return Math.max(0, to - Math.max(from, this.#firstSinceBurst));
  }
}
