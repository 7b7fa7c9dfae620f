/**
 * The RTP clock of one viewer's video: a burst is stamped with the moments at which it departs, live frames keep the
 * camera's distances, and both, whatever the store, are on one clock that never stands still or goes back. Pure.
 */
import type { PacketStore, StoredFrame } from '../stream/packet-store.ts';

const TICKS_PER_MS = 90;

export class ViewerClock {
  readonly #firstTimestamp: number;
  /** Ticks since `firstTimestamp` of the newest frame that was stamped. */
  #lastTicks = -1;
  /** Viewer ticks = stream ticks + offset; undefined until it is tied to a store. */
  #offset: number | undefined;
  /** Stream ticks were `#anchorTicks` at `#anchorMs`: stamps burst frames. */
  #anchorTicks = 0;
  #anchorMs = 0;

  /** `firstTimestamp`: random (RFC 3550 5.1). */
  constructor(firstTimestamp: number) {
    this.#firstTimestamp = firstTimestamp;
  }

  /** Ties it to the newest frame of a store. Once it is tied it stays so, for live frames to keep their distances. */
  anchor({ newest }: PacketStore, nowMs: number): void {
    this.#anchorTicks = newest?.ticks ?? 0;
    this.#anchorMs = newest?.arrivalMs ?? nowMs;
    this.#offset ??= -this.#streamTicksAt(nowMs);
  }

  /** What it says now on the old store's ticks, it says on those of the new one. */
  switch(from: PacketStore, to: PacketStore, nowMs: number): void {
    const ticks = this.#ticksAt(from, nowMs);
    this.#offset = ticks === undefined ? undefined : ticks - storeTicksAt(to, nowMs);
  }

  /** The RTP timestamp of a frame that leaves now: a cached one gets its departure, a live one its capture. */
  stamp(frame: StoredFrame, isLive: boolean, nowMs: number): number {
    const streamTicks = isLive ? frame.ticks : this.#streamTicksAt(nowMs);
    this.#lastTicks = Math.max(streamTicks + (this.#offset ?? 0), this.#lastTicks + 1);
    return this.#toRtp(this.#lastTicks);
  }

  /** Where it stands now: for sender reports. Undefined before the first frame. */
  rtpTimestampAt(store: PacketStore, nowMs: number): number | undefined {
    const ticks = this.#ticksAt(store, nowMs);
    return ticks === undefined ? undefined : this.#toRtp(ticks);
  }

  #ticksAt(store: PacketStore, nowMs: number): number | undefined {
    if (this.#offset === undefined || store.newest === undefined) return undefined;
    return storeTicksAt(store, nowMs) + this.#offset;
  }

  #streamTicksAt(nowMs: number): number {
    return Math.round(this.#anchorTicks + (nowMs - this.#anchorMs) * TICKS_PER_MS);
  }

  #toRtp(ticks: number): number {
    return (this.#firstTimestamp + ticks) >>> 0;
  }
}

/** Where the clock of a store's frames stands. */
function storeTicksAt({ newest }: PacketStore, nowMs: number): number {
  return newest === undefined ? 0 : Math.round(newest.ticks + (nowMs - newest.arrivalMs) * TICKS_PER_MS);
}
