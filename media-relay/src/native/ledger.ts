/**
 * What a thread got from C and has not given back, in memory that another thread can read once this one has died: nobody
 * else would know of it then (give-back.ts).
 */

/** Objects of OpenSSL, and pages of their own. */
export const nativeKinds = ['ssl', 'ssl-context', 'cipher', 'mac', 'mapping'] as const;
export type NativeKind = (typeof nativeKinds)[number];

export interface NativeThing {
  readonly kind: NativeKind;
  readonly address: number;
  /** Of a mapping; otherwise 0. */
  readonly byteLength: number;
}

/** Numbers of an entry: kind (from 1; 0 is an empty entry), address, length. Addresses of user space are safe integers. */
const FIELDS = 3;
const ENTRY_BYTES = FIELDS * Float64Array.BYTES_PER_ELEMENT;
const FIRST_ENTRIES = 256;
/** Seven for each viewer at most. What does not fit is not written down. */
const MAX_ENTRIES = 2 ** 18;

/** Of one thread, for its whole life; it grows with what is written. */
export function ledgerMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(FIRST_ENTRIES * ENTRY_BYTES, { maxByteLength: MAX_ENTRIES * ENTRY_BYTES });
}

/**
 * The thread's end. It may die between any two statements, so a thing is added after it was made, and removed before it is
 * freed: the worst is that one is forgotten, never that it is freed twice.
 */
export class NativeLedger {
  readonly #memory: SharedArrayBuffer;
  /** As long as the memory is. */
  readonly #fields: Float64Array;
  readonly #entryOf = new Map<number, number>();
  readonly #empty: number[] = [];
  #used = 0;

  constructor(memory: SharedArrayBuffer) {
    this.#memory = memory;
    this.#fields = new Float64Array(memory);
  }

  /** Nothing is written down for address 0: C had none to give. */
  add(kind: NativeKind, address: number, byteLength = 0): void {
    if (address === 0) return;
    const entry = this.#empty.pop() ?? this.#next();
    if (entry === undefined) return;
    const at = entry * FIELDS;
    this.#fields[at + 1] = address;
    this.#fields[at + 2] = byteLength;
    // Last: before that the entry is empty.
    this.#fields[at] = nativeKinds.indexOf(kind) + 1;
    this.#entryOf.set(address, entry);
  }

  remove(address: number): void {
    const entry = this.#entryOf.get(address);
    if (entry === undefined) return;
    this.#fields[entry * FIELDS] = 0;
    this.#entryOf.delete(address);
    this.#empty.push(entry);
  }

  #next(): number | undefined {
    const { byteLength, maxByteLength } = this.#memory;
    if ((this.#used + 1) * ENTRY_BYTES > byteLength) {
      if (byteLength >= maxByteLength) return undefined;
      this.#memory.grow(Math.min(2 * byteLength, maxByteLength));
    }
    return this.#used++;
  }
}

/** What stands in it. Another thread may ask once the thread that writes has ended. */
export function readLedger(memory: SharedArrayBuffer): NativeThing[] {
  const fields = new Float64Array(memory);
  const things: NativeThing[] = [];
  for (let at = 0; at < fields.length; at += FIELDS) {
    const [code = 0, address = 0, byteLength = 0] = fields.subarray(at, at + FIELDS);
    const kind = nativeKinds[code - 1];
    if (kind !== undefined) things.push({ kind, address, byteLength });
  }
  return things;
}
