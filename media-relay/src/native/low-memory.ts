/**
 * Memory below 2^31. There an address is a small integer to V8; above, every sum of an address and an offset is a heap
 * number, five of them for each packet that is sealed: a tenth of the sealing, and most of the garbage.
 */
import type { NativeLedger } from './ledger.ts';
import { NativeError, openLibrary, viewOf } from './library.ts';

const PROT_READ_WRITE = 3;
const MAP_PRIVATE_ANONYMOUS = 0x22;
/** Linux on x86-64 only. */
const MAP_32BIT = 0x40;
const SMALL_INTEGERS = 2 ** 31;

export interface LowMemory {
  readonly bytes: ArrayBuffer;
  readonly address: number;
}

/** Zeroed bytes; undefined where none can be had below the line. */
export type MapLowMemory = (byteLength: number) => LowMemory | undefined;

/**
 * What it maps stays for the life of the process, or of the thread whose `ledger` it is written in. Load it as the thread
 * begins: the process aborts when a thread is ended while koffi declares a function for it
 * (30 us; a view of what was mapped takes less than one, a call of a function none).
 */
export function loadLowMemory(ledger?: NativeLedger, open = openLibrary): MapLowMemory {
  if (process.platform !== 'linux' || process.arch !== 'x64') return () => undefined;
  try {
    const libc = open('libc.so.6');
    const mmap = libc.bind('mmap', 'long', ['uint64_t', 'size_t', 'int', 'int', 'int', 'long']);
    return (byteLength) => {
      const address = mmap(0, byteLength, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS | MAP_32BIT, -1, 0);
      if (address <= 0 || address + byteLength > SMALL_INTEGERS) return undefined;
      ledger?.add('mapping', address, byteLength);
      return { bytes: viewOf(address, byteLength), address };
    };
  } catch (error) {
    if (error instanceof NativeError) return () => undefined;
    throw error;
  }
}
