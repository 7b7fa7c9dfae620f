/**
 * The media engine: streams, sessions and the media port. It lives on the media thread, but is an ordinary class:
 * unit tests and the worker drive it alike.
 */
import { randomBytes } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { performance, type EventLoopUtilization } from 'node:perf_hooks';
import type { Clock } from '../media/clock.ts';
import { ProtocolError } from '../media/protocol-error.ts';
import { Arena, type Block } from '../native/arena.ts';
import type { Source } from '../sources/source.ts';
import { DelayHistogram } from '../stream/path-statistics.ts';
import { Stream } from '../stream/stream.ts';
import { candidates, localAddresses, parseAnnounced, type AnnouncedAddress, type LocalAddress } from '../webrtc/addresses.ts';
import { writeAnswer } from '../webrtc/answer.ts';
import { newIceCredentials } from '../webrtc/ice-credentials.ts';
import { MediaPort } from '../webrtc/media-port.ts';
import { isRefusal, malformedOffer, negotiate } from '../webrtc/negotiate.ts';
import { parseOffer, type Offer } from '../webrtc/offer.ts';
import { Pacer, TokenBucket } from '../webrtc/pacer.ts';
import { CNAME, randomSsrcs, Session } from '../webrtc/session.ts';
import { openParts, type Parts } from './parts.ts';
import type { EngineEvent, EngineSnapshot, EngineSpec, FromEngine, LogFields, OfferResult, RefusalCode, SessionClock, SessionEnd, StreamSpec } from './messages.ts';

export interface EngineDeps {
  readonly clock: Clock;
  readonly random: () => number;
  readonly createSource: (spec: StreamSpec) => Source;
  readonly emit: (message: FromEngine) => void;
}

/** What all bursts of one media thread may use together. */
const BURST_BUDGET_BPS = 400_000_000;
const BURST_BUDGET_BYTES = 128 * 1024;
/** An offer for a camera whose codec is not known yet waits this long. */
const PREPARE_MS = 1800;
const TICK_MS = 100;
const STATISTICS_MS = 1000;
const ADDRESSES_MS = 10_000;

export class Engine {
  readonly #deps: EngineDeps;
  readonly #spec: EngineSpec;
  readonly #arena = new Arena();
  readonly #parts: Parts;
  readonly #port: MediaPort;
  readonly #pacer: Pacer;
  readonly #burstBudget: TokenBucket;
  readonly #streams = new Map<string, Stream>();
  readonly #sessions = new Map<string, Session>();
  readonly #joins: Record<string, number> = {};
  readonly #firstPacketDelay = new DelayHistogram();
  readonly #payload: Block;
  readonly #announced: readonly AnnouncedAddress[];
  readonly #timers: NodeJS.Timeout[] = [];
  #utilisation: EventLoopUtilization = performance.eventLoopUtilization();
  #closing = false;

  constructor(spec: EngineSpec, deps: EngineDeps) {
    this.#spec = spec;
    this.#deps = deps;
    this.#parts = openParts(this.#arena, deps.clock());
    this.#port = new MediaPort(this.#parts.egress, spec.mediaPort, deps.clock);
    this.#pacer = new Pacer(deps.clock);
    this.#burstBudget = new TokenBucket(BURST_BUDGET_BPS, BURST_BUDGET_BYTES, deps.clock());
    this.#payload = this.#arena.allocate(2048);
    this.#announced = spec.announcedAddresses.map((text) => parseAnnounced(text));
  }

  /** Binds the media port. Throws with a sentence when it cannot. */
  async start(): Promise<void> {
    await this.#bindAddresses();
    this.#timers.push(setInterval(() => this.#tick(), TICK_MS));
    this.#timers.push(setInterval(() => this.#report(), STATISTICS_MS));
    this.#timers.push(setInterval(() => void this.#bindAddresses().catch((error: unknown) => this.#log('warn', 'cannot bind', { error: String(error) })), ADDRESSES_MS));
    for (const problem of this.#parts.problems) this.#log('warn', problem, {});
    this.#deps.emit({ type: 'ready', mediaPort: this.#port.port, back: this.#parts.backEnds });
  }

  setStream(spec: StreamSpec): void {
    this.removeStream(spec.name);
    const stream = new Stream(spec, {
      arena: this.#arena,
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

  async offer(streamName: string, sdp: string): Promise<OfferResult> {
    const result = await this.#answer(streamName, sdp);
    if (!result.ok) this.#countJoin(result.code);
    return result;
  }

  sessionClock(id: string, frames: number): SessionClock | undefined {
    return this.#sessions.get(id)?.clock(frames);
  }

  closeSession(id: string, reason: SessionEnd = 'closed-by-viewer'): void {
    this.#sessions.get(id)?.close(reason);
  }

  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    for (const timer of this.#timers) clearInterval(timer);
    for (const session of this.#sessions.values()) session.close('shutdown');
    for (const stream of this.#streams.values()) stream.close();
    this.#streams.clear();
    this.#pacer.close();
    this.#port.close();
    this.#parts.close();
  }

  get arena(): Arena {
    return this.#arena;
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  async #answer(streamName: string, sdp: string): Promise<OfferResult> {
    if (this.#closing) return refuse('shutting-down', 'The relay is stopping.', 2);
    const stream = this.#streams.get(streamName);
    if (stream === undefined) return refuse('stream-not-found', `There is no stream called ${streamName}.`);
    let offer: Offer;
    try {
      offer = parseOffer(sdp);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const { code, message } = malformedOffer(error);
      return refuse(code, message);
    }
    await stream.prepare(PREPARE_MS);
    if (stream.refusal !== undefined) return refuse('stream-refused', stream.refusal);
    const facts = stream.videoFacts;
    if (facts === undefined || !['live', 'connecting', 'stalled'].includes(stream.state(this.#deps.clock()))) {
      return refuse('stream-not-ready', 'The camera cannot be reached at the moment; the relay keeps trying.', 2);
    }
    const audio = stream.audioTrack;
    const negotiation = negotiate(offer, {
      video: { profileLevelId: facts.profileLevelId },
      audio: audio && audio.codec !== 'unsupported' ? { codec: audio.codec, channels: audio.channels } : undefined,
    });
    if (isRefusal(negotiation)) return refuse(negotiation.code, negotiation.message);
    const credentials = newIceCredentials(randomBytes);
    const ssrcs = randomSsrcs();
    const id = randomBytes(18).toString('base64url');
    const session = new Session(
      {
        arena: this.#arena,
        clock: this.#deps.clock,
        egress: this.#parts.egress,
        dtls: this.#parts.dtls,
        srtp: this.#parts.srtp,
        pacer: this.#pacer,
        burstBudget: this.#burstBudget,
        payload: this.#payload,
        onConnected: () => {
          this.#countJoin('ok');
          this.#event({ kind: 'viewer-joined', sessionId: id, atMs: this.#deps.clock(), stream: streamName });
        },
        onEnd: (ended, reason, detail) => this.#onSessionEnd(ended, reason, detail),
      },
      id,
      stream,
      negotiation,
      credentials,
      ssrcs,
    );
    this.#sessions.set(id, session);
    this.#port.add(session);
    stream.attach(session);
    return {
      ok: true,
      sessionId: id,
      sdp: writeAnswer(negotiation, {
        ice: credentials,
        fingerprint: this.#parts.dtls.fingerprint,
        candidates: candidates(this.#localAddresses(), this.#port.port, this.#announced),
        videoSsrc: ssrcs.video,
        videoRtxSsrc: ssrcs.rtx,
        audioSsrc: ssrcs.audio,
        cname: CNAME,
        sessionId: String(randomBytes(6).readUIntBE(0, 6)),
      }),
    };
  }

  #onSessionEnd(session: Session, reason: SessionEnd, detail: string): void {
    this.#sessions.delete(session.id);
    this.#port.remove(session);
    if (!session.wasConnected) this.#countJoin(reason);
    const stream = session.stream.spec.name;
    this.#log('info', 'viewer left', { stream, session: session.id, reason, detail: detail || undefined });
    this.#event({ kind: 'viewer-left', sessionId: session.id, reason, atMs: this.#deps.clock(), stream });
    this.#deps.emit({ type: 'session-ended', sessionId: session.id, stream, reason });
  }

  #localAddresses(): LocalAddress[] {
    const bound = new Set(this.#port.addresses);
    return localAddresses(networkInterfaces(), this.#spec.mediaAddresses).filter(({ address }) => bound.has(address));
  }

  async #bindAddresses(): Promise<void> {
    await this.#port.setAddresses(localAddresses(networkInterfaces(), this.#spec.mediaAddresses));
  }

  #tick(): void {
    const nowMs = this.#deps.clock();
    for (const session of this.#sessions.values()) session.tick(nowMs);
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
    return {
      atMs: nowMs,
      streams: [...this.#streams.values()].map((stream) => stream.snapshot()),
      sessions: this.#sessions.size,
      joinsTotal: { ...this.#joins },
      eventLoopUtilisation: utilization,
      cpuUserSeconds: cpu.user / 1e6,
      cpuSystemSeconds: cpu.system / 1e6,
      arenaBytes: this.#arena.bytesInUse,
      arenaBlocks: this.#arena.blocksInUse,
      sendCallsTotal: egress.calls,
      sendErrorsTotal: egress.errors,
      firstPacketP50Ms: this.#firstPacketDelay.quantileMs(0.5),
      firstPacketP99Ms: this.#firstPacketDelay.quantileMs(0.99),
      firstPacketMaxMs: this.#firstPacketDelay.maxMs,
    };
  }

  #countJoin(outcome: RefusalCode | SessionEnd | 'ok'): void {
    this.#joins[outcome] = (this.#joins[outcome] ?? 0) + 1;
  }

  #event(event: EngineEvent): void {
    this.#deps.emit({ type: 'event', event });
  }

  #log(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields: LogFields): void {
    this.#deps.emit({ type: 'log', level, message, fields });
  }
}

function refuse(code: RefusalCode, message: string, retryAfterSeconds?: number): OfferResult {
  return retryAfterSeconds === undefined ? { ok: false, code, message } : { ok: false, code, message, retryAfterSeconds };
}
