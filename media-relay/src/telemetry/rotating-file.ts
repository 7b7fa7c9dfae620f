import { createReadStream, createWriteStream, writeSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { mkdir, open, readdir, rename, rm, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

import type { Clock } from '../media/clock.ts';

export interface RotatingFileOptions {
  readonly path: string;
  /** A file that would become longer is put away first. */
  readonly maxBytes: number;
  /** Files that are kept besides the current one. */
  readonly keepFiles: number;
  readonly clock: Clock;
  readonly warn: (message: string) => void;
}

const dayMs = 86_400_000;
const retryMs = 5_000;
const maxQueuedBytes = 4 * 1024 * 1024;

/**
 * A log file that is put away, compressed, when it is full and when a new day begins (UTC). Writing never waits and never
 * fails: when the disk is slow or full, lines wait up to 4 MB and are then left out and counted. Whatever else lies in the
 * folder stays untouched.
 */
export class RotatingFile {
  readonly #options: RotatingFileOptions;
  #file: FileHandle;
  #size: number;
  #day: number;
  #queue: string[] = [];
  #queuedBytes = 0;
  #leftOut = 0;
  #hasWarned = false;
  #isClosed = false;
  /** After a failure: no disk access before this moment of performance.now(). */
  #retryAt = 0;
  #turn: NodeJS.Immediate | undefined;
  #writing: Promise<void> | undefined;
  #tidying: Promise<void> = Promise.resolve();

  /** Rejects with a system error when the file cannot be opened for appending. */
  static async open(options: RotatingFileOptions): Promise<RotatingFile> {
    await mkdir(dirname(options.path), { recursive: true });
    const file = await open(options.path, 'a', 0o600);
    const { size, mtimeMs } = await file.stat();
    const rotating = new RotatingFile(options, file, size, size === 0 ? options.clock() : mtimeMs);
    // What an earlier run had no time for.
    rotating.#tidy();
    return rotating;
  }

  private constructor(options: RotatingFileOptions, file: FileHandle, size: number, sinceMs: number) {
    this.#options = options;
    this.#file = file;
    this.#size = size;
    this.#day = Math.floor(sinceMs / dayMs);
  }

  /** Whole lines. */
  write(text: string): void {
    if (this.#isClosed) return;
    if (this.#queuedBytes > maxQueuedBytes) {
      this.#leftOut++;
      return;
    }
    this.#queue.push(text);
    this.#queuedBytes += Buffer.byteLength(text);
    // Lines of one moment go together, and the last words of a process are still here when it ends.
    this.#turn ??= setImmediate(() => {
      this.#turn = undefined;
      void this.#write();
    });
  }

  /** Resolves when all that was written is in the file, or could not be. */
  async flush(): Promise<void> {
    while (this.#queue.length > 0 && performance.now() >= this.#retryAt) await this.#write();
    await this.#writing;
  }

  /** For the moment in which the process ends. */
  flushNow(): void {
    if (this.#isClosed) return;
    try {
      writeSync(this.#file.fd, this.#take());
    } catch {
      // There is nobody left to tell.
    }
  }

  /** Idempotent. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    await this.flush();
    this.#isClosed = true;
    clearImmediate(this.#turn);
    await this.#tidying;
    await this.#file.close();
  }

  #write(): Promise<void> {
    this.#writing ??= this.#drain().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #drain(): Promise<void> {
    if (performance.now() < this.#retryAt) return;
    try {
      while (this.#queue.length > 0) {
        const day = Math.floor(this.#options.clock() / dayMs);
        if (this.#size > 0 && (day !== this.#day || this.#size + this.#queuedBytes > this.#options.maxBytes))
          await this.#rotate();
        this.#day = day;
        const bytes = Buffer.from(this.#take());
        this.#size += bytes.length;
        await this.#file.appendFile(bytes);
      }
      this.#hasWarned = false;
    } catch (error) {
      this.#retryAt = performance.now() + retryMs;
      if (!this.#hasWarned)
        this.#options.warn(`the log file ${this.#options.path} cannot be written: ${messageOf(error)}`);
      this.#hasWarned = true;
    }
  }

  #take(): string {
    const text = this.#queue.join('');
    const leftOut = this.#leftOut;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#leftOut = 0;
    if (leftOut === 0) return text;
    const line = { level: 'warn', time: new Date(this.#options.clock()).toISOString(), leftOut };
    return `${text}${JSON.stringify({ ...line, msg: 'log lines were left out: the disk was too slow' })}\n`;
  }

  async #rotate(): Promise<void> {
    const { path, clock } = this.#options;
    const stamp = new Date(clock()).toISOString().replace(/[-:]/g, '');
    await rename(path, `${path}.${stamp}`).catch((error: unknown) => {
      // It is gone: removed to make room, or put away by a turn that could not open the next one.
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    });
    const next = await open(path, 'a', 0o600);
    const full = this.#file;
    this.#file = next;
    this.#size = 0;
    await full.close();
    this.#tidy();
  }

  /** One after the other, beside the writing. */
  #tidy(): void {
    this.#tidying = this.#tidying
      .then(() => this.#pruneAndCompress())
      .catch((error: unknown) => {
        this.#options.warn(`old log files cannot be put away: ${messageOf(error)}`);
      });
  }

  /** The oldest go whether they could be compressed or not, and before that takes room; one that fails stops no other. */
  async #pruneAndCompress(): Promise<void> {
    const { path, keepFiles } = this.#options;
    const all = (await this.#old()).map((name) => join(dirname(path), name));
    // A process may end between the two files of one.
    const isTwice = (one: string): boolean => all.includes(`${one}.gz`);
    let failure: unknown;
    const noteFailure = (error: unknown): void => {
      failure ??= error;
    };
    for (const one of all.filter(isTwice)) await unlink(one).catch(noteFailure);
    const old = all.filter((one) => !isTwice(one));
    const tooMany = Math.max(0, old.length - keepFiles);
    for (const [index, one] of old.entries()) {
      if (index >= tooMany && one.endsWith('.gz')) continue;
      await (index < tooMany ? remove(one) : compress(one)).catch(noteFailure);
    }
    if (failure !== undefined) throw failure;
  }

  /** Names of files that were put away, the oldest first: they carry the moment. */
  async #old(): Promise<string[]> {
    const { path } = this.#options;
    const prefix = `${basename(path)}.`;
    const names = await readdir(dirname(path));
    return names
      .filter(
        (name) => name.startsWith(prefix) && /^\d{8}T\d{6}\.\d{3}Z(\.gz)?$/.test(name.slice(prefix.length)),
      )
      .toSorted();
  }
}

async function compress(path: string): Promise<void> {
  const temporary = unfinished(path);
  try {
    await pipeline(createReadStream(path), createGzip(), createWriteStream(temporary, { mode: 0o600 }));
    await rename(temporary, `${path}.gz`);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  await unlink(path);
}

async function remove(path: string): Promise<void> {
  await unlink(path);
  // Of a process that ended while it compressed this one.
  await rm(unfinished(path), { force: true });
}

function unfinished(path: string): string {
  return `${path}.gz.new`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown error';
}
