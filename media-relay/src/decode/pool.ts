/** Every ffmpeg of the relay comes from here: never more at once than this host bears, and each within bounds. */
import type { HostLimits } from '../host-limits.ts';
import type { Logger } from '../telemetry/log.ts';
import { DecodeError } from './decode-error.ts';
import { startFfmpeg, type FfmpegProcess } from './ffmpeg-process.ts';
import type { Ffmpeg } from './find-ffmpeg.ts';
import { Slots, type SlotKind, type SlotOptions } from './slots.ts';

export interface PoolOptions {
  readonly ffmpeg: Ffmpeg;
  readonly limits: SlotOptions;
  readonly log: Pick<Logger, 'debug' | 'warn'>;
}

/** Bytes in, bytes out, and over. */
export interface DecodeJob {
  /** Jobs of the same key that run at the same time are one: those who ask for it get the same bytes. */
  readonly key: string;
  readonly arguments: readonly string[];
  readonly input: readonly Uint8Array[];
  readonly maxOutputBytes: number;
  readonly deadlineMs: number;
  readonly withSide?: boolean;
}

export interface Decoded {
  readonly output: Buffer;
  /** From file descriptor 3. */
  readonly side: string;
}

export interface LiveJob {
  readonly arguments: readonly string[];
  readonly onOutput: (bytes: Buffer) => void;
  /** It ended without `close`: by itself, which it never should, or with the pool. */
  readonly onEnd: () => void;
}

export interface LiveDecoder {
  /** Resolves when ffmpeg has taken the bytes, and also when it never will. */
  write(bytes: Uint8Array): Promise<void>;
  close(): void;
}

/** Plain numbers; those named `...Total` only grow. */
export interface PoolStatistics {
  readonly limit: number;
  readonly running: number;
  readonly queued: number;
  /** Processes. */
  readonly startedTotal: number;
  /** Jobs refused for want of a decoder: the queue was full, the wait too long, or all for moving pictures were in use. */
  readonly rejectedTotal: number;
  /** Processes ended by the pool: too late, too much output, nobody needs it any more, or the pool closed. */
  readonly killedTotal: number;
  /**
   * Jobs that had a process and no result: it ended with an error, or was killed before it was done (and is in `killedTotal`, too).
   * A decoder of moving pictures has no result but its end: it counts unless its owner closed it.
   */
  readonly failedTotal: number;
  /** How long processes ran, summed. */
  readonly secondsTotal: number;
}

const maxInputBytes = 32 * 2 ** 20;
const maxSideBytes = 64 * 1024;
/** Resident memory of one ffmpeg: 60 MB for HD, 80 MB for 4K. */
const processBytes = 96 * 2 ** 20;

/**
 * At most one decoder per core, 16, and as many as a third of the memory holds; two where that allows one, so that a snapshot need
 * not wait for MJPEG.
 */
export function poolLimits({ cpus, memoryBytes }: HostLimits, configured: number | undefined): SlotOptions {
  const fitting = Math.floor(memoryBytes / 3 / processBytes);
  const slots = configured ?? Math.max(2, Math.min(Math.ceil(cpus), fitting, 16));
  return {
    slots,
    longSlots: Math.max(1, slots - 1),
    queueLength: 4 * slots,
    queueMs: 3000,
    startsPerSecond: 10 * slots,
  };
}

export class DecodePool {
  readonly ffmpeg: Ffmpeg;
  readonly #options: PoolOptions;
  readonly #slots: Slots;
  readonly #jobs = new Map<string, Promise<Decoded>>();
  readonly #processes = new Set<FfmpegProcess>();
  #isClosed = false;
  #startedTotal = 0;
  #killedTotal = 0;
  #failedTotal = 0;
  #secondsTotal = 0;

  constructor(options: PoolOptions) {
    this.ffmpeg = options.ffmpeg;
    this.#options = options;
    this.#slots = new Slots(options.limits);
  }

  get statistics(): PoolStatistics {
    return {
      limit: this.#options.limits.slots,
      running: this.#slots.running,
      queued: this.#slots.queued,
      startedTotal: this.#startedTotal,
      rejectedTotal: this.#slots.rejectedTotal,
      killedTotal: this.#killedTotal,
      failedTotal: this.#failedTotal,
      secondsTotal: this.#secondsTotal,
    };
  }

  /** Rejects with DecodeError. */
  run(job: DecodeJob): Promise<Decoded> {
    const same = this.#jobs.get(job.key);
    if (same !== undefined) return same;
    const result = this.#run(job).finally(() => this.#jobs.delete(job.key));
    this.#jobs.set(job.key, result);
    return result;
  }

  /** A decoder that runs until it is closed. Rejects with DecodeError. */
  async open({ arguments: args, onOutput, onEnd }: LiveJob): Promise<LiveDecoder> {
    const path = this.#path();
    const release = await this.#acquire('long');
    const ffmpeg = this.#start(release, path, args, onOutput, undefined);
    let isClosed = false;
    void ffmpeg.ended.then(({ problem }) => {
      if (isClosed) return;
      this.#failedTotal++;
      this.#options.log.warn({ problem }, 'a decoder of moving pictures ended');
      onEnd();
    });
    return {
      write: (bytes) => new Promise((resolve) => ffmpeg.stdin.write(bytes, () => resolve())),
      close: () => {
        if (isClosed) return;
        isClosed = true;
        this.#kill(ffmpeg);
      },
    };
  }

  /** Kills what runs, refuses what waits. Resolves when every process is gone. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#slots.close();
    const ended = [...this.#processes].map((ffmpeg) => {
      this.#kill(ffmpeg);
      return ffmpeg.ended;
    });
    await Promise.all(ended);
  }

  async #acquire(kind: SlotKind): Promise<() => void> {
    const release = await this.#slots.acquire(kind);
    // It may have been closed between the promise and here.
    if (!this.#isClosed) return release;
    release();
    throw new DecodeError('closing', 'The relay is stopping.');
  }

  #path(): string {
    const { ffmpeg } = this;
    if (!ffmpeg.isThere) throw new DecodeError('no-ffmpeg', ffmpeg.reason);
    return ffmpeg.path;
  }

  async #run({ arguments: args, input, maxOutputBytes, deadlineMs, withSide }: DecodeJob): Promise<Decoded> {
    const path = this.#path();
    const bytes = input.reduce((sum, piece) => sum + piece.length, 0);
    if (bytes > maxInputBytes)
      throw new DecodeError('failed', 'The picture is too large to be decoded here.');
    const release = await this.#acquire('short');
    const output = new BoundedBytes(maxOutputBytes);
    const side = new BoundedBytes(maxSideBytes);
    let verdict: string | undefined;
    const stop = (why: string): void => {
      if (verdict !== undefined) return;
      verdict = why;
      this.#kill(ffmpeg);
    };
    const keep =
      (target: BoundedBytes) =>
      (piece: Buffer): void => {
        if (!target.add(piece)) stop('it wrote too much');
      };
    const onSide = withSide === true ? keep(side) : undefined;
    const ffmpeg = this.#start(release, path, args, keep(output), onSide);
    const timer = setTimeout(() => stop(`it took longer than ${deadlineMs} ms`), deadlineMs);
    for (const piece of input) ffmpeg.stdin.write(piece);
    ffmpeg.stdin.end();
    const { problem } = await ffmpeg.ended;
    clearTimeout(timer);
    // One picture may be enough for it, and it hangs up before it has read all.
    if (verdict === undefined && problem === undefined)
      return { output: output.bytes(), side: side.bytes().toString('latin1') };
    this.#failedTotal++;
    this.#options.log.debug({ problem: verdict ?? problem }, 'a picture was not decoded');
    throw new DecodeError('failed', 'The picture cannot be decoded.');
  }

  /** The slot is given back when the process is gone, or at once when there is none: then it throws DecodeError `busy`. */
  #start(
    release: () => void,
    path: string,
    args: readonly string[],
    onOutput: (bytes: Buffer) => void,
    onSide: ((bytes: Buffer) => void) | undefined,
  ): FfmpegProcess {
    const startMs = performance.now();
    let ffmpeg: FfmpegProcess;
    try {
      ffmpeg = startFfmpeg({ path, arguments: args, onOutput, onSide });
    } catch (error) {
      release();
      this.#slots.rejectedTotal++;
      this.#options.log.debug({ err: error }, 'a decoder could not be started');
      throw new DecodeError('busy', 'This host has no room for another decoder.');
    }
    this.#processes.add(ffmpeg);
    this.#startedTotal++;
    void ffmpeg.ended.then(() => {
      release();
      this.#processes.delete(ffmpeg);
      this.#secondsTotal += (performance.now() - startMs) / 1000;
    });
    return ffmpeg;
  }

  #kill(ffmpeg: FfmpegProcess): void {
    if (!this.#processes.has(ffmpeg)) return;
    this.#killedTotal++;
    ffmpeg.kill();
  }
}

class BoundedBytes {
  readonly #pieces: Buffer[] = [];
  readonly #limit: number;
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** False when it would be too much; it is not kept then. */
  add(piece: Buffer): boolean {
    if (this.#length + piece.length > this.#limit) return false;
    this.#length += piece.length;
    this.#pieces.push(piece);
    return true;
  }

  bytes(): Buffer {
    return Buffer.concat(this.#pieces);
  }
}
