/** Gives back to C what a thread had when it died (ledger.ts). */
import { nativeKinds, readLedger, type NativeKind } from './ledger.ts';
import { openLibrary } from './library.ts';

export type GiveBack = Readonly<Record<NativeKind, (address: number, byteLength: number) => void>>;

/**
 * Only once the thread has ended, the worker's 'exit', and once for each thread: returns how many things it had. OpenSSL's
 * objects hold each other by counts and call nothing of ours when they are freed: neither the order nor the thread matters. Throws NativeError where C cannot be called.
 */
export function giveBack(memory: SharedArrayBuffer, load: () => GiveBack = loadGiveBack): number {
  const things = readLedger(memory);
  // Where koffi has no binary there is nothing, and nothing can be loaded.
  if (things.length === 0) return 0;
  const free = load();
  const byKind = Map.groupBy(things, ({ kind }) => kind);
  for (const kind of nativeKinds)
    for (const { address, byteLength } of byKind.get(kind) ?? []) free[kind](address, byteLength);
  return things.length;
}

function loadGiveBack(): GiveBack {
  const libc = openLibrary('libc.so.6');
  const openssl = openLibrary(undefined);
  const freeing = (name: string) => openssl.bind(name, 'void', ['uint64_t']);
  return {
    mapping: libc.bind('munmap', 'int', ['uint64_t', 'size_t']),
    ssl: freeing('SSL_free'), // and its BIOs
    'ssl-context': freeing('SSL_CTX_free'),
    cipher: freeing('EVP_CIPHER_CTX_free'),
    mac: freeing('HMAC_CTX_free'),
  };
}
