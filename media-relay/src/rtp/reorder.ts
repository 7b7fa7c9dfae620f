import { copyBytes } from './copy-bytes.ts';
import { maxDropout, maxMisorder, nextSequence, sequenceSteps } from './sequence.ts';

/**
 * Takes one packet in its place; the bytes are borrowed. `missing` packets just before it will not come (`restart`
 * says that the sender began to count anew, so their number is unknown and counts as none).
 */
export type PacketSink = (
  buffer: Uint8Array,
  start: number,
  end: number,
  arrivalMs: number,
  missing: number,
  restart: boolean,
) => void;

export interface ReorderOptions {
  readonly deliver: PacketSink;
  /** A hole this many packets old is lost; a power of two, at most 64 or so. 0: packets cannot come late (TCP), every hole is lost at once. */
  readonly maxPackets: number;
  /** A hole that kept a packet waiting this long is lost. */
  readonly maxWaitMs: number;
}

interface Slot {
  bytes: Uint8Array;
  length: number;
  sequence: number;
  arrivalMs: number;
  used: boolean;
}

/**
 * Puts the packets of one SSRC into sending order. A packet in its place passes straight through, others wait in
 * copies, at most `maxPackets` of them. Duplicates are dropped; so are packets that come after their hole was given
 * up. A jump that is neither loss nor lateness resynchronises as soon as two packets in a row agree (RFC 3550 A.1).
 */
export class ReorderBuffer {
  readonly #options: ReorderOptions;
  readonly #slots: Slot[];
  #expected: number | undefined;
  #held = 0;
  #waitingSinceMs = 0;
  /** What the next packet would be if the sender had begun anew. */
  #restartAt: number | undefined;
  #highest = 0;
  /**
   * By the low 8 bits of the sequence numbers just behind `expected`: 0 is lost, 1 was delivered. What came before
   * the first packet was never missed, so it counts as delivered.
   */
  readonly #delivered = new Uint8Array(256).fill(1);
  #missing = 0;

  /** Packets declared lost so far. */
  lost = 0;
  /** Packets that came after one with a higher sequence number, in time or not. */
  reordered = 0;
  /** Packets that came after they had been declared lost. */
  late = 0;
  duplicates = 0;

  constructor(options: ReorderOptions) {
    this.#options = options;
    this.#slots = Array.from({ length: options.maxPackets }, () => ({
      bytes: new Uint8Array(0),
      length: 0,
      sequence: 0,
      arrivalMs: 0,
      used: false,
    }));
  }

  /** One packet: buffer[start..end) with the sequence number that its header shows. */
  push(sequence: number, buffer: Uint8Array, start: number, end: number, arrivalMs: number): void {
    const steps = this.#expected === undefined ? 0 : sequenceSteps(this.#expected, sequence);
    if (steps === 0) {
      if (this.#held > 0) this.reordered += 1;
      this.#restartAt = undefined;
      this.#deliver(sequence, buffer, start, end, arrivalMs, false);
      if (this.#held > 0) this.#drain();
    } else if (steps > maxDropout || steps < -maxMisorder) {
      this.#jump(sequence, buffer, start, end, arrivalMs);
    } else if (steps < 0) {
      this.#behind(sequence);
    } else {
      this.#ahead(sequence, buffer, start, end, arrivalMs);
    }
    if (this.#held > 0) this.flushAged(arrivalMs);
  }

  /** Gives up the holes that kept a packet waiting for too long. */
  flushAged(nowMs: number): void {
    while (this.#held > 0 && nowMs - this.#waitingSinceMs >= this.#options.maxWaitMs) {
      this.#giveUpHole();
      this.#drain();
    }
  }

  /** Forgets the held packets and the place; the counters stay. */
  reset(): void {
    for (const slot of this.#slots) slot.used = false;
    this.#held = 0;
    this.#missing = 0;
    this.#expected = undefined;
    this.#restartAt = undefined;
    this.#delivered.fill(1);
  }

  #deliver(
    sequence: number,
    buffer: Uint8Array,
    start: number,
    end: number,
    arrivalMs: number,
    restart: boolean,
  ): void {
    this.#delivered[sequence & 0xff] = 1;
    this.#expected = nextSequence(sequence);
    const missing = this.#missing;
    this.#missing = 0;
    this.#options.deliver(buffer, start, end, arrivalMs, missing, restart);
  }

  #behind(sequence: number): void {
    if (this.#delivered[sequence & 0xff] === 1) {
      this.duplicates += 1;
    } else {
      this.#delivered[sequence & 0xff] = 1;
      this.late += 1;
      this.reordered += 1;
    }
  }

  #ahead(sequence: number, buffer: Uint8Array, start: number, end: number, arrivalMs: number): void {
    // Make room: what is maxPackets older than this packet is lost, or leaves now.
    const { maxPackets } = this.#options;
    while (this.#held > 0 && this.#stepsTo(sequence) >= maxPackets) this.#stepOver();
    const beyond = this.#stepsTo(sequence) - Math.max(0, maxPackets - 1);
    if (beyond > 0) this.#giveUp(beyond);
    this.#drain();
    if (this.#stepsTo(sequence) === 0) {
      this.#deliver(sequence, buffer, start, end, arrivalMs, false);
      return;
    }
    const slot = this.#slotOf(sequence);
    if (slot === undefined) return;
    if (slot.used) {
      this.duplicates += 1;
      return;
    }
    if (this.#held === 0) {
      this.#waitingSinceMs = arrivalMs;
      this.#highest = sequence;
    } else if (sequenceSteps(this.#highest, sequence) < 0) {
      this.reordered += 1;
    } else {
      this.#highest = sequence;
    }
    const length = end - start;
    if (slot.bytes.length < length) slot.bytes = new Uint8Array(Math.max(2048, length));
    copyBytes(buffer, start, end, slot.bytes, 0);
    slot.length = length;
    slot.sequence = sequence;
    slot.arrivalMs = arrivalMs;
    slot.used = true;
    this.#held += 1;
  }

  /** Two consecutive packets far away: the sender began anew. The first of them is lost, as in RFC 3550 A.1. */
  #jump(sequence: number, buffer: Uint8Array, start: number, end: number, arrivalMs: number): void {
    if (sequence !== this.#restartAt) {
      this.#restartAt = nextSequence(sequence);
      return;
    }
    while (this.#held > 0) {
      this.#giveUpHole();
      this.#drain();
    }
    this.#restartAt = undefined;
    this.#delivered.fill(1);
    this.#deliver(sequence, buffer, start, end, arrivalMs, true);
  }

  /** Delivers what is held from `expected` on, up to the next hole. */
  #drain(): void {
    if (this.#held === 0) return;
    while (this.#held > 0 && this.#isHeld(this.#expected ?? 0)) this.#stepOver();
    if (this.#held > 0) this.#waitingSinceMs = this.#oldestArrivalMs();
  }

  #giveUpHole(): void {
    while (this.#held > 0 && !this.#isHeld(this.#expected ?? 0)) this.#stepOver();
  }

  /** One step on: the held packet leaves, or its place is a lost one. */
  #stepOver(): void {
    const sequence = this.#expected ?? 0;
    const slot = this.#slotOf(sequence);
    if (slot !== undefined && slot.used && slot.sequence === sequence) {
      slot.used = false;
      this.#held -= 1;
      this.#deliver(sequence, slot.bytes, 0, slot.length, slot.arrivalMs, false);
    } else {
      this.#giveUp(1);
    }
  }

  /** The next `places` are lost, and none of them is held; at once, for a sender may claim thousands before each packet. */
  #giveUp(places: number): void {
    const first = this.#expected ?? 0;
    const marked = Math.min(places, this.#delivered.length);
    for (let i = places - marked; i < places; i += 1) this.#delivered[(first + i) & 0xff] = 0;
    this.#expected = (first + places) & 0xffff;
    this.#missing += places;
    this.lost += places;
  }

  #stepsTo(sequence: number): number {
    return sequenceSteps(this.#expected ?? sequence, sequence);
  }

  #isHeld(sequence: number): boolean {
    const slot = this.#slotOf(sequence);
    return slot !== undefined && slot.used && slot.sequence === sequence;
  }

  #slotOf(sequence: number): Slot | undefined {
    return this.#slots[sequence % this.#options.maxPackets];
  }

  #oldestArrivalMs(): number {
    let oldest = Infinity;
    for (const slot of this.#slots) if (slot.used) oldest = Math.min(oldest, slot.arrivalMs);
    return oldest;
  }
}
