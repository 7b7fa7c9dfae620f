/**
 * Notices a path that carries the viewer's connectivity checks, and no media: a NAT that gave the viewer another number, a
 * hop that drops large datagrams. ICE calls it connected for ever. A camera that stalls looks the same from the page, but
 * then no newer frames leave the relay.
 */

/** Frames leave, and no packet arrives for so long. */
const DEAD_MS = 10_000;

export class DownlinkWatch {
  #packets = 0;
  #receivedMs = Number.NEGATIVE_INFINITY;
  /** The newest frame that had left at the first answer since the last packet. */
  #newestMs: number | undefined;
  /** The first answer that told of a newer one. */
  #missedSinceMs: number | undefined;

  /** So many packets have arrived in this session by `nowMs`. */
  received(packets: number, nowMs: number): void {
    if (packets === this.#packets) return;
    this.#packets = packets;
    this.#receivedMs = nowMs;
    this.#newestMs = undefined;
    this.#missedSinceMs = undefined;
  }

  /**
   * The relay answered at `nowMs` what it was asked at `askedMs`: the newest frame that left for this viewer had reached it at
   * `newestMs`, in its clock.
   */
  isDead(newestMs: number, askedMs: number, nowMs: number): boolean {
    // Newer ones have arrived since, perhaps.
    if (askedMs < this.#receivedMs) return false;
    this.#newestMs ??= newestMs;
    // What leaves only now may be on its way.
    if (newestMs <= this.#newestMs) return false;
    this.#missedSinceMs ??= nowMs;
    return nowMs - this.#missedSinceMs >= DEAD_MS;
  }
}
