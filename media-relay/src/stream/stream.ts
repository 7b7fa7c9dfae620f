/**
 * One camera's stream: it runs the source while it is wanted, keeps the packets, and tells its readers. It knows
 * nothing of WebRTC: a reader is whoever asks for frames.
 */
import type { EngineEvent, StreamSnapshot, StreamSpec } from '../engine/messages.ts';
import type { AccessUnit } from '../media/access-unit.ts';
import type { Clock } from '../media/clock.ts';
import { ReorderWatch } from '../media/reorder-watch.ts';
import type { AudioTrack, H264Facts, Track, VideoTrack } from '../media/track.ts';
import type { Arena } from '../native/arena.ts';
import { supervise, type SupervisorState } from '../sources/supervisor.ts';
import type { Source } from '../sources/source.ts';
import { PathStatistics, summarisePaths, type DelayHistogram, type ViewerPath } from './path-statistics.ts';
import { PacketStore, type StoredFrame } from './packet-store.ts';
import { audioPacketiser, h264Packetiser } from './packetisers.ts';
import { StreamCounters } from './stream-counters.ts';
import { streamState } from './stream-state.ts';
import type { StreamState, StreamWarning } from './states.ts';
import { Timeline } from './timeline.ts';

/** Whoever takes frames: one viewer. Calls come in decoding order, on the media thread. */
export interface StreamReader {
  /** What its network does to it; undefined while nothing is known. */
  readonly path?: ViewerPath | undefined;
  onVideo(frame: StoredFrame, nowMs: number): void;
  onAudio(frame: StoredFrame, nowMs: number): void;
  /** The source was interrupted; the next frame is a key frame. */
  onInterrupt(): void;
  /** The stream goes away or can no longer be shown. */
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

/** An on-demand camera stays connected this long after its last viewer, for the one who comes back. */
const LINGER_MS = 10_000;
const NO_CLOCK_AFTER_MS = 30_000;

const B_FRAMES =
  'The camera sends B-frames, which browsers cannot show over WebRTC. Set its profile to Baseline, or its B-frames to 0.';

type EventBody = EngineEvent extends infer E
  ? E extends EngineEvent
    ? Omit<E, 'atMs' | 'stream'>
    : never
  : never;

export class Stream {
  readonly spec: StreamSpec;
  readonly statistics: PathStatistics;
  readonly #deps: StreamDeps;
  readonly #readers = new Set<StreamReader>();
  readonly #counters = new StreamCounters();
  #pacerDelay: StreamSnapshot['pacerDelay'] = { meanSeconds: 0, maxSeconds: 0 };
  readonly #videoTimeline = new Timeline(90_000);
  #audioTimeline = new Timeline(8000);
  readonly #reorder = new ReorderWatch();
  #video: { track: VideoTrack; store: PacketStore } | undefined;
  #audio: { track: AudioTrack; store: PacketStore } | undefined;
  #running: AbortController | undefined;
  #link: 'off' | 'connecting' | 'connected' | 'waiting' = 'off';
  #failure: string | undefined;
  #refusal: string | undefined;
  #lastState: StreamState = 'idle';
  #stateSinceMs: number;
  #connectedMs = 0;
  #linger: NodeJS.Timeout | undefined;
  #facts: H264Facts | undefined;
  #closed = false;
  readonly #warnings = new Set<StreamWarning>();
  readonly #waiters = new Set<() => void>();

  constructor(spec: StreamSpec, deps: StreamDeps) {
    this.spec = spec;
    this.#deps = deps;
    this.statistics = new PathStatistics(deps.firstPacketDelay);
    this.#stateSinceMs = deps.clock();
    if (!spec.onDemand) this.#start();
  }

  get videoStore(): PacketStore | undefined {
    return this.#video?.store;
  }

  get audioStore(): PacketStore | undefined {
    return this.#audio?.store;
  }

  /** What an offer is matched against; undefined until the camera's codec is known. */
  get videoFacts(): H264Facts | undefined {
    return this.#facts;
  }

  get audioTrack(): AudioTrack | undefined {
    return this.#audio?.track;
  }

  get refusal(): string | undefined {
    return this.#refusal;
  }

  get bitrateBps(): number {
    return this.#counters.bitrateBps;
  }

  state(nowMs: number): StreamState {
    return streamState(
      {
        wanted: this.#wanted,
        link: this.#link,
        lastFrameMs: this.#counters.lastFrameMs,
        failed: this.#failure !== undefined,
        refusal: this.#refusal,
      },
      nowMs,
    );
  }

  /**
   * Resolves once the stream can be offered (frames are known) or is refused, or after `timeoutMs`; starts an on-demand
   * source. The caller looks at `videoFacts` and `refusal` then.
   */
  async prepare(timeoutMs: number): Promise<void> {
    if (this.#closed) return;
    if (this.#link === 'off') this.#start();
    this.#scheduleStop();
    if (this.#isDecided()) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiters.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#waiters.add(done);
    });
  }

  attach(reader: StreamReader): void {
    this.#readers.add(reader);
    clearTimeout(this.#linger);
    if (this.#link === 'off') this.#start();
  }

  detach(reader: StreamReader): void {
    this.#readers.delete(reader);
    this.#scheduleStop();
  }

  restart(): void {
    if (this.#running === undefined) return;
    this.#stop();
    this.#start();
  }

  /** Once a second: rates, and the events that only the clock can tell. */
  tick(nowMs: number): void {
    this.#counters.updateRates(nowMs);
    this.#pacerDelay = this.statistics.takePacerDelay();
    this.#noteState(nowMs);
    this.#setWarning('gop-too-long', this.#video?.store.gopTooLong ?? false);
    this.#setWarning(
      'udp-fallback',
      this.spec.transport === 'auto' &&
        this.spec.url.startsWith('rtsp:') &&
        this.#counters.transport === 'tcp',
    );
    this.#setWarning('no-clock', this.#isWithoutClock(nowMs));
  }

  snapshot(): StreamSnapshot {
    const c = this.#counters;
    const s = this.statistics;
    return {
      name: this.spec.name,
      state: this.#lastState,
      stateSinceMs: this.#stateSinceMs,
      reason: this.#refusal ?? (this.#lastState === 'live' ? undefined : this.#failure),
      warnings: [...this.#warnings],
      transport: c.transport,
      videoCodec: this.#video?.track.codec,
      audioCodec: this.#audio?.track.codec,
      h264: this.#facts,
      framesPerSecond: c.framesPerSecond,
      bitrateBps: c.bitrateBps,
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
      sentPacketsTotal: s.sentPackets,
      sentBytesTotal: s.sentBytes,
      resentPacketsTotal: s.resentPackets,
      burstsTotal: s.bursts,
      droppedFramesTotal: { ...s.droppedFrames },
      pacerDelay: this.#pacerDelay,
      viewerPaths: summarisePaths([...this.#readers].flatMap(({ path }) => path ?? [])),
    };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#linger);
    this.#stop();
    for (const reader of this.#readers) reader.onEnd('stream-removed');
    this.#readers.clear();
    this.#video?.store.close();
    this.#audio?.store.close();
    this.#video = undefined;
    this.#audio = undefined;
    for (const done of this.#waiters) done();
  }

  get #wanted(): boolean {
    return !this.spec.onDemand || this.#readers.size > 0;
  }

  #isDecided(): boolean {
    return (
      this.#closed || this.#refusal !== undefined || (this.#facts !== undefined && this.#link === 'connected')
    );
  }

  #start(): void {
    const running = new AbortController();
    this.#running = running;
    this.#link = 'connecting';
    this.#failure = undefined;
    const source = this.#deps.createSource(this.spec);
    const current = (): boolean => this.#running === running;
    void supervise({
      source,
      signal: running.signal,
      clock: this.#deps.clock,
      random: this.#deps.random,
      onState: (state) => {
        if (current()) this.#onLink(state);
      },
      sink: {
        tracks: (tracks) => {
          if (current()) this.#onTracks(tracks);
        },
        accessUnit: (unit) => {
          if (current()) this.#onAccessUnit(unit);
        },
        received: (report) => {
          if (!current()) return;
          this.#counters.received(report);
        },
      },
    });
  }

  #stop(): void {
    this.#running?.abort();
    this.#running = undefined;
    this.#link = 'off';
    this.#failure = undefined;
    this.#counters.lastFrameMs = undefined;
    this.#interrupt();
  }

  #scheduleStop(): void {
    if (this.#wanted || this.#closed || this.#link === 'off') return;
    clearTimeout(this.#linger);
    this.#linger = setTimeout(() => {
      if (!this.#wanted) this.#stop();
    }, LINGER_MS);
  }

  #onLink(state: SupervisorState): void {
    this.#link = state.kind;
    if (state.kind === 'connected') {
      this.#connectedMs = this.#deps.clock();
      this.#counters.lastCaptureMs = undefined;
    }
    if (state.kind !== 'waiting') {
      // What follows a (re)connection refers to nothing that was before.
      this.#interrupt();
      return;
    }
    this.#failure = state.message;
    this.#counters.reconnect(state.reason);
    if (state.reason === 'unsupported-codec') this.#refuse(state.message);
    this.#emit({ kind: 'reconnect', reason: state.reason, attempt: state.attempt, delayMs: state.delayMs });
    this.#noteState(this.#deps.clock());
    if (this.#link === 'waiting') for (const done of this.#waiters) done();
  }

  #onTracks(tracks: readonly Track[]): void {
    const video = tracks.find((track) => track.kind === 'video');
    const audio = tracks.find((track) => track.kind === 'audio' && track.codec !== 'unsupported');
    if (video !== undefined) {
      if (this.#video === undefined) {
        this.#video = { track: video, store: new PacketStore(this.#deps.arena, h264Packetiser) };
      } else {
        this.#video.track = video;
      }
      if (video.h264 !== undefined) this.#facts = video.h264;
    }
    if (audio?.kind === 'audio') {
      if (this.#audio?.track.codec !== audio.codec) {
        this.#audio?.store.close();
        this.#audio = { track: audio, store: new PacketStore(this.#deps.arena, audioPacketiser) };
        this.#audioTimeline = new Timeline(audio.clockRate);
      } else {
        this.#audio.track = audio;
      }
    }
    this.#refusal = undefined;
    this.#reorder.reset();
    if (this.#isDecided()) for (const done of this.#waiters) done();
  }

  #onAccessUnit(unit: AccessUnit): void {
    if (unit.track.kind === 'video') this.#onVideo(unit);
    else this.#onAudio(unit);
  }

  #onVideo(unit: AccessUnit): void {
    const video = this.#video;
    if (video === undefined) return;
    this.#counters.video(unit);
    this.#failure = undefined;
    if (this.#lastState !== 'live') this.#noteState(this.#deps.clock());
    this.#judgeOrder(unit);
    const frame = video.store.append(unit, this.#videoTimeline.map(unit.ticks, unit.arrivalMs));
    if (frame === undefined || this.#refusal !== undefined) return;
    for (const reader of this.#readers) reader.onVideo(frame, this.#deps.clock());
  }

  #judgeOrder(unit: AccessUnit): void {
    this.#reorder.accessUnit(unit);
    if (this.#reorder.isReordered) {
      if (this.#refusal === undefined) this.#refuse(B_FRAMES);
    } else if (this.#refusal === B_FRAMES) {
      this.#refusal = undefined;
    }
  }

  #onAudio(unit: AccessUnit): void {
    const frame = this.#audio?.store.append(unit, this.#audioTimeline.map(unit.ticks, unit.arrivalMs));
    if (frame === undefined) return;
    for (const reader of this.#readers) reader.onAudio(frame, this.#deps.clock());
  }

  #interrupt(): void {
    this.#videoTimeline.restart();
    this.#audioTimeline.restart();
    this.#video?.store.breakGop();
    for (const reader of this.#readers) reader.onInterrupt();
  }

  #refuse(message: string): void {
    this.#refusal = message;
    this.#emit({ kind: 'stream-refused', message });
    for (const done of this.#waiters) done();
  }

  #noteState(nowMs: number): void {
    const state = this.state(nowMs);
    if (state === this.#lastState) return;
    const before = this.#lastState;
    this.#lastState = state;
    this.#stateSinceMs = nowMs;
    if (state === 'live') this.#emit({ kind: 'stream-up' });
    else if (state === 'stalled') this.#emit({ kind: 'stream-stalled' });
    else if (state === 'offline' && before !== 'offline') {
      this.#emit({ kind: 'stream-down', reason: 'offline', message: this.#failure ?? 'no frames' });
    }
  }

  /** Senders report every few seconds; a camera that has not by now does not. */
  #isWithoutClock(nowMs: number): boolean {
    const { transport, lastCaptureMs } = this.#counters;
    const isRemote = transport === 'tcp' || transport === 'udp';
    return (
      isRemote &&
      this.#link === 'connected' &&
      lastCaptureMs === undefined &&
      nowMs - this.#connectedMs > NO_CLOCK_AFTER_MS
    );
  }

  #setWarning(warning: StreamWarning, on: boolean): void {
    if (on === this.#warnings.has(warning)) return;
    if (on) {
      this.#warnings.add(warning);
      this.#emit({ kind: 'stream-warning', warning });
    } else {
      this.#warnings.delete(warning);
    }
  }

  #emit(body: EventBody): void {
    this.#deps.onEvent({ ...body, atMs: this.#deps.clock(), stream: this.spec.name });
  }
}
