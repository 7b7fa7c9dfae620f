/** Typed access to the C library and to the OpenSSL that Node itself is linked with. */
import { createRequire } from 'node:module';
import type * as Koffi from 'koffi';

export class NativeError extends Error {
  override readonly name = 'NativeError';
}

let loaded: typeof Koffi | undefined;

/** Loaded at its first use: where it has no binary for the platform, the portable halves run without it. */
function koffi(): typeof Koffi {
  try {
    return (loaded ??= createRequire(import.meta.url)('koffi') as typeof Koffi);
  } catch (error) {
    throw new NativeError(`koffi cannot be loaded on ${process.platform} ${process.arch}`, { cause: error });
  }
}

/** Tells where the bytes of a typed array lie. Throws NativeError where koffi cannot be loaded. */
export function loadAddressOf(): (bytes: Uint8Array) => number {
  const { address } = koffi();
  return (bytes) => Number(address(bytes));
}

/** The bytes that lie at an address: nobody frees them, and they must stay where they are. */
export const viewOf = (address: number, byteLength: number): ArrayBuffer =>
  koffi().view(BigInt(address), byteLength);

/** Every pointer is a plain number (`uint64_t`): checking a Buffer argument costs more than the cipher. */
export type NumericFunction = (...args: number[]) => number;

export interface Library {
  /** Declares one function; every argument and the result is a number. Throws NativeError when it is not exported. */
  readonly bind: (name: string, result: CType, args: readonly CType[]) => NumericFunction;
}

export type CType = 'void' | 'int' | 'uint32_t' | 'long' | 'uint64_t' | 'size_t' | 'uint16_t';

/** `undefined` opens the running program itself, which exports OpenSSL. */
export function openLibrary(path: string | undefined): Library {
  const { load } = koffi();
  let handle: ReturnType<typeof load>;
  try {
    handle = load(path ?? null);
  } catch (error) {
    throw new NativeError(`cannot load ${path ?? 'the running program'}`, { cause: error });
  }
  return {
    bind(name, result, args) {
      try {
        return handle.func(name, result, [...args]) as NumericFunction;
      } catch (error) {
        throw new NativeError(`${path ?? 'this Node.js'} does not export ${name}`, { cause: error });
      }
    },
  };
}

/** Reads eight bytes at an address that C gave us; the value must fit a safe integer. */
export const readUint64 = (address: number): number => Number(koffi().decode(BigInt(address), 'uint64_t'));

/** `errno` of the last foreign call on this thread. */
export const errno = (): number => koffi().errno();

/**
 * Makes a function pointer of a JavaScript function; it must only be called on this thread. koffi has 8,192 for all of a
 * process, and those of a thread that dies do not come back. Throws NativeError when there are no more.
 */
export function registerCallback(
  result: CType,
  args: readonly CType[],
  callback: (...args: number[]) => number,
): { pointer: number; release: () => void } {
  const { pointer: pointerTo, proto, register, unregister } = koffi();
  const type = pointerTo(proto(result, [...args]));
  let pointer: bigint;
  try {
    pointer = register(callback, type);
  } catch (error) {
    throw new NativeError('no more functions can be called from C', { cause: error });
  }
  return { pointer: Number(pointer), release: () => unregister(pointer) };
}
