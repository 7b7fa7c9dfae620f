/** The arena owns every byte whose address C is given. */
import type { NativeLedger } from './ledger.ts';
import { loadAddressOf, NativeError } from './library.ts';
import { loadLowMemory, type MapLowMemory } from './low-memory.ts';

/** A piece of memory that never moves: the same bytes for JavaScript (`bytes`) and for C (`address`). */
export interface Block {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly address: number;
}

/** Where the bytes of a typed array lie, for as long as its backing store lives. */
export type AddressOf = (bytes: Uint8Array) => number;

const SLAB_BYTES = 256 * 1024;
const ALIGNMENT = 64;

/**
 * Small blocks are cut from slabs, which stay as long as the arena's thread, and recycled by size; large ones have a backing store of their own, which goes when
 * its block is freed and forgotten. Everything handed out stays referenced here until `free`, because a backing store
 * that JavaScript no longer sees is released while C may still write to it.
 */
export class Arena {
  readonly #live = new Map<number, Block>();
  readonly #recycled = new Map<number, Block[]>();
  #slab: Block | undefined;
  #slabUsed = 0;
  #bytesInUse = 0;
  readonly #addressOf: AddressOf;
  readonly #mapLowMemory: MapLowMemory;

  /** `ledger`: of the thread, whose end ends the slabs as well; without one they stay for good. */
  constructor(addressOf: AddressOf = addressesOfThisMachine(), ledger?: NativeLedger) {
    this.#addressOf = addressOf;
    this.#mapLowMemory = loadLowMemory(ledger);
  }

  /** Bytes handed out and not yet freed. */
  get bytesInUse(): number {
    return this.#bytesInUse;
  }

  get blocksInUse(): number {
    return this.#live.size;
  }

  /** Zeroed memory of at least one and exactly `byteLength` bytes, aligned to 64. */
  allocate(byteLength: number): Block {
    if (!Number.isSafeInteger(byteLength) || byteLength < 1)
      throw new RangeError(`arena: cannot allocate ${byteLength} bytes`);
    const block = byteLength > SLAB_BYTES / 4 ? this.#ownStore(byteLength) : this.#small(byteLength);
    this.#live.set(block.address, block);
    this.#bytesInUse += byteLength;
    return block;
  }

  /** Takes a block back. Freeing one twice, or a foreign one, is a bug and throws. */
  free(block: Block): void {
    if (this.#live.get(block.address) !== block) throw new Error('arena: block is not in use');
    this.#live.delete(block.address);
    this.#bytesInUse -= block.bytes.length;
    if (block.bytes.length > SLAB_BYTES / 4) return;
    const sameSize = this.#recycled.get(block.bytes.length);
    if (sameSize) sameSize.push(block);
    else this.#recycled.set(block.bytes.length, [block]);
  }

  #small(byteLength: number): Block {
    const recycled = this.#recycled.get(byteLength)?.pop();
    if (recycled) {
      recycled.bytes.fill(0);
      return { ...recycled };
    }
    if (!this.#slab || this.#slabUsed + byteLength > SLAB_BYTES) {
      this.#slab = this.#slabInLowMemory() ?? this.#ownStore(SLAB_BYTES);
      this.#slabUsed = 0;
    }
    const offset = this.#slabUsed;
    this.#slabUsed += Math.ceil(byteLength / ALIGNMENT) * ALIGNMENT;
    const bytes = new Uint8Array(this.#slab.bytes.buffer, offset, byteLength);
    return { bytes, address: this.#slab.address + offset };
  }

  #slabInLowMemory(): Block | undefined {
    const memory = this.#mapLowMemory(SLAB_BYTES);
    return memory && { bytes: new Uint8Array(memory.bytes), address: memory.address };
  }

  #ownStore(byteLength: number): Block {
    // An explicit ArrayBuffer: a typed array of up to 64 bytes made without one lives on V8's moving heap.
    const bytes = new Uint8Array(new ArrayBuffer(Math.max(byteLength, 128)), 0, byteLength);
    return { bytes, address: this.#addressOf(bytes) };
  }
}

/** Made-up addresses that tell blocks apart, for the portable halves: these never show one to C. */
export function countedAddresses(): AddressOf {
  let next = ALIGNMENT;
  return ({ length }) => {
    const address = next;
    next += Math.ceil(Math.max(length, 128) / ALIGNMENT) * ALIGNMENT;
    return address;
  };
}

/** Real addresses where foreign functions can be called at all; made-up ones where nothing would take them. */
function addressesOfThisMachine(): AddressOf {
  try {
    return loadAddressOf();
  } catch (error) {
    if (error instanceof NativeError) return countedAddresses();
    throw error;
  }
}
