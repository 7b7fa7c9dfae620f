import { watchFile, unwatchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';

/** PEM files. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

export interface TlsPair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Throws Error naming the file, or saying that the two do not fit; never shows the key. */
export async function readTlsPair({ cert, key }: TlsFiles): Promise<TlsPair> {
  const pair = { cert: await readPem(cert), key: await readPem(key) };
  try {
    createSecureContext(pair);
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unknown error';
    throw new Error(`TLS: ${cert} and ${key} are no pair of certificate and key: ${why}`, { cause: error });
  }
  return pair;
}

async function readPem(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new Error(`TLS: cannot read ${path}: ${error instanceof Error ? error.message : ''}`, {
      cause: error,
    });
  }
}

const pollMs = 5_000;

/** Polls, since certificates are often replaced behind a symbolic link, of which file events tell nothing. */
export function watchTlsFiles({ cert, key }: TlsFiles, changed: () => void): { close(): void } {
  const paths = [cert, key];
  for (const path of paths) watchFile(path, { interval: pollMs, persistent: false }, changed);
  return {
    close() {
      for (const path of paths) unwatchFile(path, changed);
    },
  };
}
