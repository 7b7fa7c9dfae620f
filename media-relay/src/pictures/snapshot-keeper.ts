/** Keeps a picture of every live stream as a file now and then, and throws old ones away. */
import { mkdir, readdir, rename, rm, rmdir, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { EnginePort } from '../engine/engine-port.ts';
import type { Clock } from '../media/clock.ts';
import { toUnixMs, unixNow } from '../media/clock.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Snapshots } from './snapshots.ts';
import { fileName, timeOf } from './still-name.ts';

export interface SnapshotKeeperOptions {
  readonly directory: string;
  readonly everySeconds: number;
  readonly keepHours: number;
  /** Of each stream. */
  readonly keepCount: number;
  readonly engine: Pick<EnginePort, 'snapshot'>;
  readonly snapshots: Pick<Snapshots, 'get'>;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'warn'>;
}

export interface KeeperStatistics {
  readonly writtenTotal: number;
  readonly failedTotal: number;
  readonly removedTotal: number;
}

/** As streams are called. The `lost+found` of a volume, for one, is none, and must not be read. */
const streamFolder = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export class SnapshotKeeper {
  readonly #options: SnapshotKeeperOptions;
  readonly #counts = { written: 0, failed: 0, removed: 0 };
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> = Promise.resolve();
  #isClosed = false;
  #failedAttempts = 0;
  #hasWarned = false;

  constructor(options: SnapshotKeeperOptions) {
    this.#options = options;
  }

  get statistics(): KeeperStatistics {
    const { written, failed, removed } = this.#counts;
    return { writtenTotal: written, failedTotal: failed, removedTotal: removed };
  }

  start(): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => {
      this.#round = this.keepAll().then(() => this.start());
    }, this.#options.everySeconds * 1000);
  }

  /** Resolves when no file is being written any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#round;
  }

  /** One picture of each live stream, one after the other; then what is too old goes, of streams long gone as well. */
  async keepAll(): Promise<void> {
    const { engine, directory } = this.#options;
    const live = (engine.snapshot()?.streams ?? []).filter(({ state }) => state === 'live');
    const failedBefore = this.#failedAttempts;
    for (const { name } of live) {
      if (this.#isClosed) return;
      await this.#attempt(() => this.#keep(name));
    }
    await this.#attempt(async () => {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      for (const entry of await readdir(directory, { withFileTypes: true }))
        if (entry.isDirectory() && streamFolder.test(entry.name))
          await this.#attempt(() => this.#prune(join(directory, entry.name)));
    });
    if (this.#failedAttempts === failedBefore) this.#hasWarned = false;
  }

  async #keep(stream: string): Promise<void> {
    const { directory, snapshots, clock } = this.#options;
    const result = await snapshots.get(stream, undefined, { wake: false });
    if (!result.ok) {
      this.#counts.failed++;
      return;
    }
    const folder = join(directory, stream);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, fileName(toUnixMs(result.snapshot.arrivalMs, clock)));
    // A name that does not end in .jpg: who reads the folder never sees half a picture.
    const unfinished = `${path}.new`;
    await writeFile(unfinished, result.snapshot.jpeg, { mode: 0o600 });
    await rename(unfinished, path);
    this.#counts.written++;
  }

  async #prune(folder: string): Promise<void> {
    const { keepHours, keepCount, clock } = this.#options;
    // As `fileName` makes them: nothing else in a folder is ever touched.
    const files = (await readdir(folder)).filter((name) => timeOf(name) !== undefined).sort();
    const oldestMs = unixNow(clock) - keepHours * 3_600_000;
    const tooMany = files.length - keepCount;
    let left = files.length;
    for (const [index, name] of files.entries()) {
      if (index >= tooMany && (timeOf(name) ?? 0) >= oldestMs) break;
      await unlink(join(folder, name));
      this.#counts.removed++;
      left--;
    }
    for (const name of await readdir(folder))
      if (name.endsWith('.jpg.new') && timeOf(name.slice(0, -4)) !== undefined)
        await rm(join(folder, name), { force: true });
    // Streams come and go by the API under ever new names. Whatever else lies there keeps the folder.
    if (files.length > 0 && left === 0) await rmdir(folder).catch(() => undefined);
  }

  /** A disk that is full or gone costs pictures and nothing else; it is told once until it works again. */
  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#failedAttempts++;
      this.#counts.failed++;
      if (!this.#hasWarned) this.#options.log.warn({ err: error }, 'snapshots cannot be kept');
      this.#hasWarned = true;
    }
  }
}
