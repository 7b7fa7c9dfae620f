import type { BookedEngine, Feed, FeedListener, MainStreamBook } from './engine-port.ts';
import type {
  EngineEvent,
  EngineSnapshot,
  KeyFrameQuestion,
  KeyFrameResult,
  OfferResult,
  QualityWish,
  SessionClock,
  SessionEnd,
  SessionQuality,
  StreamSnapshot,
  StreamSpec,
} from './messages.ts';
import { placeStream, type ThreadLoad } from './placement.ts';
import { mergeSnapshots } from './snapshots.ts';

/** One media thread, as the pool needs it. */
export interface PooledEngine extends BookedEngine {
  readonly isRunning: boolean;
}

const noSuchStream = 'There is no stream of this name.';
const stopping: OfferResult = { ok: false, code: 'shutting-down', message: 'The relay is stopping.' };

/**
 * Several media threads as one engine. Each stream lives on one of them, chosen when it is new and kept until it is
 * removed, so that no viewer is ever moved; its sessions live there with it.
 */
export class EnginePool implements BookedEngine {
  readonly #threads: readonly PooledEngine[];
  readonly #threadOfStream = new Map<string, PooledEngine>();
  readonly #threadOfSession = new Map<string, PooledEngine>();
  readonly #endListeners: ((sessionId: string, stream: string, reason: SessionEnd) => void)[] = [];
  #closing: Promise<void> | undefined;

  /** Starts `count` threads at once. Rejects when one cannot start, and then none is left. */
  static async start(
    count: number,
    startThread: (index: number) => Promise<PooledEngine>,
  ): Promise<EnginePool> {
    const started = await Promise.allSettled(Array.from({ length: count }, (_, index) => startThread(index)));
    const threads = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const failed = started.find((one) => one.status === 'rejected');
    if (failed === undefined) return new EnginePool(threads);
    await Promise.all(threads.map((thread) => thread.close()));
    throw failed.reason;
  }

  private constructor(threads: readonly PooledEngine[]) {
    this.#threads = threads;
    for (const thread of threads)
      thread.onSessionEnded((sessionId, stream, reason) => {
        this.#threadOfSession.delete(sessionId);
        for (const listener of this.#endListeners) listener(sessionId, stream, reason);
      });
  }

  get running(): { readonly running: number; readonly total: number } {
    const running = this.#threads.filter(({ isRunning }) => isRunning).length;
    return { running, total: this.#threads.length };
  }

  /** Of the first thread. */
  get mediaPort(): number {
    return this.#threads[0]?.mediaPort ?? 0;
  }

  /** Index of the thread that the stream lives on. */
  threadOf(stream: string): number | undefined {
    const thread = this.#threadOfStream.get(stream);
    return thread === undefined ? undefined : this.#threads.indexOf(thread);
  }

  setStream(spec: StreamSpec): void {
    const thread = this.#threadOfStream.get(spec.name) ?? this.#threads[placeStream(this.#loads())];
    if (thread === undefined) throw new Error('an engine pool has at least one thread');
    this.#threadOfStream.set(spec.name, thread);
    thread.setStream(spec);
  }

  removeStream(name: string): void {
    this.#threadOfStream.get(name)?.removeStream(name);
    this.#threadOfStream.delete(name);
  }

  restartStream(name: string): void {
    this.#threadOfStream.get(name)?.restartStream(name);
  }

  async offer(stream: string, sdp: string, wish?: QualityWish): Promise<OfferResult> {
    if (this.#closing !== undefined) return stopping;
    const thread = this.#threadOfStream.get(stream);
    if (thread === undefined) return { ok: false, code: 'stream-not-found', message: noSuchStream };
    const result = await thread.offer(stream, sdp, wish);
    if (result.ok) this.#threadOfSession.set(result.sessionId, thread);
    return result;
  }

  async sessionClock(sessionId: string, frames: number): Promise<SessionClock | undefined> {
    return this.#threadOfSession.get(sessionId)?.sessionClock(sessionId, frames);
  }

  async keyFrame(stream: string, question?: KeyFrameQuestion): Promise<KeyFrameResult> {
    const thread = this.#threadOfStream.get(stream);
    if (thread !== undefined) return thread.keyFrame(stream, question);
    return { kind: 'none', code: 'stream-not-found', message: noSuchStream };
  }

  openFeed(stream: string, listener: FeedListener): Feed {
    const thread = this.#threadOfStream.get(stream);
    if (thread !== undefined) return thread.openFeed(stream, listener);
    let isOpen = true;
    queueMicrotask(() => {
      if (isOpen) listener.onEnd('stream-not-found');
    });
    return { taken: () => undefined, close: () => void (isOpen = false) };
  }

  async sessionQuality(sessionId: string, wish: QualityWish): Promise<SessionQuality | undefined> {
    return this.#threadOfSession.get(sessionId)?.sessionQuality(sessionId, wish);
  }

  setMainStreamBook(book: MainStreamBook): void {
    for (const thread of this.#threads) thread.setMainStreamBook(book);
  }

  closeSession(sessionId: string, reason?: SessionEnd): void {
    this.#threadOfSession.get(sessionId)?.closeSession(sessionId, reason);
  }

  snapshot(): EngineSnapshot | undefined {
    return mergeSnapshots(this.#threads.flatMap((thread) => thread.snapshot() ?? []));
  }

  onEvent(listener: (event: EngineEvent) => void): void {
    for (const thread of this.#threads) thread.onEvent(listener);
  }

  onSessionEnded(listener: (sessionId: string, stream: string, reason: SessionEnd) => void): void {
    this.#endListeners.push(listener);
  }

  /** From now on offers are refused; resolves when every viewer got a goodbye and all threads have ended. Idempotent. */
  close(): Promise<void> {
    return (this.#closing ??= Promise.all(this.#threads.map((thread) => thread.close())).then(
      () => undefined,
    ));
  }

  #loads(): ThreadLoad[] {
    const namesOf = Map.groupBy(this.#threadOfStream.keys(), (name) => this.#threadOfStream.get(name));
    return this.#threads.map((thread) => {
      const measured = new Map<string, StreamSnapshot>(
        thread.snapshot()?.streams.map((stream) => [stream.name, stream]),
      );
      const streams = (namesOf.get(thread) ?? []).map(
        (name) => measured.get(name) ?? { bitrateBps: 0, viewers: 0 },
      );
      return { isRunning: thread.isRunning, streams };
    });
  }
}
