/** Moving pictures as JPEGs, where WebRTC cannot go. One decoder per stream and width, shared by all who watch. */
import { mjpegArguments } from '../decode/arguments.ts';
import { DecodeError } from '../decode/decode-error.ts';
import { flvConfiguration, flvHeader, flvPicture } from '../decode/flv.ts';
import { MpjpegReader } from '../decode/mpjpeg.ts';
import type { DecodePool, LiveDecoder } from '../decode/pool.ts';
import type { EnginePort, Feed } from '../engine/engine-port.ts';
import type { CodedPicture } from '../engine/messages.ts';

/** Whoever watches. */
export interface MjpegViewer {
  /** Takes a picture, or says that the last one is still on its way: then this one is left out. */
  onPicture(jpeg: Buffer): 'taken' | 'busy';
  onEnd(): void;
}

export interface MjpegStreamsOptions {
  readonly engine: Pick<EnginePort, 'openFeed'>;
  readonly pool: Pick<DecodePool, 'open' | 'ffmpeg'>;
}

export interface MjpegStatistics {
  readonly viewers: number;
  readonly streams: number;
  readonly sentTotal: number;
  /** Left out because a viewer was slow. */
  readonly droppedTotal: number;
  readonly rejectedTotal: number;
}

export const mjpegFramesPerSecond = 5;
export const maxMjpegViewers = 64;
/** A stream without pictures, and a viewer who takes none, are let go: both hold a decoder. */
const silenceMs = 30_000;

export class MjpegStreams {
  readonly #options: MjpegStreamsOptions;
  readonly #channels = new Map<string, Channel>();
  #viewers = 0;
  readonly #counts = { sent: 0, dropped: 0 };
  #rejectedTotal = 0;

  constructor(options: MjpegStreamsOptions) {
    this.#options = options;
  }

  get statistics(): MjpegStatistics {
    return {
      viewers: this.#viewers,
      streams: this.#channels.size,
      sentTotal: this.#counts.sent,
      droppedTotal: this.#counts.dropped,
      rejectedTotal: this.#rejectedTotal,
    };
  }

  /** Resolves with the function that ends watching; `onEnd` is not called after it. Rejects with DecodeError. */
  async watch(stream: string, width: number | undefined, viewer: MjpegViewer): Promise<() => void> {
    if (this.#viewers >= maxMjpegViewers) {
      this.#rejectedTotal++;
      throw new DecodeError('busy', `${maxMjpegViewers} viewers watch MJPEG already.`);
    }
    this.#viewers++;
    const key = `${stream}/${width ?? 'full'}`;
    let channel = this.#channels.get(key);
    if (channel === undefined) {
      channel = new Channel(stream, width, this.#options, this.#counts, () => this.#channels.delete(key));
      this.#channels.set(key, channel);
    }
    const watched = channel;
    let isWatching = true;
    const leave = (): void => {
      if (!isWatching) return;
      isWatching = false;
      this.#viewers--;
      watched.remove(inside);
    };
    const inside: MjpegViewer = {
      onPicture: (jpeg) => viewer.onPicture(jpeg),
      onEnd() {
        if (!isWatching) return;
        leave();
        viewer.onEnd();
      },
    };
    channel.add(inside);
    try {
      await channel.opened;
    } catch (error) {
      if (isWatching) leave();
      throw error;
    }
    return leave;
  }

  /** Ends them all. */
  close(): void {
    for (const channel of this.#channels.values()) channel.end();
  }
}

/** One stream in one width, from its first viewer to its last. */
class Channel {
  readonly opened: Promise<void>;
  readonly #counts: { sent: number; dropped: number };
  readonly #onOver: () => void;
  /** With the moment at which each took its last picture. */
  readonly #viewers = new Map<MjpegViewer, number>();
  #feed: Feed | undefined;
  #decoder: LiveDecoder | undefined;
  #startMs: number | undefined;
  #newest: Buffer | undefined;
  #silence: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(
    stream: string,
    width: number | undefined,
    options: MjpegStreamsOptions,
    counts: { sent: number; dropped: number },
    onOver: () => void,
  ) {
    this.#counts = counts;
    this.#onOver = onOver;
    this.opened = this.#open(stream, width, options);
    // Those who watch are told by their own call.
    this.opened.catch(() => this.end());
  }

  add(viewer: MjpegViewer): void {
    this.#viewers.set(viewer, performance.now());
    if (this.#newest !== undefined) this.#send(viewer, this.#newest);
  }

  remove(viewer: MjpegViewer): void {
    this.#viewers.delete(viewer);
    if (this.#viewers.size === 0) this.end();
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#silence);
    this.#feed?.close();
    this.#decoder?.close();
    this.#onOver();
    for (const viewer of this.#viewers.keys()) viewer.onEnd();
    this.#viewers.clear();
  }

  async #open(
    stream: string,
    width: number | undefined,
    { engine, pool }: MjpegStreamsOptions,
  ): Promise<void> {
    const { ffmpeg } = pool;
    if (!ffmpeg.isThere) throw new DecodeError('no-ffmpeg', ffmpeg.reason);
    const reader = new MpjpegReader((jpeg) => this.#onJpeg(jpeg));
    const decoder = await pool.open({
      arguments: mjpegArguments(ffmpeg.version, width, mjpegFramesPerSecond),
      onOutput: (bytes) => this.#onOutput(reader, bytes),
      onEnd: () => this.end(),
    });
    if (this.#isOver) {
      decoder.close();
      throw new DecodeError('closing', 'Nobody watches any more.');
    }
    this.#decoder = decoder;
    this.#feed = engine.openFeed(stream, {
      onPicture: (picture) => void this.#onPicture(picture, decoder),
      onEnd: () => this.end(),
    });
    this.#expectPicture();
  }

  async #onPicture(picture: CodedPicture, decoder: LiveDecoder): Promise<void> {
    const { units, isKey, arrivalMs } = picture;
    if (this.#startMs === undefined) {
      const configuration = flvConfiguration(units);
      if (configuration !== undefined) {
        this.#startMs = arrivalMs;
        void decoder.write(flvHeader);
        void decoder.write(configuration);
      }
    }
    // The kept key frame may be old: the time from it to the next picture is real.
    if (this.#startMs !== undefined) await decoder.write(flvPicture(units, isKey, arrivalMs - this.#startMs));
    this.#feed?.taken(units.length);
  }

  #onOutput(reader: MpjpegReader, bytes: Buffer): void {
    if (this.#isOver) return;
    try {
      reader.add(bytes);
    } catch {
      this.end();
    }
  }

  #onJpeg(jpeg: Buffer): void {
    this.#newest = jpeg;
    this.#expectPicture();
    for (const viewer of this.#viewers.keys()) this.#send(viewer, jpeg);
  }

  #send(viewer: MjpegViewer, jpeg: Buffer): void {
    const nowMs = performance.now();
    if (viewer.onPicture(jpeg) === 'taken') {
      this.#counts.sent++;
      if (this.#viewers.has(viewer)) this.#viewers.set(viewer, nowMs);
      return;
    }
    this.#counts.dropped++;
    if (nowMs - (this.#viewers.get(viewer) ?? nowMs) > silenceMs) viewer.onEnd();
  }

  #expectPicture(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.end(), silenceMs);
  }
}
