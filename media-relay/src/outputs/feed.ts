/** Streams for decoders outside of the media thread: their pictures as messages, bounded by what has been used up. */
import type { FeedEnd, FromEngine } from '../engine/messages.ts';
import type { StoredFrame } from '../stream/packet-store.ts';
import type { Stream, StreamReader } from '../stream/stream.ts';
import { codedPicture } from './coded-picture.ts';

/** More than this on its way and not used up: pictures are left out until the next key frame. */
const MAX_UNTAKEN_BYTES = 2 * 2 ** 20;

export class FeedOutput {
  readonly #emit: (message: FromEngine) => void;
  readonly #feeds = new Map<number, Feed>();

  constructor(emit: (message: FromEngine) => void) {
    this.#emit = emit;
  }

  open(id: number, stream: Stream | undefined): void {
    if (stream === undefined) {
      this.#emit({ type: 'feed-ended', feedId: id, reason: 'stream-not-found' });
      return;
    }
    const feed = new Feed(id, stream, this.#emit, () => this.#feeds.delete(id));
    this.#feeds.set(id, feed);
    feed.start();
  }

  taken(id: number, bytes: number): void {
    this.#feeds.get(id)?.taken(bytes);
  }

  close(id: number): void {
    this.#feeds.get(id)?.close();
    this.#feeds.delete(id);
  }
}

class Feed implements StreamReader {
  readonly #id: number;
  readonly #stream: Stream;
  readonly #emit: (message: FromEngine) => void;
  readonly #onEnded: () => void;
  #untakenBytes = 0;
  #waitsForKey = true;

  constructor(id: number, stream: Stream, emit: (message: FromEngine) => void, onEnded: () => void) {
    this.#id = id;
    this.#stream = stream;
    this.#emit = emit;
    this.#onEnded = onEnded;
  }

  /** The kept key frame goes at once, as a still; what moves begins with the next one. */
  start(): void {
    const key = this.#stream.videoStore?.newestKey;
    this.#stream.attach(this);
    if (key !== undefined) this.#send(key);
  }

  taken(bytes: number): void {
    this.#untakenBytes = Math.max(0, this.#untakenBytes - bytes);
  }

  close(): void {
    this.#stream.detach(this);
  }

  onVideo(frame: StoredFrame): void {
    if (frame.isKey && !frame.isBroken) this.#waitsForKey = false;
    if (this.#untakenBytes >= MAX_UNTAKEN_BYTES) this.#waitsForKey = true;
    if (!this.#waitsForKey) this.#send(frame);
  }

  onAudio(): void {}

  onReady(): void {}

  onInterrupt(): void {
    this.#waitsForKey = true;
  }

  onEnd(reason: FeedEnd): void {
    this.#emit({ type: 'feed-ended', feedId: this.#id, reason });
    this.#onEnded();
  }

  #send(frame: StoredFrame): void {
    const store = this.#stream.videoStore;
    if (store === undefined) return;
    const picture = codedPicture(store, frame);
    this.#untakenBytes += picture.units.length;
    this.#emit({ type: 'feed-picture', feedId: this.#id, picture });
  }
}
