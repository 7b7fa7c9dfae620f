/** The newest picture of each stream as a JPEG; of a camera that is down, the last one that it sent. */
import { jpegArguments } from '../decode/arguments.ts';
import { DecodeError } from '../decode/decode-error.ts';
import { flvConfiguration, flvHeader, flvPicture } from '../decode/flv.ts';
import type { DecodePool } from '../decode/pool.ts';
import type { EnginePort } from '../engine/engine-port.ts';
import type { CodedPicture } from '../engine/messages.ts';
import type { Clock } from '../media/clock.ts';

export interface Snapshot {
  readonly jpeg: Buffer;
  /** When the picture reached the relay, in Unix ms. */
  readonly arrivalMs: number;
  /** The same for the same picture in the same width. */
  readonly tag: string;
}

export type SnapshotResult =
  | { readonly ok: true; readonly snapshot: Snapshot }
  | {
      readonly ok: false;
      readonly code: 'stream-not-found' | 'stream-not-ready' | DecodeError['code'];
      readonly message: string;
    };

export interface SnapshotsOptions {
  readonly engine: Pick<EnginePort, 'keyFrame'>;
  readonly pool: Pick<DecodePool, 'run'>;
  readonly clock: Clock;
}

interface Entry {
  readonly snapshot: Snapshot;
  readonly stream: string;
  /** When it was last the newest. */
  checkedMs: number;
}

/** Within this time the engine is not asked again. */
const freshMs = 2000;
/** A picture of at most this age stands in when the decoders are busy. */
const staleMs = 10_000;
/** How long an on-demand camera may take: then 503, and the camera stays connected for the one who asks again. */
const waitMs = 1800;
const deadlineMs = 8000;
const maxJpegBytes = 8 * 2 ** 20;
const maxCacheBytes = 32 * 2 ** 20;

export class Snapshots {
  readonly #options: SnapshotsOptions;
  /** By stream and width; least recently used first. */
  readonly #entries = new Map<string, Entry>();
  readonly #pending = new Map<string, Promise<SnapshotResult>>();
  #cachedBytes = 0;
  /** Counts what was forgotten: a picture that was asked for before is not kept after. */
  #forgotten = 0;

  constructor(options: SnapshotsOptions) {
    this.#options = options;
  }

  /** `width`: one of pictureWidths, or undefined for the camera's own. `wake`: an on-demand camera is started for it. */
  get(stream: string, width: number | undefined, { wake = true } = {}): Promise<SnapshotResult> {
    const key = `${stream}/${width ?? 'full'}`;
    const entry = this.#entries.get(key);
    if (entry !== undefined && this.#options.clock() - entry.checkedMs < freshMs) {
      this.#touch(key, entry);
      return Promise.resolve({ ok: true, snapshot: entry.snapshot });
    }
    const pending = this.#pending.get(key);
    if (pending !== undefined) return pending;
    const result = this.#renew(key, stream, width, wake).finally(() => {
      if (this.#pending.get(key) === result) this.#pending.delete(key);
    });
    this.#pending.set(key, result);
    return result;
  }

  /** Another camera, or none, has this name now. */
  forget(stream: string): void {
    this.#forgotten++;
    for (const key of this.#pending.keys()) if (key.startsWith(`${stream}/`)) this.#pending.delete(key);
    for (const [key, entry] of this.#entries) if (entry.stream === stream) this.#drop(key, entry);
  }

  get cachedBytes(): number {
    return this.#cachedBytes;
  }

  async #renew(
    key: string,
    stream: string,
    width: number | undefined,
    wake: boolean,
  ): Promise<SnapshotResult> {
    const { engine, clock } = this.#options;
    const before = this.#forgotten;
    const entry = this.#entries.get(key);
    const newerThanMs = entry?.snapshot.arrivalMs;
    const answer = await engine.keyFrame(stream, { newerThanMs, waitMs: wake ? waitMs : 0 });
    if (answer.kind !== 'picture') {
      if (entry !== undefined) {
        entry.checkedMs = clock();
        return { ok: true, snapshot: entry.snapshot };
      }
      return answer.kind === 'none'
        ? { ok: false, code: answer.code, message: answer.message }
        : { ok: false, code: 'stream-not-ready', message: 'There is no picture yet.' };
    }
    try {
      const snapshot = await this.#decode(key, answer.picture, width);
      if (before === this.#forgotten) this.#keep(key, stream, snapshot);
      return { ok: true, snapshot };
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      if (entry !== undefined && clock() - entry.snapshot.arrivalMs < staleMs)
        return { ok: true, snapshot: entry.snapshot };
      return { ok: false, code: error.code, message: error.message };
    }
  }

  async #decode(
    key: string,
    { units, arrivalMs }: CodedPicture,
    width: number | undefined,
  ): Promise<Snapshot> {
    const configuration = flvConfiguration(units);
    if (configuration === undefined) throw new DecodeError('failed', 'The picture cannot be decoded.');
    const { output } = await this.#options.pool.run({
      key: `snapshot ${key} ${arrivalMs}`,
      arguments: jpegArguments(width),
      input: [flvHeader, configuration, flvPicture(units, true, 0)],
      maxOutputBytes: maxJpegBytes,
      deadlineMs,
    });
    if (output.length === 0) throw new DecodeError('failed', 'The picture cannot be decoded.');
    return { jpeg: output, arrivalMs, tag: `${Math.round(arrivalMs).toString(36)}-${width ?? 'full'}` };
  }

  #keep(key: string, stream: string, snapshot: Snapshot): void {
    const old = this.#entries.get(key);
    if (old !== undefined) this.#drop(key, old);
    this.#entries.set(key, { snapshot, stream, checkedMs: this.#options.clock() });
    this.#cachedBytes += snapshot.jpeg.length;
    for (const [oldest, entry] of this.#entries) {
      if (this.#cachedBytes <= maxCacheBytes) return;
      this.#drop(oldest, entry);
    }
  }

  #touch(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
  }

  #drop(key: string, entry: Entry): void {
    if (this.#entries.delete(key)) this.#cachedBytes -= entry.snapshot.jpeg.length;
  }
}
