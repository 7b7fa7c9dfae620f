/** The main thread's end: starts the media thread, asks it, and remembers its newest statistics. */
import { Worker } from 'node:worker_threads';
import { giveBack } from '../native/give-back.ts';
import { ledgerMemory } from '../native/ledger.ts';
import { NativeError } from '../native/library.ts';
import type { BookedEngine, Feed, FeedListener, MainStreamBook } from './engine-port.ts';
import type {
  EngineEvent,
  EngineSnapshot,
  EngineSpec,
  FromEngine,
  KeyFrameQuestion,
  KeyFrameResult,
  LogFields,
  OfferResult,
  QualityWish,
  SessionClock,
  SessionEnd,
  SessionQuality,
  StreamSpec,
  ThreadData,
  ToEngine,
} from './messages.ts';

export interface EngineClientOptions {
  readonly spec: EngineSpec;
  readonly log: (level: 'debug' | 'info' | 'warn' | 'error', message: string, fields: LogFields) => void;
  /** The media thread died by itself. */
  readonly onCrash: (error: Error) => void;
}

const ANSWER_WITHIN_MS = 2000;
const STOP_WITHIN_MS = 5000;
/** The media thread speaks once a second at least; silent at so many looks, a second apart, it hangs. */
const LOOK_MS = 1000;
const SILENT_LOOKS = 5;
/** Before its first word it loads its modules and makes a certificate: seconds on the slowest machine. */
const STARTING_LOOKS = 60;

const hung = (looks: number): string => `the media thread hung: not a word for ${(looks * LOOK_MS) / 1000} s`;

/** Resolves once the media port is bound; rejects with a sentence when it cannot be. */
export async function startEngine(options: EngineClientOptions): Promise<BookedEngine> {
  const client = new EngineClient(options);
  await client.ready;
  return client;
}

class EngineClient implements BookedEngine {
  readonly ready: Promise<void>;
  readonly #worker: Worker;
  readonly #options: EngineClientOptions;
  readonly #eventListeners: ((event: EngineEvent) => void)[] = [];
  readonly #endListeners: ((sessionId: string, stream: string, reason: SessionEnd) => void)[] = [];
  readonly #offers = new Map<number, (result: OfferResult) => void>();
  readonly #clocks = new Map<number, (clock: SessionClock | undefined) => void>();
  readonly #qualities = new Map<number, (quality: SessionQuality | undefined) => void>();
  readonly #keyFrames = new Map<number, (result: KeyFrameResult) => void>();
  readonly #feeds = new Map<number, FeedListener>();
  readonly #exited: Promise<void>;
  #book: MainStreamBook | undefined;
  #nextRequest = 1;
  #snapshot: EngineSnapshot | undefined;
  #mediaPort = 0;
  #stopping = false;
  #silentLooks = 0;
  readonly #watch: NodeJS.Timeout;
  readonly #ledger = ledgerMemory();

  constructor(options: EngineClientOptions) {
    this.#options = options;
    this.#worker = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: { spec: options.spec, ledger: this.#ledger } satisfies ThreadData,
      name: `media-${options.spec.threadIndex ?? 0}`,
    });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.ready = promise;
    this.#watch = setInterval(() => this.#look(), LOOK_MS);
    this.#worker.on('message', (message: FromEngine) => {
      if (message.type === 'ready') {
        this.#mediaPort = message.mediaPort;
        const thread = options.spec.threadIndex ?? 0;
        options.log('info', 'media engine ready', { thread, mediaPort: message.mediaPort, ...message.back });
        resolve();
      }
      this.#silentLooks = 0;
      this.#handle(message);
    });
    let failure: Error | undefined;
    this.#worker.on('error', (error: Error) => {
      failure = error;
      reject(error);
    });
    this.#exited = new Promise((done) => {
      this.#worker.on('exit', () => {
        const looks = this.#patience;
        const isHung = this.#silentLooks >= looks;
        const reason = failure ?? new Error(isHung ? hung(looks) : 'the media thread ended');
        clearInterval(this.#watch);
        this.#giveBack();
        done();
        reject(reason);
        this.#failPending();
        if (!this.#stopping && this.#mediaPort !== 0) options.onCrash(reason);
      });
    });
  }

  get mediaPort(): number {
    return this.#mediaPort;
  }

  setStream(spec: StreamSpec): void {
    this.#post({ type: 'set-stream', spec });
  }

  removeStream(name: string): void {
    this.#post({ type: 'remove-stream', name });
  }

  restartStream(name: string): void {
    this.#post({ type: 'restart-stream', name });
  }

  offer(stream: string, sdp: string, wish: QualityWish = {}): Promise<OfferResult> {
    const requestId = this.#nextRequest++;
    const late: OfferResult = {
      ok: false,
      code: 'stream-not-ready',
      message: 'The relay is busy.',
      retryAfterSeconds: 2,
    };
    return this.#request<OfferResult>(
      this.#offers,
      requestId,
      late,
      { type: 'offer', requestId, stream, sdp, wish },
      (result) => {
        // Nobody waits for this session any more.
        if (result.ok) this.closeSession(result.sessionId);
      },
    );
  }

  sessionClock(sessionId: string, frames: number): Promise<SessionClock | undefined> {
    const requestId = this.#nextRequest++;
    return this.#request<SessionClock | undefined>(
      this.#clocks,
      requestId,
      undefined,
      { type: 'session-clock', requestId, sessionId, frames },
      () => undefined,
    );
  }

  sessionQuality(sessionId: string, wish: QualityWish): Promise<SessionQuality | undefined> {
    const requestId = this.#nextRequest++;
    return this.#request<SessionQuality | undefined>(
      this.#qualities,
      requestId,
      undefined,
      { type: 'session-quality', requestId, sessionId, wish },
      () => undefined,
    );
  }

  setMainStreamBook(book: MainStreamBook): void {
    this.#book = book;
  }

  closeSession(sessionId: string, reason: SessionEnd = 'closed-by-viewer'): void {
    this.#post({ type: 'close-session', sessionId, reason });
  }

  keyFrame(stream: string, question: KeyFrameQuestion = {}): Promise<KeyFrameResult> {
    const requestId = this.#nextRequest++;
    return this.#request<KeyFrameResult>(
      this.#keyFrames,
      requestId,
      noKeyFrame('The relay is busy.'),
      { type: 'key-frame', requestId, stream, question },
      () => undefined,
    );
  }

  openFeed(stream: string, listener: FeedListener): Feed {
    const feedId = this.#nextRequest++;
    this.#feeds.set(feedId, listener);
    this.#post({ type: 'open-feed', feedId, stream });
    return {
      taken: (bytes) => this.#post({ type: 'feed-taken', feedId, bytes }),
      close: () => {
        if (this.#feeds.delete(feedId)) this.#post({ type: 'close-feed', feedId });
      },
    };
  }

  snapshot(): EngineSnapshot | undefined {
    return this.#snapshot;
  }

  onEvent(listener: (event: EngineEvent) => void): void {
    this.#eventListeners.push(listener);
  }

  onSessionEnded(listener: (sessionId: string, stream: string, reason: SessionEnd) => void): void {
    this.#endListeners.push(listener);
  }

  async close(): Promise<void> {
    if (this.#stopping) return this.#exited;
    this.#stopping = true;
    this.#post({ type: 'shutdown' });
    const timer = setTimeout(() => void this.#worker.terminate(), STOP_WITHIN_MS);
    await this.#exited;
    clearTimeout(timer);
  }

  /** Looks are counted, not seconds: when the whole process stood still, the thread is not to blame. */
  #look(): void {
    if (this.#stopping || ++this.#silentLooks !== this.#patience) return;
    void this.#worker.terminate();
  }

  /** Node has closed the thread's sockets, also those that were made by hand: from their adoption on they are its own. */
  #giveBack(): void {
    try {
      giveBack(this.#ledger);
    } catch (error) {
      if (!(error instanceof NativeError)) throw error;
      this.#options.log('warn', 'memory of a media thread that ended is lost', { error: error.message });
    }
  }

  get #patience(): number {
    return this.#mediaPort === 0 ? STARTING_LOOKS : SILENT_LOOKS;
  }

  #post(message: ToEngine): void {
    this.#worker.postMessage(message);
  }

  /** Resolves with the answer, or with `late` after two seconds; a later answer goes to `onLate`. */
  #request<T>(
    pending: Map<number, (value: T) => void>,
    requestId: number,
    late: T,
    message: ToEngine,
    onLate: (value: T) => void,
  ): Promise<T> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        pending.set(requestId, (value) => {
          pending.delete(requestId);
          onLate(value);
        });
        resolve(late);
      }, ANSWER_WITHIN_MS);
      pending.set(requestId, (value) => {
        clearTimeout(timer);
        pending.delete(requestId);
        resolve(value);
      });
      this.#post(message);
    });
  }

  #handle(message: FromEngine): void {
    switch (message.type) {
      case 'answer':
        this.#offers.get(message.requestId)?.(message.result);
        return;
      case 'session-clock':
        this.#clocks.get(message.requestId)?.(message.clock);
        return;
      case 'session-quality':
        this.#qualities.get(message.requestId)?.(message.quality);
        return;
      case 'key-frame':
        this.#keyFrames.get(message.requestId)?.(message.result);
        return;
      case 'feed-picture':
        this.#feeds.get(message.feedId)?.onPicture(message.picture);
        return;
      case 'feed-ended': {
        const listener = this.#feeds.get(message.feedId);
        this.#feeds.delete(message.feedId);
        listener?.onEnd(message.reason);
        return;
      }
      case 'ask-main-stream': {
        const { sessionId } = message;
        const isGranted = this.#book?.take(sessionId) ?? true;
        this.#post({ type: 'main-stream-answer', sessionId, isGranted });
        return;
      }
      case 'leave-main-stream':
        this.#book?.giveBack(message.sessionId);
        return;
      case 'session-ended':
        for (const listener of this.#endListeners)
          listener(message.sessionId, message.stream, message.reason);
        return;
      case 'statistics':
        this.#snapshot = message.snapshot;
        return;
      case 'event':
        for (const listener of this.#eventListeners) listener(message.event);
        return;
      case 'log':
        this.#options.log(message.level, message.message, message.fields);
        return;
      case 'ready':
      case 'stopped':
    }
  }

  #failPending(): void {
    const refusal: OfferResult = this.#stopping
      ? { ok: false, code: 'shutting-down', message: 'The relay is stopping.' }
      : { ok: false, code: 'stream-not-ready', message: 'The media engine stopped.', retryAfterSeconds: 1 };
    for (const answer of this.#offers.values()) answer(refusal);
    for (const answer of this.#clocks.values()) answer(undefined);
    for (const answer of this.#qualities.values()) answer(undefined);
    for (const answer of this.#keyFrames.values()) answer(noKeyFrame('The media engine stopped.'));
    const feeds = [...this.#feeds.values()];
    this.#feeds.clear();
    for (const listener of feeds) listener.onEnd('engine-stopped');
  }
}

function noKeyFrame(message: string): KeyFrameResult {
  return { kind: 'none', code: 'stream-not-ready', message };
}
