import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What is read again and again is a few dozen small files. */
const maxKept = 64;
const bufferBytes = 64 * 1024;

/**
 * Files of /proc and /sys below a root (tests pass a directory of fixtures). Those that the kernel answers from memory are
 * read synchronously: a few microseconds each, where a trip through the thread pool costs ten times that. Whatever may
 * wait for hardware is read by the asynchronous forms.
 *
 * A file that is asked for a second time stays open and is read anew from its beginning: the kernel makes its text afresh for every
 * read from there (proc(5), seq_file), and opening and closing costs as much as reading.
 */
export class HostFiles {
  readonly root: string;
  /** The process whose network and mounts are told, as a path: the own one, or the first of the host that is mounted at the root. */
  readonly process: 'proc/self' | 'proc/1';
  /** Descriptors by path; undefined for one that was read once. */
  readonly #kept = new Map<string, number | undefined>();
  #buffer = Buffer.allocUnsafe(bufferBytes);
  #isClosed = false;

  constructor(root = '/', process: HostFiles['process'] = 'proc/self') {
    this.root = root;
    this.process = process;
  }

  /** Undefined when there is no such file, or it cannot be read: a feature that this kernel lacks. */
  read(path: string): string | undefined {
    const descriptor = this.#kept.get(path);
    try {
      if (descriptor !== undefined) return this.#readFrom(descriptor);
      const place = join(this.root, path);
      if (!this.#kept.has(path)) {
        const text = readFileSync(place, 'utf8');
        if (!this.#isClosed && this.#kept.size < maxKept) this.#kept.set(path, undefined);
        return text;
      }
      const opened = openSync(place, 'r');
      this.#kept.set(path, opened);
      return this.#readFrom(opened);
    } catch {
      // Its device or group is gone; should there be another one of this name, it is opened anew.
      this.#forget(path);
      return undefined;
    }
  }

  /** Closes what was kept open; reading still works. Idempotent. */
  close(): void {
    this.#isClosed = true;
    for (const path of this.#kept.keys()) this.#forget(path);
  }

  list(path: string): readonly string[] {
    try {
      return readdirSync(join(this.root, path));
    } catch {
      return [];
    }
  }

  #readFrom(descriptor: number): string {
    let length = 0;
    for (;;) {
      if (length === this.#buffer.length)
        this.#buffer = Buffer.concat([this.#buffer, Buffer.allocUnsafe(length)]);
      const bytes = readSync(descriptor, this.#buffer, length, this.#buffer.length - length, length);
      if (bytes === 0) return this.#buffer.toString('utf8', 0, length);
      length += bytes;
    }
  }

  #forget(path: string): void {
    const descriptor = this.#kept.get(path);
    this.#kept.delete(path);
    if (descriptor !== undefined) closeSync(descriptor);
  }

  async readSlow(path: string): Promise<string | undefined> {
    return readFile(join(this.root, path), 'utf8').catch(() => undefined);
  }

  async listSlow(path: string): Promise<readonly string[]> {
    return readdir(join(this.root, path)).catch(() => []);
  }
}

/** A file that holds one number; undefined for `max`, for nothing and for anything else. */
export function toNumber(text: string | undefined): number | undefined {
  const trimmed = text?.trim();
  if (trimmed === undefined || trimmed === '') return undefined;
  const value = Number(trimmed);
  return Number.isFinite(value) ? value : undefined;
}

/** The number after a key at the beginning of a line, where a table of all of them would be for nothing. */
export function numberAfter(text: string, key: string): number | undefined {
  const start = text.startsWith(`${key} `) ? 0 : text.indexOf(`\n${key} `) + 1;
  if (start === 0 && !text.startsWith(`${key} `)) return undefined;
  const value = Number.parseInt(text.slice(start + key.length + 1, start + key.length + 24), 10);
  return Number.isNaN(value) ? undefined : value;
}

/** Lines `key value` (memory.stat, vmstat, cpu.stat) to numbers; others are left out. */
export function toTable(text: string): ReadonlyMap<string, number> {
  const table = new Map<string, number>();
  for (const line of text.split('\n')) {
    const at = line.indexOf(' ');
    if (at < 0) continue;
    const value = Number(line.slice(at + 1));
    if (!Number.isNaN(value)) table.set(line.slice(0, at), value);
  }
  return table;
}
