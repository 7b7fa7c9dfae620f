/** Reads the files that the keeper writes: which moments there are pictures of, and the pictures. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { fileName, timeOf } from './still-name.ts';

/** What the decoders give at most; a larger file is none of the keeper's. */
const maxJpegBytes = 8 * 2 ** 20;

export interface StillRange {
  /** Unix ms, both included. */
  readonly fromMs: number;
  readonly toMs: number;
  /** So many at most. */
  readonly limit: number;
}

export class KeptStills {
  readonly everySeconds: number;
  readonly #directory: string;

  constructor({ directory, everySeconds }: { readonly directory: string; readonly everySeconds: number }) {
    this.#directory = directory;
    this.everySeconds = everySeconds;
  }

  /**
   * When the pictures reached the relay, Unix ms, oldest first: the newest that fit. None of a stream that has no folder.
   * Rejects when the folder cannot be read.
   */
  async times(stream: string, { fromMs, toMs, limit }: StillRange): Promise<readonly number[]> {
    const names = await orUndefined(readdir(join(this.#directory, stream)));
    return (names ?? [])
      .flatMap((name) => timeOf(name) ?? [])
      .filter((atMs) => atMs >= fromMs && atMs <= toMs)
      .sort((a, b) => a - b)
      .slice(-limit);
  }

  /** The JPEG of that very moment; undefined where none is kept, or not any more. Rejects when it cannot be read. */
  async read(stream: string, atMs: number): Promise<Buffer | undefined> {
    // The name is made here, out of a number: no text of a caller becomes part of a path.
    const path = join(this.#directory, stream, fileName(atMs));
    const facts = await orUndefined(stat(path));
    if (facts?.isFile() !== true || facts.size > maxJpegBytes) return undefined;
    // It may be thrown away between the two.
    return orUndefined(readFile(path));
  }
}

async function orUndefined<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
