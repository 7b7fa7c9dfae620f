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

/** Numbers of one frame lie side by side: with a hundred viewers each of them would be a cache miss of its own. */
const field = { firstSeq: 0, packets: 1, frame: 2, timestamp: 3, playoutDelay: 4 } as const;
const FIELDS = 5;

/** 18 kB. */
export class SentFrames {
  readonly #store: (PacketStore | undefined)[] = Array.from({ length: SLOTS });
  /** Of sequence and frame numbers the low 32 bits: no frame here is that old. */
  readonly #numbers = new Uint32Array(SLOTS * FIELDS);
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
    const numbers = this.#numbers;
    if (this.#count > 0) this.#endLast(firstExtendedSeq);
    const at = slot * FIELDS;
    numbers[at + field.firstSeq] = firstExtendedSeq;
    numbers[at + field.packets] = packets;
    numbers[at + field.frame] = frameNumber;
    numbers[at + field.timestamp] = timestamp;
    numbers[at + field.playoutDelay] = playoutDelay;
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
      const first = nextExtendedSeq - ((nextExtendedSeq - this.#at(slot, field.firstSeq)) >>> 0);
      if (extendedSeq < first) high = middle - 1;
      else if (extendedSeq >= first + this.#at(slot, field.packets)) low = middle + 1;
      else {
        const store = this.#store[slot];
        return (
          store && {
            store,
            frameNumber: this.#at(slot, field.frame),
            packet: extendedSeq - first,
            timestamp: this.#at(slot, field.timestamp),
            playoutDelay: this.#at(slot, field.playoutDelay),
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
      return [this.#at(slot, field.timestamp), this.#arrivalMs[slot] ?? 0];
    });
  }

  /** What was cut short by a burst has no more packets than have left: the next frame has the other numbers. */
  #endLast(nextExtendedSeq: number): void {
    const at = ((this.#count - 1) % SLOTS) * FIELDS;
    const sent = (nextExtendedSeq - (this.#numbers[at + field.firstSeq] ?? 0)) >>> 0;
    this.#numbers[at + field.packets] = Math.min(this.#numbers[at + field.packets] ?? 0, sent);
  }

  #at(slot: number, which: number): number {
    return this.#numbers[slot * FIELDS + which] ?? 0;
  }
}
