/** Bits, most significant first (ITU-T H.264 7.2, 9.1). The caller sizes the buffer for the worst case. */
export class BitWriter {
  readonly bytes: Uint8Array;
  /** Newest bits at the bottom; whatever was shifted past bit 31 is already written. */
  private word = 0;
  private free = 32;
  private position = 0;

  constructor(capacityBytes: number) {
    this.bytes = new Uint8Array(capacityBytes);
  }

  reset(): void {
    this.word = 0;
    this.free = 32;
    this.position = 0;
  }

  get bitLength(): number {
    return this.position * 8 + 32 - this.free;
  }

  /** `value` below 2^count, `count` 0..32. */
  put(value: number, count: number): void {
    const left = this.free - count;
    if (left > 0) {
      this.word = (this.word << count) | value;
      this.free = left;
      return;
    }
    this.spill(this.free === 32 ? value : (this.word << this.free) | (value >>> -left));
    this.word = value;
    this.free = 32 + left;
  }

  /** ue(v), for values below 65,535 (9.1). */
  unsignedGolomb(value: number): void {
    const bits = 32 - Math.clz32(value + 1);
    this.put(value + 1, 2 * bits - 1);
  }

  /** se(v) (9.1.1). */
  signedGolomb(value: number): void {
    this.unsignedGolomb(value > 0 ? 2 * value - 1 : -2 * value);
  }

  alignWithZeros(): void {
    const partial = this.free & 7;
    if (partial !== 0) this.put(0, partial);
  }

  /** Only when aligned: makes the bytes so far readable and moves on by `count` bytes that the caller fills in. */
  reserveBytes(count: number): number {
    this.flush();
    const start = this.position;
    this.position += count;
    return start;
  }

  /** rbsp_trailing_bits() (7.3.2.11); returns the number of bytes in `bytes`. */
  finish(): number {
    this.put(1, 1);
    this.alignWithZeros();
    this.flush();
    return this.position;
  }

  private flush(): void {
    const used = 32 - this.free;
    for (let shift = used - 8; shift >= 0; shift -= 8) {
      this.bytes[this.position++] = this.word >>> shift;
    }
    this.word = 0;
    this.free = 32;
  }

  private spill(word: number): void {
    const { bytes, position } = this;
    bytes[position] = word >>> 24;
    bytes[position + 1] = word >>> 16;
    bytes[position + 2] = word >>> 8;
    bytes[position + 3] = word;
    this.position = position + 4;
  }
}
