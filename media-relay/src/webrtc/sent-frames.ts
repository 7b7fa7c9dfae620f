/**
 * What one viewer was sent, frame by frame: enough to send any packet again, bit for bit. The payload itself stays in
 * the store that it came from: that of the rendition which the viewer watched then.
 */
import type { PacketStore } from '../stream/packet-store.ts';

const SLOTS = 512;

export interface SentPacket {
  readonly store: PacketStore;
  readonly frameNumber: number;
  readonly packet: number;
  readonly timestamp: number;
  /** As it carried it in a header extension, 0 for none. */
  readonly playoutDelay: number;
  /** Sequence number with its roll-over count: roc * 65536 + seq. */
  readonly extendedSeq: number;
}

export class SentFrames {
  readonly #store: (PacketStore | undefined)[] = Array.from({ length: SLOTS });
  readonly #firstSeq = new Float64Array(SLOTS);
  readonly #packets = new Uint16Array(SLOTS);
  readonly #frame = new Float64Array(SLOTS);
  readonly #timestamp = new Uint32Array(SLOTS);
  readonly #playoutDelay = new Uint32Array(SLOTS);
  readonly #arrivalMs = new Float64Array(SLOTS);
  #count = 0;

  add(
    store: PacketStore,
    firstExtendedSeq: number,
    packets: number,
    frameNumber: number,
    timestamp: number,
    playoutDelay: number,
    arrivalMs: number,
  ): void {
    const slot = this.#count % SLOTS;
    this.#store[slot] = store;
    this.#firstSeq[slot] = firstExtendedSeq;
    this.#packets[slot] = packets;
    this.#frame[slot] = frameNumber;
    this.#timestamp[slot] = timestamp;
    this.#playoutDelay[slot] = playoutDelay;
    this.#arrivalMs[slot] = arrivalMs;
    this.#count++;
  }

  /** The packet that left with this sequence number before `nextExtendedSeq`; undefined when it is too old or never left. */
  find(seq: number, nextExtendedSeq: number): SentPacket | undefined {
    const extendedSeq = nextExtendedSeq - ((nextExtendedSeq - seq) & 0xffff || 0x1_0000);
    let low = Math.max(0, this.#count - SLOTS);
    let high = this.#count - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const slot = middle % SLOTS;
      const first = this.#firstSeq[slot] ?? 0;
      if (extendedSeq < first) high = middle - 1;
      else if (extendedSeq >= first + (this.#packets[slot] ?? 0)) low = middle + 1;
      else {
        const store = this.#store[slot];
        return (
          store && {
            store,
            frameNumber: this.#frame[slot] ?? 0,
            packet: extendedSeq - first,
            timestamp: this.#timestamp[slot] ?? 0,
            playoutDelay: this.#playoutDelay[slot] ?? 0,
            extendedSeq,
          }
        );
      }
    }
    return undefined;
  }

  /** RTP timestamp and arrival at the relay (Unix ms) of the newest `limit` frames, oldest first. */
  newest(limit: number): [rtpTimestamp: number, arrivalMs: number][] {
    const from = Math.max(0, this.#count - Math.min(limit, SLOTS));
    return Array.from({ length: this.#count - from }, (_, i) => {
      const slot = (from + i) % SLOTS;
      return [this.#timestamp[slot] ?? 0, this.#arrivalMs[slot] ?? 0];
    });
  }
}
