/**
 * What one viewer was sent, frame by frame: enough to send any packet again, bit for bit. The payload itself stays in
 * the store that it came from: that of the rendition which the viewer watched then.
 */
import type { PacketStore } from '../stream/packet-store.ts';

/** Frames remembered: 17 s at 30 fps, and more when a long burst needs them. Powers of two. */
const FEWEST_FRAMES = 512;
/** More than a group of pictures may have (packet-store.ts), and what follows it. */
const MOST_FRAMES = 1024;
/** Of the RTP clock, which tells when a frame left: two seconds. Nobody asks for what is older. */
const KEPT_TICKS = 2 * 90_000;

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

/** 18 kB per viewer, 37 kB from the first burst on that has more than 512 frames. */
export class SentFrames {
  #slots = FEWEST_FRAMES;
  #store: (PacketStore | undefined)[] = Array.from({ length: FEWEST_FRAMES });
  /** Of sequence and frame numbers the low 32 bits: no frame here is that old. */
  #numbers = new Uint32Array(FEWEST_FRAMES * FIELDS);
  #arrivalMs = new Float64Array(FEWEST_FRAMES);
  #count = 0;
  /** Those before it were forgotten before there was more room. */
  #oldest = 0;

  add(
    store: PacketStore,
    firstExtendedSeq: number,
    packets: number,
    frameNumber: number,
    timestamp: number,
    playoutDelay: number,
    arrivalMs: number,
  ): void {
    if (this.#isOldestYoung(timestamp)) this.#grow();
    const slot = this.#count % this.#slots;
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
    let low = Math.max(this.#oldest, this.#count - this.#slots);
    let high = this.#count - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const slot = middle % this.#slots;
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
    const from = Math.max(this.#oldest, this.#count - Math.min(limit, this.#slots));
    return Array.from({ length: this.#count - from }, (_, i) => {
      const slot = (from + i) % this.#slots;
      return [this.#at(slot, field.timestamp), this.#arrivalMs[slot] ?? 0];
    });
  }

  /** What would be forgotten now may still be asked for. */
  #isOldestYoung(timestamp: number): boolean {
    if (this.#count < this.#slots || this.#slots === MOST_FRAMES) return false;
    const oldest = this.#at(this.#count % this.#slots, field.timestamp);
    return (timestamp - oldest) >>> 0 < KEPT_TICKS;
  }

  #grow(): void {
    const slots = this.#slots * 2;
    const store: (PacketStore | undefined)[] = Array.from({ length: slots });
    const numbers = new Uint32Array(slots * FIELDS);
    const arrivalMs = new Float64Array(slots);
    this.#oldest = this.#count - this.#slots;
    for (let i = this.#oldest; i < this.#count; i++) {
      const from = i % this.#slots;
      const to = i % slots;
      store[to] = this.#store[from];
      numbers.set(this.#numbers.subarray(from * FIELDS, (from + 1) * FIELDS), to * FIELDS);
      arrivalMs[to] = this.#arrivalMs[from] ?? 0;
    }
    this.#slots = slots;
    this.#store = store;
    this.#numbers = numbers;
    this.#arrivalMs = arrivalMs;
  }

  /** What was cut short by a burst has no more packets than have left: the next frame has the other numbers. */
  #endLast(nextExtendedSeq: number): void {
    const at = ((this.#count - 1) % this.#slots) * FIELDS;
    const sent = (nextExtendedSeq - (this.#numbers[at + field.firstSeq] ?? 0)) >>> 0;
    this.#numbers[at + field.packets] = Math.min(this.#numbers[at + field.packets] ?? 0, sent);
  }

  #at(slot: number, which: number): number {
    return this.#numbers[slot * FIELDS + which] ?? 0;
  }
}
