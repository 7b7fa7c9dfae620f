/**
 * The media engine: the streams and their viewers. It lives on the media thread, but is an ordinary class: unit
 * tests and the worker drive it alike.
 */
import { networkInterfaces } from 'node:os';
import { performance, type EventLoopUtilization } from 'node:perf_hooks';
import { LoopDelay } from '@sightline/exporter/loop-delay';
import type { Clock } from '../media/clock.ts';
import { Arena } from '../native/arena.ts';
import type { NativeLedger } from '../native/ledger.ts';
import { FeedOutput } from '../outputs/feed.ts';
import { keyFrame } from '../outputs/key-frame.ts';
import { WhepOutput, type MainStreamDesk } from '../outputs/whep.ts';
import type { Source } from '../sources/source.ts';
import { DelayHistogram } from '../stream/path-statistics.ts';
import { Stream } from '../stream/stream.ts';
import type { NetworkInterfaces } from '../webrtc/addresses.ts';
import type { Session } from '../webrtc/session.ts';
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
} from './messages.ts';
import { openParts, type Parts } from './parts.ts';

export interface EngineDeps {
  readonly clock: Clock;
  readonly random: () => number;
  readonly createSource: (spec: StreamSpec) => Source;
  readonly emit: (message: FromEngine) => void;
  /** Of a thread that may die: what it has of C then. */
  readonly ledger?: NativeLedger;
  /** Who sees a substream asks before it goes up; without this, it just does. */
  readonly mainStream?: MainStreamDesk;
  /** Those of this host unless given. */
  readonly networkInterfaces?: () => NetworkInterfaces;
}

const TICK_MS = 100;
const STATISTICS_MS = 1000;
/** Networks come and go under a relay that runs for months. */
const ADDRESSES_MS = 10_000;

export class Engine {
  readonly arena: Arena;
  readonly #deps: EngineDeps;
  readonly #parts: Parts;
  readonly #whep: WhepOutput;
  readonly #feeds: FeedOutput;
  readonly #streams = new Map<string, Stream>();
  readonly #firstPacketDelay = new DelayHistogram();
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #threadIndex: number;
  readonly #loopDelay = new LoopDelay(TICK_MS);
  #utilisation: EventLoopUtilization = performance.eventLoopUtilization();
  #udpProblem: string | undefined;
  #tcpProblem: string | undefined;
  #bindProblem: string | undefined;
  #closing = false;

  constructor(spec: EngineSpec, deps: EngineDeps) {
    this.#deps = deps;
    this.#threadIndex = spec.threadIndex ?? 0;
    this.arena = new Arena(undefined, deps.ledger);
    this.#parts = openParts(this.arena, deps.clock(), spec.parts, deps.ledger);
    this.#feeds = new FeedOutput(deps.emit);
    this.#whep = new WhepOutput(spec, {
      arena: this.arena,
      clock: deps.clock,
      random: deps.random,
      parts: this.#parts,
      networkInterfaces: deps.networkInterfaces ?? networkInterfaces,
      mainStream: deps.mainStream,
      onJoined: (session) => this.#onJoined(session),
      onLeft: (session, reason, detail) => this.#onLeft(session, reason, detail),
    });
  }

  /** Binds the media port. Throws with a sentence when it cannot. */
  async start(): Promise<void> {
    await this.#whep.bind();
    this.#timers.push(
      setInterval(() => this.#tick(), TICK_MS),
      setInterval(() => this.#report(), STATISTICS_MS),
      setInterval(() => void this.#rebind(), ADDRESSES_MS),
    );
    for (const problem of this.#parts.problems) this.#log('warn', problem, {});
    this.#tellPortProblems();
    this.#deps.emit({ type: 'ready', mediaPort: this.#whep.mediaPort, back: this.#parts.backEnds });
  }

  get sessionCount(): number {
    return this.#whep.sessionCount;
  }

  /** Starts a stream, or replaces the one of that name. */
  setStream(spec: StreamSpec): void {
    this.removeStream(spec.name);
    const stream = new Stream(spec, {
      arena: this.arena,
      clock: this.#deps.clock,
      random: this.#deps.random,
      createSource: this.#deps.createSource,
      firstPacketDelay: this.#firstPacketDelay,
      onEvent: (event) => this.#event(event),
    });
    this.#streams.set(spec.name, stream);
  }

  removeStream(name: string): void {
    this.#streams.get(name)?.close();
    this.#streams.delete(name);
  }

  restartStream(name: string): void {
    this.#streams.get(name)?.restart();
  }

  offer(streamName: string, sdp: string, wish: QualityWish = {}): Promise<OfferResult> {
    return this.#whep.offer(this.#streams.get(streamName), sdp, wish);
  }

  sessionClock(id: string, frames: number): SessionClock | undefined {
    return this.#whep.sessionClock(id, frames);
  }

  sessionQuality(id: string, wish: QualityWish): SessionQuality | undefined {
    return this.#whep.sessionQuality(id, wish);
  }

  /** What was asked of `mainStream`. */
  answerMainStream(sessionId: string, isGranted: boolean): void {
    this.#whep.answerMainStream(sessionId, isGranted);
  }

  keyFrame(streamName: string, question: KeyFrameQuestion = {}): Promise<KeyFrameResult> {
    return keyFrame(this.#streams.get(streamName), question, this.#deps.clock);
  }

  openFeed(id: number, streamName: string): void {
    this.#feeds.open(id, this.#streams.get(streamName));
  }

  feedTaken(id: number, bytes: number): void {
    this.#feeds.taken(id, bytes);
  }

  closeFeed(id: number): void {
    this.#feeds.close(id);
  }

  closeSession(id: string, reason: SessionEnd = 'closed-by-viewer'): void {
    this.#whep.closeSession(id, reason);
  }

  /** Says goodbye to every viewer and frees everything. Idempotent. */
  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    for (const timer of this.#timers) clearInterval(timer);
    this.#whep.close();
    for (const stream of this.#streams.values()) stream.close();
    this.#streams.clear();
    this.#parts.close();
  }

  async #rebind(): Promise<void> {
    try {
      await this.#whep.bind();
      this.#bindProblem = undefined;
      this.#tellPortProblems();
    } catch (error) {
      const problem = error instanceof Error ? error.message : 'unknown reason';
      if (problem !== this.#bindProblem)
        this.#log('warn', 'no local address can be bound', { error: problem });
      this.#bindProblem = problem;
    }
  }

  /** Once, and again when it changes. */
  #tellPortProblems(): void {
    const { udpProblem, tcpProblem } = this.#whep;
    const isNews = { udp: udpProblem !== this.#udpProblem, tcp: tcpProblem !== this.#tcpProblem };
    this.#udpProblem = udpProblem;
    this.#tcpProblem = tcpProblem;
    if (isNews.udp && udpProblem !== undefined)
      this.#log('warn', 'an address takes no media: viewers who reach the relay by it alone see no picture', {
        error: udpProblem,
        remedy: 'free the UDP port there, or name addresses that this host has with media.addresses',
      });
    if (isNews.tcp && tcpProblem !== undefined)
      this.#log('warn', 'media over TCP is not available: viewers whose network drops UDP see no picture', {
        error: tcpProblem,
        remedy: 'free the TCP port, or choose another one with media.port',
      });
  }

  #tick(): void {
    this.#loopDelay.tick();
    this.#whep.tick(this.#deps.clock());
  }

  #report(): void {
    const nowMs = this.#deps.clock();
    for (const stream of this.#streams.values()) stream.tick(nowMs);
    this.#deps.emit({ type: 'statistics', snapshot: this.#snapshot(nowMs) });
    this.#firstPacketDelay.reset();
  }

  #snapshot(nowMs: number): EngineSnapshot {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#utilisation);
    this.#utilisation = now;
    const cpu = process.threadCpuUsage();
    const egress = this.#parts.egress.statistics;
    const { delays } = this.#loopDelay;
    const thread = {
      index: this.#threadIndex,
      isRunning: true,
      eventLoopUtilisation: utilization,
      eventLoopDelayMaxMs: this.#loopDelay.takeMaxMs(),
      eventLoopDelay: { counts: [...delays.counts], sumSeconds: delays.sum },
      cpuUserSeconds: cpu.user / 1e6,
      cpuSystemSeconds: cpu.system / 1e6,
      arenaBytes: this.arena.bytesInUse,
      arenaBlocks: this.arena.blocksInUse,
      streams: this.#streams.size,
      sessions: this.#whep.sessionCount,
      restartsTotal: 0,
    };
    return {
      atMs: nowMs,
      threads: [thread],
      streams: [...this.#streams.values()].map((stream) => stream.snapshot()),
      sessions: thread.sessions,
      joinsTotal: { ...this.#whep.joins },
      eventLoopUtilisation: thread.eventLoopUtilisation,
      cpuUserSeconds: thread.cpuUserSeconds,
      cpuSystemSeconds: thread.cpuSystemSeconds,
      arenaBytes: thread.arenaBytes,
      arenaBlocks: thread.arenaBlocks,
      sendCallsTotal: egress.calls,
      sendErrorsTotal: egress.errors,
      firstPacketP50Ms: this.#firstPacketDelay.quantileMs(0.5),
      firstPacketP99Ms: this.#firstPacketDelay.quantileMs(0.99),
      firstPacketMaxMs: this.#firstPacketDelay.maxMs,
    };
  }

  #onJoined(session: Session): void {
    this.#event({
      kind: 'viewer-joined',
      sessionId: session.id,
      atMs: this.#deps.clock(),
      stream: session.stream.spec.name,
    });
  }

  #onLeft(session: Session, reason: SessionEnd, detail: string): void {
    const stream = session.stream.spec.name;
    this.#log('info', 'viewer left', { stream, session: session.id, reason, detail: detail || undefined });
    this.#event({ kind: 'viewer-left', sessionId: session.id, reason, atMs: this.#deps.clock(), stream });
    this.#deps.emit({ type: 'session-ended', sessionId: session.id, stream, reason });
  }

  #event(event: EngineEvent): void {
    this.#deps.emit({ type: 'event', event });
  }

  #log(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields: LogFields): void {
    this.#deps.emit({ type: 'log', level, message, fields });
  }
}
