/**
 * One camera's stream: its main rendition and, where the camera has one, its substream, judged together, and the
 * readers. It knows nothing of WebRTC: a reader is whoever asks for frames.
 */
import type { EngineEvent, RenditionSnapshot, StreamSnapshot, StreamSpec } from '../engine/messages.ts';
import type { Clock } from '../media/clock.ts';
import type { AudioTrack, H264Facts } from '../media/track.ts';
import type { Arena } from '../native/arena.ts';
import type { SupervisorState } from '../sources/supervisor.ts';
import type { Source } from '../sources/source.ts';
import { PathStatistics, summarisePaths, type DelayHistogram, type ViewerPath } from './path-statistics.ts';
import type { PacketStore, StoredFrame } from './packet-store.ts';
import { Rendition, type RenditionReader } from './rendition.ts';
import type { RenditionName, StreamState, StreamWarning } from './states.ts';

/** Whoever takes frames: one viewer. Pictures come from the rendition that it watches, sound from the main one. */
export interface StreamReader extends RenditionReader {
  /** What its network does to it; undefined while nothing is known. */
  readonly path?: ViewerPath | undefined;
  onAudio(frame: StoredFrame, nowMs: number): void;
  /** It cannot be shown in a browser, from now on. */
  onRefused?(): void;
  /** The stream goes away. */
  onEnd(reason: 'stream-removed'): void;
}

export interface StreamDeps {
  readonly arena: Arena;
  readonly clock: Clock;
  readonly random: () => number;
  readonly createSource: (spec: StreamSpec) => Source;
  readonly onEvent: (event: EngineEvent) => void;
  readonly firstPacketDelay: DelayHistogram;
}

/**
 * Whoever asked in vain asks again: after 30 s at the latest (client/back-off.ts), each attempt may take some seconds, and
 * what it began lingers on for ten.
 */
const SOUGHT_MS = 45_000;

type EventBody = EngineEvent extends infer E
  ? E extends EngineEvent
    ? Omit<E, 'atMs' | 'stream'>
    : never
  : never;

export class Stream {
  readonly spec: StreamSpec;
  readonly statistics: PathStatistics;
  readonly main: Rendition;
  readonly sub: Rendition | undefined;
  readonly #deps: StreamDeps;
  readonly #readers = new Set<StreamReader>();
  #pacerDelay: StreamSnapshot['pacerDelay'] = { meanSeconds: 0, maxSeconds: 0 };
  #lastState: StreamState = 'idle';
  #stateSinceMs: number;
  /** Until then it counts as asked for, although nobody is there; undefined since it was live. */
  #soughtUntilMs: number | undefined;
  /** In this outage: a camera that is away all night changes between these at every attempt. */
  readonly #told = new Set<'stream-stalled' | 'stream-down' | StreamWarning>();
  #closed = false;
  readonly #warnings = new Set<StreamWarning>();

  constructor(spec: StreamSpec, deps: StreamDeps) {
    this.spec = spec;
    this.#deps = deps;
    this.statistics = new PathStatistics(deps.firstPacketDelay);
    this.#stateSinceMs = deps.clock();
    const common = { arena: deps.arena, clock: deps.clock, random: deps.random };
    this.main = new Rendition('main', !spec.onDemand, {
      ...common,
      createSource: () => deps.createSource(spec),
      onAudio: (frame) => this.#onAudio(frame),
      onChange: () => this.#noteState(this.#deps.clock()),
      onReconnect: (state) => this.#emit(reconnectEvent(state)),
      onRefuse: (message) => {
        this.#emit({ kind: 'stream-refused', message });
        for (const reader of this.#readers) reader.onRefused?.();
      },
    });
    const { substream } = spec;
    if (substream !== undefined) {
      this.sub = new Rendition('sub', false, {
        ...common,
        createSource: () => deps.createSource({ ...spec, url: substream }),
        onAudio: undefined,
        onChange: () => this.#noteState(this.#deps.clock()),
        onReconnect: (state) => this.#emit({ ...reconnectEvent(state), rendition: 'sub' }),
        // The warning says so: the stream itself still plays.
        onRefuse: () => undefined,
      });
    }
    this.main.open();
  }

  get videoStore(): PacketStore | undefined {
    return this.main.videoStore;
  }

  get audioStore(): PacketStore | undefined {
    return this.main.audioStore;
  }

  /** Of the main rendition. */
  get videoFacts(): H264Facts | undefined {
    return this.main.facts;
  }

  get audioTrack(): AudioTrack | undefined {
    return this.main.audioTrack;
  }

  /** Of the main rendition. */
  get refusal(): string | undefined {
    return this.main.refusal;
  }

  /** Of the main rendition. */
  get bitrateBps(): number {
    return this.main.bitrateBps;
  }

  rendition(name: RenditionName): Rendition | undefined {
    return name === 'main' ? this.main : this.sub;
  }

  /** That of the main rendition, unless that one is lost while the substream plays. */
  state(nowMs: number): StreamState {
    const state = this.main.state(nowMs);
    return isLost(state) && this.sub?.state(nowMs) === 'live' ? 'live' : state;
  }

  prepare(timeoutMs: number): Promise<void> {
    return this.main.prepare(timeoutMs);
  }

  /** The main rendition stays connected as long as anybody watches either one. */
  attach(reader: StreamReader, name: RenditionName = 'main'): void {
    this.#readers.add(reader);
    this.main.hold(reader);
    (this.rendition(name) ?? this.main).watch(reader);
  }

  detach(reader: StreamReader): void {
    this.#readers.delete(reader);
    // One that could not be shown a picture comes back; one that saw the stream is gone.
    this.noteSought();
    this.main.release(reader);
    this.sub?.release(reader);
  }

  /** Somebody asked for it and got no picture. Of one that is live or cannot be shown at all this says nothing. */
  noteSought(): void {
    const nowMs = this.#deps.clock();
    this.#noteState(nowMs);
    if (this.#closed || this.#lastState === 'live' || this.#lastState === 'refused') return;
    this.#soughtUntilMs = nowMs + SOUGHT_MS;
  }

  restart(): void {
    this.#told.clear();
    this.main.restart();
    this.sub?.restart();
  }

  /** Once a second: rates, and the events that only the clock can tell. */
  tick(nowMs: number): void {
    this.main.counters.updateRates(nowMs);
    this.sub?.counters.updateRates(nowMs);
    this.#pacerDelay = this.statistics.takePacerDelay();
    this.#noteState(nowMs);
    this.#setWarning('gop-too-long', this.main.videoStore?.gopTooLong ?? false);
    this.#setWarning('no-key-frame', this.main.isWithoutKeyFrame);
    this.#setWarning(
      'udp-fallback',
      this.spec.transport === 'auto' &&
        this.spec.url.startsWith('rtsp:') &&
        this.main.counters.transport === 'tcp',
    );
    this.#setWarning('no-clock', this.main.isWithoutClock(nowMs));
    this.#setWarning('substream-unavailable', this.sub !== undefined && isLost(this.sub.state(nowMs)));
    this.#setWarning('substream-gop-too-long', this.sub !== undefined && lacksKeyFrames(this.sub));
    this.#setWarning('main-stream-unavailable', this.#lastState === 'live' && isLost(this.main.state(nowMs)));
  }

  snapshot(): StreamSnapshot {
    const { main, sub } = this;
    const c = main.counters;
    const s = this.statistics;
    return {
      name: this.spec.name,
      state: this.#lastState,
      stateSinceMs: this.#stateSinceMs,
      reason: main.refusal ?? (this.#lastState === 'live' ? undefined : main.failure),
      reasonCode: main.refusal === undefined && this.#lastState === 'live' ? undefined : main.reasonCode,
      warnings: [...this.#warnings],
      transport: c.transport,
      videoCodec: main.videoTrack?.codec,
      audioCodec: main.audioTrack?.codec,
      h264: main.facts,
      framesPerSecond: c.framesPerSecond,
      bitrateBps: c.bitrateBps,
      captureDelaySeconds: c.captureDelaySeconds,
      keyFrameIntervalSeconds: c.keyFrameIntervalSeconds,
      lastFrameMs: c.lastFrameMs,
      framesTotal: c.frames,
      keyFramesTotal: c.keyFrames,
      brokenFramesTotal: c.brokenFrames,
      packetsTotal: c.packets,
      bytesTotal: c.bytes,
      lostPacketsTotal: c.lostPackets,
      reorderedPacketsTotal: c.reorderedPackets,
      jitterSeconds: c.jitterSeconds,
      roundTripSeconds: c.roundTripSeconds,
      reconnectsTotal: { ...c.reconnects },
      viewers: this.#readers.size,
      isSought: this.#isSought(this.#deps.clock()),
      sentPacketsTotal: s.sentPackets,
      sentBytesTotal: s.sentBytes,
      resentPacketsTotal: s.resentPackets,
      burstsTotal: s.bursts,
      droppedFramesTotal: { ...s.droppedFrames },
      pacerDelay: this.#pacerDelay,
      viewerPaths: summarisePaths([...this.#readers].flatMap(({ path }) => path ?? [])),
      qualitySwitchesTotal: { ...s.qualitySwitches },
      substream: sub && renditionSnapshot(sub, this.#deps.clock()),
    };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // Readers first: they may still look at the stores.
    const readers = [...this.#readers];
    this.#readers.clear();
    for (const reader of readers) reader.onEnd('stream-removed');
    this.main.close();
    this.sub?.close();
  }

  #onAudio(frame: StoredFrame): void {
    for (const reader of this.#readers) reader.onAudio(frame, this.#deps.clock());
  }

  #noteState(nowMs: number): void {
    const state = this.state(nowMs);
    if (state === this.#lastState) return;
    // Who begins to ask for it does not know that the last one asked in vain; who asks again does.
    if (this.#lastState === 'idle' && !this.#isSought(nowMs)) this.#forgetTold();
    this.#lastState = state;
    this.#stateSinceMs = nowMs;
    if (state === 'live') {
      this.#soughtUntilMs = undefined;
      this.#told.clear();
      this.#emit({ kind: 'stream-up' });
    } else if (state === 'stalled') this.#tellOnce('stream-stalled', { kind: 'stream-stalled' });
    else if (state === 'offline') {
      const message = this.main.failure ?? 'no frames';
      this.#tellOnce('stream-down', { kind: 'stream-down', reason: 'offline', message });
    }
  }

  #forgetTold(): void {
    this.#told.clear();
    this.main.forgetTold();
    this.sub?.forgetTold();
  }

  /** As often as it comes while the stream is live, once while it is not. */
  #tellOnce(what: 'stream-stalled' | 'stream-down' | StreamWarning, event: EventBody): void {
    if (this.#told.has(what)) return;
    if (this.#lastState !== 'live') this.#told.add(what);
    this.#emit(event);
  }

  #isSought(nowMs: number): boolean {
    return this.#soughtUntilMs !== undefined && nowMs < this.#soughtUntilMs;
  }

  #setWarning(warning: StreamWarning, on: boolean): void {
    if (on === this.#warnings.has(warning)) return;
    if (on) {
      this.#warnings.add(warning);
      this.#tellOnce(warning, { kind: 'stream-warning', warning });
    } else {
      this.#warnings.delete(warning);
    }
  }

  #emit(body: EventBody): void {
    this.#deps.onEvent({ ...body, atMs: this.#deps.clock(), stream: this.spec.name });
  }
}

/** It should play and does not. */
export function isLost(state: StreamState): boolean {
  return state === 'offline' || state === 'stalled' || state === 'refused';
}

/** Who wants it waits for its next key frame, and that takes long. */
export function lacksKeyFrames({ videoStore, isWithoutKeyFrame }: Rendition): boolean {
  return isWithoutKeyFrame || (videoStore?.gopTooLong ?? false);
}

function reconnectEvent({ reason, attempt, delayMs }: SupervisorState & { readonly kind: 'waiting' }) {
  return { kind: 'reconnect', reason, attempt, delayMs } as const;
}

function renditionSnapshot(rendition: Rendition, nowMs: number): RenditionSnapshot {
  const { counters, refusal, failure } = rendition;
  const state = rendition.state(nowMs);
  return {
    state,
    reason: refusal ?? (state === 'live' ? undefined : failure),
    h264: rendition.facts,
    transport: counters.transport,
    framesPerSecond: counters.framesPerSecond,
    bitrateBps: counters.bitrateBps,
    keyFrameIntervalSeconds: counters.keyFrameIntervalSeconds,
    lastFrameMs: counters.lastFrameMs,
    framesTotal: counters.frames,
    packetsTotal: counters.packets,
    bytesTotal: counters.bytes,
    lostPacketsTotal: counters.lostPackets,
    reconnectsTotal: { ...counters.reconnects },
    viewers: rendition.viewers,
  };
}
