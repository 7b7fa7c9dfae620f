import { copyBytes } from './copy-bytes.ts';

/** Room before the first NAL unit, so that parameter sets can be put in front without moving the picture. */
const headroomBytes = 1024;
const initialBytes = 256 * 1024;
/** A picture of more bytes or NAL units than this is no picture. */
export const maxAccessUnitBytes = 16 * 1024 * 1024;
const maxUnits = 4096;

/** The growing, reused memory in which one access unit is put together, NAL unit after NAL unit. */
export class AccessUnitBuffer {
  #bytes = new Uint8Array(headroomBytes + initialBytes);
  #at = headroomBytes;
  #unitStart = headroomBytes;
  #ends: number[] = [];

  get isEmpty(): boolean {
    return this.#ends.length === 0;
  }

  /** One byte of the NAL unit under way. Returns false, and takes nothing, when the access unit is full. */
  appendByte(byte: number): boolean {
    if (!this.#reserve(1)) return false;
    this.#bytes[this.#at] = byte;
    this.#at += 1;
    return true;
  }

  /** More bytes of the NAL unit under way. */
  append(buffer: Uint8Array, start: number, end: number): boolean {
    if (!this.#reserve(end - start)) return false;
    copyBytes(buffer, start, end, this.#bytes, this.#at);
    this.#at += end - start;
    return true;
  }

  /** The NAL unit under way is complete. */
  endUnit(): boolean {
    if (this.#ends.length >= maxUnits) {
      this.dropUnit();
      return false;
    }
    this.#ends.push(this.#at - headroomBytes);
    this.#unitStart = this.#at;
    return true;
  }

  /** Forgets the bytes of the NAL unit under way. */
  dropUnit(): void {
    this.#at = this.#unitStart;
  }

  /** The bytes of the NAL unit under way, borrowed. */
  unitInProgress(): Uint8Array {
    return this.#bytes.subarray(this.#unitStart, this.#at);
  }

  /**
   * The access unit, with `front` (`frontBytes` in all) before what was gathered. `data` is borrowed until the next
   * call of any method.
   */
  take(front: readonly Uint8Array[], frontBytes: number): { data: Uint8Array; unitEnds: number[] } {
    let start = headroomBytes - frontBytes;
    if (start < 0) {
      this.#reserve(-start, true);
      this.#bytes.copyWithin(headroomBytes - start, headroomBytes, this.#at);
      this.#at -= start;
      start = 0;
    }
    const unitEnds: number[] = [];
    let at = start;
    for (const nal of front) {
      this.#bytes.set(nal, at);
      at += nal.length;
      unitEnds.push(at - start);
    }
    for (const end of this.#ends) unitEnds.push(end + frontBytes);
    return { data: this.#bytes.subarray(start, this.#at), unitEnds };
  }

  clear(): void {
    this.#at = headroomBytes;
    this.#unitStart = headroomBytes;
    this.#ends.length = 0;
  }

  #reserve(count: number, beyondLimit = false): boolean {
    const wanted = this.#at + count;
    if (wanted <= this.#bytes.length) return true;
    if (wanted > headroomBytes + maxAccessUnitBytes && !beyondLimit) return false;
    const grown = new Uint8Array(
      Math.max(wanted, Math.min(this.#bytes.length * 2, headroomBytes + maxAccessUnitBytes)),
    );
    copyBytes(this.#bytes, 0, this.#at, grown, 0);
    this.#bytes = grown;
    return true;
  }
}
