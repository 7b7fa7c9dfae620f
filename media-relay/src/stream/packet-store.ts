/**
 * The packets of one track, made once for all viewers: the current group of pictures for those who join, and a
 * little history for resends. One ring of native memory, because ciphers read payloads from it by address.
 */
import type { AccessUnit } from '../media/access-unit.ts';
import type { Arena, Block } from '../native/arena.ts';

/** One access unit as RTP payloads, in the store until it is evicted; viewers refer to it by `number`. */
export interface StoredFrame {
  /** Counts up by one per frame for the life of the store. */
  readonly number: number;
  /** Where its payloads start in `store.memory`; moves when the store grows, so read it when needed. */
  offset: number;
  readonly byteLength: number;
  /** Payload length of each packet. */
  readonly payloadLengths: Uint16Array;
  /** Sampling instant in stream ticks (90 kHz for video), continuous over reconnects. */
  readonly ticks: number;
  readonly arrivalMs: number;
  readonly captureMs: number | undefined;
  readonly isKey: boolean;
  readonly isBroken: boolean;
}

export interface StoreLimits {
  /** Beyond any of these the group of pictures is not kept: a viewer that joins waits for the next key frame. */
  readonly gopSeconds: number;
  readonly gopFrames: number;
  readonly gopBytes: number;
  /** Frames younger than this stay for resends even when a new group has begun. */
  readonly historySeconds: number;
}

export const defaultStoreLimits: StoreLimits = {
  gopSeconds: 10,
  gopFrames: 600,
  gopBytes: 16 * 2 ** 20,
  historySeconds: 2,
};

/** More than `gopFrames` plus the history at any frame rate that we meet. */
const FRAME_SLOTS = 1024;
const FIRST_BYTES = 256 * 1024;
/** The history may stand beside a full group. */
const HISTORY_BYTES = 8 * 2 ** 20;

/** Writes the payloads of one access unit to `target` from `offset` on and tells their lengths. */
export interface Packetiser {
  bound(unit: AccessUnit): { readonly packets: number; readonly bytes: number };
  write(
    unit: AccessUnit,
    target: Uint8Array,
    offset: number,
    lengths: Uint16Array,
  ): { readonly packets: number; readonly bytes: number };
}

export class PacketStore {
  readonly #arena: Arena;
  readonly #packetiser: Packetiser;
  readonly #limits: StoreLimits;
  readonly #slots: (StoredFrame | undefined)[] = Array.from({ length: FRAME_SLOTS });
  readonly #maxBytes: number;
  #memory: Block;
  #lengths = new Uint16Array(256);
  #first = 0;
  #next = 0;
  #writeAt = 0;
  #gopStart: number | undefined;
  #gopBytes = 0;
  #gopTooLong = false;
  #newestKey = -1;

  constructor(arena: Arena, packetiser: Packetiser, limits: StoreLimits = defaultStoreLimits) {
    this.#arena = arena;
    this.#packetiser = packetiser;
    this.#limits = limits;
    this.#memory = arena.allocate(FIRST_BYTES);
    this.#maxBytes = limits.gopBytes + HISTORY_BYTES;
  }

  get memory(): Block {
    return this.#memory;
  }

  /** Number of the next frame to come. */
  get nextNumber(): number {
    return this.#next;
  }

  /** First frame of the current group of pictures, from which a decoder can start; undefined when none is kept. */
  get gopStart(): number | undefined {
    return this.#gopStart;
  }

  /** Payload bytes since the newest key frame: what a burst of the current group is. */
  get gopBytes(): number {
    return this.#gopBytes;
  }

  /** The current group is longer than the limits: `gop-too-long`. */
  get gopTooLong(): boolean {
    return this.#gopTooLong;
  }

  frame(number: number): StoredFrame | undefined {
    return number >= this.#first && number < this.#next ? this.#slots[number % FRAME_SLOTS] : undefined;
  }

  get newest(): StoredFrame | undefined {
    return this.frame(this.#next - 1);
  }

  /** The last key frame that came whole, for as long as it is stored: longer than its group when the source is gone. */
  get newestKey(): StoredFrame | undefined {
    return this.frame(this.#newestKey);
  }

  /** Packetises and keeps one access unit; undefined when it has no packets or is larger than the store may be. */
  append(unit: AccessUnit, ticks: number): StoredFrame | undefined {
    const bound = this.#packetiser.bound(unit);
    if (bound.packets === 0 || bound.bytes > this.#maxBytes / 2) return undefined;
    if (this.#lengths.length < bound.packets) this.#lengths = new Uint16Array(bound.packets * 2);
    this.#judgeGop(unit);
    const offset = this.#reserve(bound.bytes, unit.arrivalMs);
    const written = this.#packetiser.write(unit, this.#memory.bytes, offset, this.#lengths);
    if (written.packets === 0) return undefined;
    const frame: StoredFrame = {
      number: this.#next,
      offset,
      byteLength: written.bytes,
      payloadLengths: this.#lengths.slice(0, written.packets),
      ticks,
      arrivalMs: unit.arrivalMs,
      captureMs: unit.captureMs,
      isKey: unit.isKey,
      isBroken: unit.isBroken,
    };
    this.#slots[frame.number % FRAME_SLOTS] = frame;
    this.#next += 1;
    this.#writeAt = offset + written.bytes;
    this.#gopBytes += written.bytes;
    if (unit.isKey) this.#gopStart = unit.isBroken ? undefined : frame.number;
    if (unit.isKey && !unit.isBroken) this.#newestKey = frame.number;
    return frame;
  }

  /** The source was interrupted: what follows does not refer to what is here. */
  breakGop(): void {
    this.#gopStart = undefined;
  }

  close(): void {
    this.#arena.free(this.#memory);
    this.#first = this.#next;
    this.#gopStart = undefined;
    this.#slots.fill(undefined);
  }

  #judgeGop(unit: AccessUnit): void {
    if (unit.isKey) {
      // A long group is told by its own end, and forgiven by the first short one after it.
      if (this.#gopStart !== undefined) this.#gopTooLong = false;
      this.#gopBytes = 0;
      return;
    }
    if (this.#gopStart === undefined) return;
    const start = this.frame(this.#gopStart);
    const tooLong =
      start === undefined ||
      this.#next - this.#gopStart >= this.#limits.gopFrames ||
      unit.arrivalMs - start.arrivalMs > this.#limits.gopSeconds * 1000 ||
      this.#gopBytes > this.#limits.gopBytes;
    if (!tooLong) return;
    this.#gopStart = undefined;
    this.#gopTooLong = true;
  }

  /** Makes `byteLength` bytes in one piece, evicting what is old and growing while everything is still needed. */
  #reserve(byteLength: number, nowMs: number): number {
    if (this.#next - this.#first >= FRAME_SLOTS) this.#evict();
    for (;;) {
      const offset = this.#gap(byteLength);
      if (offset !== undefined) return offset;
      const oldest = this.frame(this.#first);
      if (oldest === undefined) {
        this.#writeAt = 0;
        this.#grow(byteLength);
        continue;
      }
      const needed =
        (this.#gopStart !== undefined && oldest.number >= this.#gopStart) ||
        nowMs - oldest.arrivalMs < this.#limits.historySeconds * 1000;
      if (needed && this.#memory.bytes.length < this.#maxBytes) this.#grow(byteLength);
      else this.#evict();
    }
  }

  /** Where `byteLength` contiguous bytes are free, not touching any stored frame; undefined when nowhere. */
  #gap(byteLength: number): number | undefined {
    const size = this.#memory.bytes.length;
    const oldest = this.frame(this.#first);
    if (oldest === undefined) return byteLength <= size ? 0 : undefined;
    if (this.#writeAt > oldest.offset) {
      if (this.#writeAt + byteLength <= size) return this.#writeAt;
      return byteLength <= oldest.offset ? 0 : undefined;
    }
    return this.#writeAt + byteLength <= oldest.offset ? this.#writeAt : undefined;
  }

  #evict(): void {
    if (this.#gopStart === this.#first) this.#gopStart = undefined;
    this.#slots[this.#first % FRAME_SLOTS] = undefined;
    this.#first += 1;
  }

  #grow(atLeast: number): void {
    const old = this.#memory;
    const size = Math.min(this.#maxBytes, Math.max(old.bytes.length * 2, atLeast * 2));
    const larger = this.#arena.allocate(Math.max(size, old.bytes.length + atLeast));
    let at = 0;
    for (let number = this.#first; number < this.#next; number++) {
      const frame = this.frame(number);
      if (frame === undefined) continue;
      larger.bytes.set(old.bytes.subarray(frame.offset, frame.offset + frame.byteLength), at);
      frame.offset = at;
      at += frame.byteLength;
    }
    this.#writeAt = at;
    this.#memory = larger;
    this.#arena.free(old);
  }
}
