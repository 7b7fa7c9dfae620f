import { ProtocolError } from './protocol-error.ts';

/**
 * Reads the bits of a NAL unit's RBSP (ITU-T H.264 7.2, 7.3.1, 9.1): the emulation prevention byte in
 * 00 00 03 is stepped over. Every read past the end throws `ProtocolError`.
 */
export class BitReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;
  #bitsLeft = 0;
  #current = 0;
  #zeros = 0;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = Math.min(end, bytes.length);
  }

  /** u(n), n from 0 to 32. */
  bits(count: number): number {
    let value = 0;
    let wanted = count;
    while (wanted > 0) {
      if (this.#bitsLeft === 0) this.#nextByte();
      const take = Math.min(wanted, this.#bitsLeft);
      this.#bitsLeft -= take;
      value = value * 2 ** take + ((this.#current >> this.#bitsLeft) & ((1 << take) - 1));
      wanted -= take;
    }
    return value;
  }

  flag(): boolean {
    return this.bits(1) === 1;
  }

  /** ue(v): 0 to 2^32 - 2. */
  ue(): number {
    let leadingZeros = 0;
    while (this.bits(1) === 0) {
      leadingZeros += 1;
      if (leadingZeros > 31) {
        throw new ProtocolError('BITS_BAD_EXP_GOLOMB', 'Exp-Golomb code with more than 31 leading zeros');
      }
    }
    return 2 ** leadingZeros - 1 + this.bits(leadingZeros);
  }

  /** se(v). */
  se(): number {
    const code = this.ue();
    return code % 2 === 1 ? (code + 1) / 2 : code === 0 ? 0 : -code / 2;
  }

  #nextByte(): void {
    if (this.#zeros === 2 && this.#at < this.#end && this.#bytes[this.#at] === 3) {
      this.#at += 1;
      this.#zeros = 0;
    }
    const byte = this.#at < this.#end ? this.#bytes[this.#at] : undefined;
    if (byte === undefined) throw new ProtocolError('BITS_OVERRUN', 'The bits end before the last field');
    this.#at += 1;
    this.#zeros = byte === 0 ? Math.min(this.#zeros + 1, 2) : 0;
    this.#current = byte;
    this.#bitsLeft = 8;
  }
}
