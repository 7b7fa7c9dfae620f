import type { Clock } from '../media/clock.ts';
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
  StreamSpec,
} from './messages.ts';
import { addTotals, emptySnapshot, noTotals, type EngineTotals } from './snapshots.ts';

export interface RestartingEngineOptions {
  /** Which of the media threads this is, from 0. */
  readonly index: number;
  /** `mediaPort` is the one that the last engine had, so that a port chosen by the system stays. */
  readonly start: (mediaPort: number | undefined, onCrash: (error: Error) => void) => Promise<BookedEngine>;
  /** A thread that ran has died (once for each), or its successor could not start. */
  readonly onCrash: (error: Error, crash: Crash) => void;
  readonly clock: Clock;
}

export interface Crash {
  readonly index: number;
  readonly wasRunning: boolean;
  readonly restartInMs: number;
}

/** Between `left` and the end of a session nothing is left to be said of it. */
interface LiveSession {
  readonly stream: string;
  state: 'connecting' | 'connected' | 'left';
  /** When it was in this state. */
  sinceMs: number;
}

const firstDelayMs = 200;
const longestDelayMs = 10_000;
/** An engine that lived this long has earned a quick restart. */
const healthyMs = 60_000;

const noEngine: OfferResult = {
  ok: false,
  code: 'stream-not-ready',
  message: 'The media engine is being started again.',
  // It takes less, as a rule.
  retryAfterSeconds: 1,
};

/**
 * An engine that outlives its media thread: when that dies, every viewer's session is over, a new thread gets all
 * streams, and viewers reconnect.
 */
export class RestartingEngine implements BookedEngine {
  readonly #options: RestartingEngineOptions;
  readonly #streams = new Map<string, StreamSpec>();
  readonly #sessions = new Map<string, LiveSession>();
  readonly #eventListeners: ((event: EngineEvent) => void)[] = [];
  readonly #endListeners: ((sessionId: string, stream: string, reason: SessionEnd) => void)[] = [];
  #engine: BookedEngine | undefined;
  #book: MainStreamBook | undefined;
  #mediaPort: number | undefined;
  #startedMs = 0;
  #delayMs = firstDelayMs;
  #timer: NodeJS.Timeout | undefined;
  #starting: Promise<void> = Promise.resolve();
  #isClosed = false;
  #restarts = 0;
  /** Of the threads that died. */
  #past: EngineTotals = noTotals;
  /** Asked for several times a second, and new once. */
  #told: { readonly of: EngineSnapshot; readonly snapshot: EngineSnapshot } | undefined;

  /** Rejects when the first engine cannot start; later ones are tried for ever. */
  static async start(options: RestartingEngineOptions): Promise<RestartingEngine> {
    const self = new RestartingEngine(options);
    await self.#begin();
    return self;
  }

  private constructor(options: RestartingEngineOptions) {
    this.#options = options;
  }

  get isRunning(): boolean {
    return this.#engine !== undefined;
  }

  get mediaPort(): number {
    return this.#mediaPort ?? 0;
  }

  setStream(spec: StreamSpec): void {
    this.#streams.set(spec.name, spec);
    this.#engine?.setStream(spec);
  }

  removeStream(name: string): void {
    this.#streams.delete(name);
    this.#engine?.removeStream(name);
  }

  restartStream(name: string): void {
    this.#engine?.restartStream(name);
  }

  async offer(stream: string, sdp: string, wish?: QualityWish): Promise<OfferResult> {
    const engine = this.#engine;
    if (engine === undefined) return noEngine;
    const result = await engine.offer(stream, sdp, wish);
    if (!result.ok) return result;
    if (engine !== this.#engine) return noEngine;
    this.#sessions.set(result.sessionId, { stream, state: 'connecting', sinceMs: this.#options.clock() });
    return result;
  }

  async sessionClock(sessionId: string, frames: number): Promise<SessionClock | undefined> {
    return this.#engine?.sessionClock(sessionId, frames);
  }

  async sessionQuality(sessionId: string, wish: QualityWish): Promise<SessionQuality | undefined> {
    return this.#engine?.sessionQuality(sessionId, wish);
  }

  setMainStreamBook(book: MainStreamBook): void {
    this.#book = book;
    this.#engine?.setMainStreamBook(book);
  }

  closeSession(sessionId: string, reason?: SessionEnd): void {
    this.#engine?.closeSession(sessionId, reason);
  }

  async keyFrame(stream: string, question?: KeyFrameQuestion): Promise<KeyFrameResult> {
    return (
      this.#engine?.keyFrame(stream, question) ?? {
        kind: 'none',
        code: 'stream-not-ready',
        message: 'The media engine is being started again.',
      }
    );
  }

  openFeed(stream: string, listener: FeedListener): Feed {
    if (this.#engine !== undefined) return this.#engine.openFeed(stream, listener);
    let isOpen = true;
    queueMicrotask(() => {
      if (isOpen) listener.onEnd('engine-stopped');
    });
    return { taken: () => undefined, close: () => void (isOpen = false) };
  }

  snapshot(): EngineSnapshot | undefined {
    const { index, clock } = this.#options;
    const restartsTotal = this.#restarts;
    const now = this.#engine?.snapshot();
    if (now !== undefined && now === this.#told?.of) return this.#told.snapshot;
    if (now !== undefined) {
      const threads = now.threads.map((thread) => ({ ...thread, restartsTotal }));
      const snapshot = { ...now, ...addTotals(now, this.#past), threads };
      this.#told = { of: now, snapshot };
      return snapshot;
    }
    if (restartsTotal === 0) return undefined;
    return { ...emptySnapshot(clock(), { index, isRunning: this.isRunning, restartsTotal }), ...this.#past };
  }

  onEvent(listener: (event: EngineEvent) => void): void {
    this.#eventListeners.push(listener);
  }

  onSessionEnded(listener: (sessionId: string, stream: string, reason: SessionEnd) => void): void {
    this.#endListeners.push(listener);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#starting;
    await this.#engine?.close();
    // Of a thread that did not end well.
    this.#endSessions();
  }

  async #begin(): Promise<void> {
    const { start, clock } = this.#options;
    const engine = await start(this.#mediaPort, (error) => this.#crashed(error));
    if (this.#isClosed) return engine.close();
    this.#engine = engine;
    this.#mediaPort = engine.mediaPort;
    this.#startedMs = clock();
    if (this.#book !== undefined) engine.setMainStreamBook(this.#book);
    engine.onEvent((event) => {
      this.#note(event);
      this.#tell(event);
    });
    engine.onSessionEnded((sessionId, stream, reason) => this.#endSession(sessionId, stream, reason));
    for (const spec of this.#streams.values()) engine.setStream(spec);
  }

  async #tryAgain(): Promise<void> {
    try {
      await this.#begin();
    } catch (error) {
      this.#crashed(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #crashed(error: Error): void {
    if (this.#isClosed) return;
    const last = this.#engine?.snapshot();
    if (last !== undefined) this.#past = addTotals(this.#past, last);
    this.#past = addTotals(this.#past, { ...noTotals, joinsTotal: this.#untoldJoins(last?.atMs ?? 0) });
    const wasRunning = this.#engine !== undefined;
    if (wasRunning) this.#restarts++;
    this.#engine = undefined;
    this.#endSessions();
    if (wasRunning && this.#options.clock() - this.#startedMs > healthyMs) this.#delayMs = firstDelayMs;
    this.#options.onCrash(error, { index: this.#options.index, wasRunning, restartInMs: this.#delayMs });
    this.#timer = setTimeout(() => {
      this.#starting = this.#tryAgain();
    }, this.#delayMs);
    this.#delayMs = Math.min(2 * this.#delayMs, longestDelayMs);
  }

  #note(event: EngineEvent): void {
    const session = 'sessionId' in event ? this.#sessions.get(event.sessionId) : undefined;
    if (session === undefined) return;
    session.state = event.kind === 'viewer-joined' ? 'connected' : 'left';
    session.sinceMs = event.atMs;
  }

  #tell(event: EngineEvent): void {
    for (const listener of this.#eventListeners) listener(event);
  }

  /** What the dead thread would have counted: sessions that were about to connect, and those who did after it last told. */
  #untoldJoins(toldMs: number): EngineTotals['joinsTotal'] {
    const sessions = [...this.#sessions.values()];
    return {
      'engine-stopped': sessions.filter(({ state }) => state === 'connecting').length,
      ok: sessions.filter(({ state, sinceMs }) => state === 'connected' && sinceMs > toldMs).length,
    };
  }

  /** Their thread cannot say it any more. */
  #endSessions(): void {
    const atMs = this.#options.clock();
    const reason = 'engine-stopped';
    for (const [sessionId, { stream, state }] of this.#sessions) {
      if (state !== 'left') this.#tell({ kind: 'viewer-left', sessionId, stream, reason, atMs });
      this.#endSession(sessionId, stream, reason);
    }
  }

  #endSession(sessionId: string, stream: string, reason: SessionEnd): void {
    this.#sessions.delete(sessionId);
    for (const listener of this.#endListeners) listener(sessionId, stream, reason);
  }
}
