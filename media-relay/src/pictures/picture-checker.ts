/** Looks at one key frame of every live stream now and then; many of them in one process. */
import { setImmediate } from 'node:timers/promises';

import { grayHeight, grayWidth } from '../decode/arguments.ts';
import { DecodeError } from '../decode/decode-error.ts';
import { decodeGray, type GrayResult } from '../decode/gray-batch.ts';
import type { DecodePool } from '../decode/pool.ts';
import type { EnginePort } from '../engine/engine-port.ts';
import type { Clock } from '../media/clock.ts';
import { pictureFlags, type PictureFlag } from '../stream/states.ts';
import type { Logger } from '../telemetry/log.ts';
import { pictureFacts, type PictureFacts } from './picture-facts.ts';
import { noFlags, PictureJudge } from './picture-judge.ts';

export interface PictureCheckerOptions {
  readonly engine: Pick<EnginePort, 'keyFrame' | 'snapshot'>;
  readonly pool: Pick<DecodePool, 'run' | 'ffmpeg'>;
  readonly clock: Clock;
  readonly everySeconds: number;
  readonly onFlag: (stream: string, flag: PictureFlag, on: boolean) => void;
  readonly log: Pick<Logger, 'debug' | 'error'>;
}

export interface PictureHealth extends PictureFacts {
  readonly flags: Readonly<Record<PictureFlag, boolean>>;
  /** Arrival of the newest picture that was looked at, in Unix ms. */
  readonly pictureMs: number;
  readonly checkedMs: number;
  /** How long each flag was on, summed. */
  readonly flagSecondsTotal: Readonly<Record<PictureFlag, number>>;
}

export interface CheckerStatistics {
  /** Pictures that were looked at. */
  readonly checksTotal: number;
  /** By reason: `busy` (the pool was), `unreadable` (the picture is). */
  readonly failuresTotal: { readonly busy: number; readonly unreadable: number };
}

interface Watched {
  readonly judge: PictureJudge;
  readonly flagSecondsTotal: Record<PictureFlag, number>;
  health: PictureHealth | undefined;
  triedMs: number;
}

interface KeyFrame {
  readonly stream: string;
  /** Its own, as it came from the media thread. */
  readonly units: Uint8Array<ArrayBuffer>;
  readonly arrivalMs: number;
}

/** Of one process; the bytes are in memory twice meanwhile. */
const maxBatchPictures = 32;
const maxBatchBytes = 8 * 2 ** 20;

export class PictureChecker {
  readonly #options: PictureCheckerOptions;
  readonly #watched = new Map<string, Watched>();
  readonly #failures = { busy: 0, unreadable: 0 };
  #checksTotal = 0;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: PictureCheckerOptions) {
    this.#options = options;
  }

  get statistics(): CheckerStatistics {
    return { checksTotal: this.#checksTotal, failuresTotal: { ...this.#failures } };
  }

  /** Undefined for a stream that is not live, or was not looked at yet. */
  health(stream: string): PictureHealth | undefined {
    return this.#watched.get(stream)?.health;
  }

  /** Begins; without an interval nothing is ever looked at. */
  start(): void {
    const { everySeconds, log } = this.#options;
    if (everySeconds === 0 || this.#isClosed) return;
    this.#timer = setTimeout(() => {
      void this.checkAll()
        .catch((error: unknown) => log.error({ err: error }, 'pictures could not be checked'))
        .then(() => this.start());
    }, everySeconds * 1000);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  /** Another camera, or none, has this name now: what was wrong with the pictures of the old one is over. */
  forget(stream: string): void {
    const judge = this.#watched.get(stream)?.judge;
    this.#watched.delete(stream);
    for (const flag of Object.keys(pictureFlags) as PictureFlag[])
      if (judge?.flags[flag] === true) this.#options.onFlag(stream, flag, false);
  }

  /** One round. Streams without a new key frame since the last one are not looked at. */
  async checkAll(): Promise<void> {
    const live = (this.#options.engine.snapshot()?.streams ?? [])
      .filter(({ state }) => state === 'live' || state === 'refused')
      .map(({ name }) => name);
    this.#dropOthers(new Set(live));
    let batch: KeyFrame[] = [];
    let bytes = 0;
    for (const stream of live) {
      const frame = await this.#newKeyFrame(stream);
      if (frame === undefined) continue;
      if (batch.length === maxBatchPictures || bytes + frame.units.length > maxBatchBytes) {
        await this.#checkAndRelease(batch);
        batch = [];
        bytes = 0;
      }
      batch.push(frame);
      bytes += frame.units.length;
    }
    if (batch.length > 0) await this.#checkAndRelease(batch);
  }

  /** What is not live has no picture to be judged. */
  #dropOthers(live: ReadonlySet<string>): void {
    for (const stream of this.#watched.keys()) if (!live.has(stream)) this.forget(stream);
  }

  async #newKeyFrame(stream: string): Promise<KeyFrame | undefined> {
    let watched = this.#watched.get(stream);
    if (watched === undefined) {
      const seconds = { frozen: 0, black: 0, overexposed: 0, underexposed: 0, blurred: 0 };
      watched = { judge: new PictureJudge(), flagSecondsTotal: seconds, health: undefined, triedMs: 0 };
      this.#watched.set(stream, watched);
    }
    const result = await this.#options.engine.keyFrame(stream, { newerThanMs: watched.triedMs });
    if (result.kind !== 'picture' || this.#isClosed) return undefined;
    const { units, arrivalMs } = result.picture;
    watched.triedMs = arrivalMs;
    return { stream, units, arrivalMs };
  }

  /** The pictures' memory goes at once: a main thread that has little to do collects its garbage every few minutes. */
  async #checkAndRelease(batch: readonly KeyFrame[]): Promise<void> {
    try {
      await this.#check(batch);
    } finally {
      for (const { units } of batch) units.buffer.transfer(0);
    }
  }

  async #check(batch: readonly KeyFrame[]): Promise<void> {
    let results: readonly (GrayResult | undefined)[];
    try {
      results = await decodeGray(
        this.#options.pool,
        batch.map(({ units }) => units),
      );
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      if (error.code !== 'failed') this.#failures.busy += batch.length;
      else if (batch.length === 1) this.#failures.unreadable++;
      else {
        // One of them may be a picture that ends ffmpeg: the others must not suffer for long.
        const half = Math.ceil(batch.length / 2);
        await this.#check(batch.slice(0, half));
        await this.#check(batch.slice(half));
      }
      return;
    }
    for (const [index, { stream, arrivalMs }] of batch.entries()) {
      const result = results[index];
      if (result === undefined) this.#failures.unreadable++;
      else this.#judge(stream, arrivalMs, result);
      // A fraction of a millisecond each; requests go in between.
      await setImmediate();
    }
  }

  #judge(stream: string, arrivalMs: number, { pixels, checksum }: GrayResult): void {
    const watched = this.#watched.get(stream);
    if (watched === undefined || this.#isClosed) return;
    this.#checksTotal++;
    const { judge, flagSecondsTotal, health: before } = watched;
    const facts = pictureFacts({ pixels, width: grayWidth, height: grayHeight });
    const checkedMs = this.#options.clock();
    if (before !== undefined)
      for (const flag of Object.keys(pictureFlags) as PictureFlag[])
        if (judge.flags[flag]) flagSecondsTotal[flag] += (checkedMs - before.checkedMs) / 1000;
    const changes = judge.check({ facts, checksum });
    watched.health = {
      ...facts,
      flags: { ...noFlags(), ...judge.flags },
      pictureMs: arrivalMs,
      checkedMs,
      flagSecondsTotal: { ...flagSecondsTotal },
    };
    for (const { flag, on } of changes) this.#options.onFlag(stream, flag, on);
  }
}
