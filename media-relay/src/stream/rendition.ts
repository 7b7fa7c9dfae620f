/**
 * One encoding of a stream's picture, the camera's main stream or its substream: it runs its source while somebody
 * holds it, packetises each access unit once, keeps the packets, and hands them to those who watch it.
 */
import type { AccessUnit } from '../media/access-unit.ts';
import type { Clock } from '../media/clock.ts';
import { ReorderWatch } from '../media/reorder-watch.ts';
import type { AudioTrack, H264Facts, Track, VideoTrack } from '../media/track.ts';
import type { Arena } from '../native/arena.ts';
import { supervise, type SupervisorState } from '../sources/supervisor.ts';
import type { Source } from '../sources/source.ts';
import { PacketStore, type StoredFrame } from './packet-store.ts';
import { audioPacketiser, h264Packetiser } from './packetisers.ts';
import type { RenditionName, StreamState } from './states.ts';
import type { StreamReasonCode } from './stream-reason.ts';
import { StreamCounters } from './stream-counters.ts';
import { LIVE_WITHIN_MS, streamState } from './stream-state.ts';
import { Timeline } from './timeline.ts';

/** Whoever takes the pictures of a rendition. Calls come in decoding order, on the media thread. */
export interface RenditionReader {
  onVideo(frame: StoredFrame, nowMs: number): void;
  /** The source was interrupted; the next frame is a key frame. */
  onInterrupt(): void;
  /** A rendition that this reader holds but does not watch has a new key frame: it could be watched from here. */
  onReady(rendition: Rendition): void;
}

export interface RenditionDeps {
  readonly arena: Arena;
  readonly clock: Clock;
  readonly random: () => number;
  readonly createSource: () => Source;
  /** Frames of the audio track; without it the track is ignored. */
  readonly onAudio: ((frame: StoredFrame) => void) | undefined;
  /** Its state may have changed. */
  readonly onChange: () => void;
  /** A connection ended, or an attempt failed in another way than the one before it. */
  readonly onReconnect: (state: SupervisorState & { readonly kind: 'waiting' }) => void;
  /** It cannot be shown in a browser, from now on. */
  readonly onRefuse: (message: string) => void;
}

/** An on-demand camera stays connected this long after its last viewer, for the one who comes back. */
const LINGER_MS = 10_000;
const NO_CLOCK_AFTER_MS = 30_000;
const NO_KEY_FRAME_AFTER_MS = 10_000;

const B_FRAMES =
  'The camera sends B-frames, which browsers cannot show over WebRTC. Set its profile to Baseline, or its B-frames to 0.';

export class Rendition {
  readonly name: RenditionName;
  readonly counters = new StreamCounters();
  readonly #deps: RenditionDeps;
  readonly #isAlwaysOn: boolean;
  /** Those who want it connected. */
  readonly #holders = new Set<RenditionReader>();
  /** Of these, those who take its frames. */
  readonly #readers = new Set<RenditionReader>();
  readonly #videoTimeline = new Timeline(90_000);
  #audioTimeline = new Timeline(8000);
  readonly #reorder = new ReorderWatch();
  #video: { track: VideoTrack; store: PacketStore } | undefined;
  #audio: { track: AudioTrack; store: PacketStore } | undefined;
  /** Kept from start to start, but for `restart()`: it has learnt how its camera is reached. */
  #source: Source | undefined;
  #running: AbortController | undefined;
  #link: 'off' | 'connecting' | 'connected' | 'waiting' = 'off';
  #failure: string | undefined;
  #failureCode: StreamReasonCode | undefined;
  /** Failures that were told, until pictures come again; an on-demand camera stops and starts in between. */
  readonly #toldReasons = new Set<StreamReasonCode>();
  #refusal: string | undefined;
  #connectedMs = 0;
  #linger: NodeJS.Timeout | undefined;
  #facts: H264Facts | undefined;
  #closed = false;
  /** Since the source was interrupted: where it goes on, it may be in the middle of a group of pictures. */
  #waitsForKey = true;
  readonly #waiters = new Set<() => void>();

  constructor(name: RenditionName, isAlwaysOn: boolean, deps: RenditionDeps) {
    this.name = name;
    this.#isAlwaysOn = isAlwaysOn;
    this.#deps = deps;
  }

  /** Apart from the constructor: a source may deliver before this returns, and those who listen must be complete. */
  open(): void {
    if (this.#isAlwaysOn) this.#start();
  }

  get videoStore(): PacketStore | undefined {
    return this.#video?.store;
  }

  get audioStore(): PacketStore | undefined {
    return this.#audio?.store;
  }

  get videoTrack(): VideoTrack | undefined {
    return this.#video?.track;
  }

  get audioTrack(): AudioTrack | undefined {
    return this.#audio?.track;
  }

  /** What an offer is matched against; undefined until the camera's codec is known, and kept from then on. */
  get facts(): H264Facts | undefined {
    return this.#facts;
  }

  /** Why it cannot be shown in a browser. */
  get refusal(): string | undefined {
    return this.#refusal;
  }

  /** Why it is not there: of the newest attempt. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Of the refusal, else of the failure. */
  get reasonCode(): StreamReasonCode | undefined {
    if (this.#refusal !== undefined) return this.#refusal === B_FRAMES ? 'b-frames' : 'unsupported-codec';
    return this.#failure === undefined ? undefined : this.#failureCode;
  }

  get bitrateBps(): number {
    return this.counters.bitrateBps;
  }

  get viewers(): number {
    return this.#readers.size;
  }

  get isWanted(): boolean {
    return this.#isAlwaysOn || this.#holders.size > 0;
  }

  /** An offer can be answered with it. */
  isOfferable(nowMs: number): boolean {
    if (this.#closed || this.#facts === undefined || this.#refusal !== undefined) return false;
    const state = this.state(nowMs);
    return state === 'live' || state === 'connecting' || state === 'stalled';
  }

  /** A viewer can be switched to it at once: it has a group of pictures and gets more. */
  isReady(nowMs: number): boolean {
    return this.state(nowMs) === 'live' && this.#video?.store.gopStart !== undefined;
  }

  state(nowMs: number): StreamState {
    return streamState(
      {
        wanted: this.isWanted,
        link: this.#link,
        lastFrameMs: this.counters.lastFrameMs,
        failed: this.#failure !== undefined,
        refusal: this.#refusal,
      },
      nowMs,
    );
  }

  /** Senders report every few seconds; a camera that has not by now does not. */
  isWithoutClock(nowMs: number): boolean {
    const { transport, lastCaptureMs } = this.counters;
    const isRemote = transport === 'tcp' || transport === 'udp';
    return (
      isRemote &&
      this.#link === 'connected' &&
      lastCaptureMs === undefined &&
      nowMs - this.#connectedMs > NO_CLOCK_AFTER_MS
    );
  }

  /** Pictures have come for long enough on this connection, and no whole key frame that one of them could be shown from. */
  get isWithoutKeyFrame(): boolean {
    const { lastFrameMs } = this.counters;
    return (
      this.#link === 'connected' &&
      this.#waitsForKey &&
      lastFrameMs !== undefined &&
      lastFrameMs - this.#connectedMs > NO_KEY_FRAME_AFTER_MS
    );
  }

  /**
   * Resolves once it can be offered (frames are known) or is refused, or after `timeoutMs`; starts an on-demand
   * source. The caller looks at `facts` and `refusal` then.
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

  /** The reader wants it connected. Idempotent. */
  hold(reader: RenditionReader): void {
    if (this.#closed) return;
    this.#holders.add(reader);
    clearTimeout(this.#linger);
    if (this.#link === 'off') this.#start();
  }

  /** The reader takes its frames from now on. Idempotent. */
  watch(reader: RenditionReader): void {
    this.hold(reader);
    if (!this.#closed) this.#readers.add(reader);
  }

  /** The reader takes no more frames, but may still hold it. */
  unwatch(reader: RenditionReader): void {
    this.#readers.delete(reader);
  }

  /** The reader has no use for it any more. */
  release(reader: RenditionReader): void {
    this.#readers.delete(reader);
    if (this.#holders.delete(reader)) this.#scheduleStop();
  }

  /** What fails in a way that was told is told again. */
  forgetTold(): void {
    this.#toldReasons.clear();
  }

  /** Connects to the camera as if for the first time. */
  restart(): void {
    this.#source = undefined;
    this.forgetTold();
    if (this.#running === undefined) return;
    this.#stop();
    this.#start();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#linger);
    this.#stop();
    this.#holders.clear();
    this.#readers.clear();
    this.#video?.store.close();
    this.#audio?.store.close();
    this.#video = undefined;
    this.#audio = undefined;
    for (const done of this.#waiters) done();
  }

  #isDecided(): boolean {
    return (
      this.#closed || this.#refusal !== undefined || (this.#facts !== undefined && this.#link === 'connected')
    );
  }

  #hasYoungFrame(): boolean {
    const { lastFrameMs } = this.counters;
    return lastFrameMs !== undefined && this.#deps.clock() - lastFrameMs <= LIVE_WITHIN_MS;
  }

  #start(): void {
    const running = new AbortController();
    this.#running = running;
    this.#link = 'connecting';
    this.#failure = undefined;
    // Whoever asks for it now may have to be told anew of what fails at once.
    this.#deps.onChange();
    const source = (this.#source ??= this.#deps.createSource());
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
          this.counters.received(report);
        },
      },
    });
  }

  #stop(): void {
    this.#running?.abort();
    this.#running = undefined;
    this.#link = 'off';
    this.#failure = undefined;
    this.counters.lastFrameMs = undefined;
    this.#interrupt();
  }

  #scheduleStop(): void {
    if (this.isWanted || this.#closed || this.#link === 'off') return;
    clearTimeout(this.#linger);
    this.#linger = setTimeout(() => {
      if (!this.isWanted) this.#stop();
    }, LINGER_MS);
  }

  #onLink(state: SupervisorState): void {
    this.#link = state.kind;
    if (state.kind === 'connected') {
      this.#connectedMs = this.#deps.clock();
      this.counters.lastCaptureMs = undefined;
    }
    if (state.kind !== 'waiting') {
      // What follows a (re)connection refers to nothing that was before.
      this.#interrupt();
      return;
    }
    // A camera that is away for a night fails thousands of times in the same way; one event of these tells it.
    const isNews = !this.#toldReasons.has(state.reason);
    this.#toldReasons.add(state.reason);
    this.#failure = state.message;
    this.#failureCode = state.reason;
    this.counters.reconnect(state.reason);
    if (state.reason === 'unsupported-codec') this.#refuse(state.message);
    // It is not there any more: nobody knows what it would send. Its last frames shall not make it live in between.
    else if (!this.#hasYoungFrame()) this.#refusal = undefined;
    if (isNews) this.#deps.onReconnect(state);
    this.#deps.onChange();
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
    if (audio?.kind === 'audio' && this.#deps.onAudio !== undefined) {
      if (this.#audio?.track.codec !== audio.codec) {
        this.#audio?.store.close();
        this.#audio = { track: audio, store: new PacketStore(this.#deps.arena, audioPacketiser) };
        // Viewers who had that sound before get it again, on the same clock.
        if (this.#audioTimeline.clockRate !== audio.clockRate)
          this.#audioTimeline = new Timeline(audio.clockRate);
      } else {
        this.#audio.track = audio;
      }
    } else {
      // A camera whose sound was turned off: who comes now must not be promised any.
      this.#audio?.store.close();
      this.#audio = undefined;
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
    this.counters.video(unit);
    this.#failure = undefined;
    this.#toldReasons.clear();
    this.#deps.onChange();
    this.#judgeOrder(unit);
    if (unit.isKey && !unit.isBroken) this.#waitsForKey = false;
    if (this.#waitsForKey) return;
    const frame = video.store.append(unit, this.#videoTimeline.map(unit.ticks, unit.arrivalMs));
    if (frame === undefined || this.#refusal !== undefined) return;
    for (const reader of this.#readers) reader.onVideo(frame, this.#deps.clock());
    if (frame.isKey && this.#holders.size > this.#readers.size) this.#tellWaiting();
  }

  #tellWaiting(): void {
    for (const holder of this.#holders) if (!this.#readers.has(holder)) holder.onReady(this);
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
    if (frame !== undefined) this.#deps.onAudio?.(frame);
  }

  #interrupt(): void {
    this.counters.interrupt();
    this.#videoTimeline.restart();
    this.#audioTimeline.restart();
    this.#video?.store.breakGop();
    this.#waitsForKey = true;
    for (const reader of this.#readers) reader.onInterrupt();
  }

  #refuse(message: string): void {
    // The codec is found anew at every attempt: only a new reason is a change.
    const isNews = this.#refusal !== message;
    this.#refusal = message;
    if (isNews) this.#deps.onRefuse(message);
    for (const done of this.#waiters) done();
  }
}
