/**
 * One encoding of a stream's picture, the camera's main stream or its substream: it runs its source while somebody
 * holds it, packetises each access unit once, keeps the packets, and hands them to those who watch it.
 */
import type { AccessUnit } from '../media/access-unit.ts';
import type { AudioTrack, H264Facts, Track, VideoTrack } from '../media/track.ts';
import type { Arena } from '../native/arena.ts';
import type { SupervisorState } from '../sources/supervisor.ts';
import type { PacketStore, StoredFrame } from './packet-store.ts';
import { B_FRAMES, RenditionReason } from './rendition-reason.ts';
import { SourceRun, type SourceRunDeps } from './source-run.ts';
import type { RenditionName, StreamState } from './states.ts';
import type { StreamReasonCode } from './stream-reason.ts';
import { StreamCounters } from './stream-counters.ts';
import { LIVE_WITHIN_MS, streamState } from './stream-state.ts';
import { TrackStores } from './track-stores.ts';

/** Whoever takes the pictures of a rendition. Calls come in decoding order, on the media thread. */
export interface RenditionReader {
  onVideo(frame: StoredFrame, nowMs: number): void;
  /** The source was interrupted; the next frame is a key frame. */
  onInterrupt(): void;
  /** A rendition that this reader holds but does not watch has a new key frame: it could be watched from here. */
  onReady(rendition: Rendition): void;
}

export interface RenditionDeps extends SourceRunDeps {
  readonly arena: Arena;
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

export class Rendition {
  readonly name: RenditionName;
  readonly counters = new StreamCounters();
  readonly #deps: RenditionDeps;
  readonly #isAlwaysOn: boolean;
  /** Those who want it connected. */
  readonly #holders = new Set<RenditionReader>();
  /** Of these, those who take its frames. */
  readonly #readers = new Set<RenditionReader>();
  readonly #run: SourceRun;
  readonly #stores: TrackStores;
  readonly #reason = new RenditionReason();
  #linger: NodeJS.Timeout | undefined;
  #closed = false;
  readonly #waiters = new Set<() => void>();

  constructor(name: RenditionName, isAlwaysOn: boolean, deps: RenditionDeps) {
    this.name = name;
    this.#isAlwaysOn = isAlwaysOn;
    this.#deps = deps;
    this.#run = new SourceRun(deps, {
      onLink: (state) => this.#onLink(state),
      tracks: (tracks) => this.#onTracks(tracks),
      accessUnit: (unit) => (unit.track.kind === 'video' ? this.#onVideo(unit) : this.#onAudio(unit)),
      received: (report) => this.counters.received(report),
    });
    this.#stores = new TrackStores(deps.arena, deps.onAudio !== undefined);
  }

  /** Apart from the constructor: a source may deliver before this returns, and those who listen must be complete. */
  open(): void {
    if (this.#isAlwaysOn) this.#start();
  }

  get videoStore(): PacketStore | undefined {
    return this.#stores.video;
  }

  get audioStore(): PacketStore | undefined {
    return this.#stores.audio;
  }

  get videoTrack(): VideoTrack | undefined {
    return this.#stores.videoTrack;
  }

  get audioTrack(): AudioTrack | undefined {
    return this.#stores.audioTrack;
  }

  /** What an offer is matched against; undefined until the camera's codec is known, and kept from then on. */
  get facts(): H264Facts | undefined {
    return this.#stores.facts;
  }

  /** Why it cannot be shown in a browser. */
  get refusal(): string | undefined {
    return this.#reason.refusal;
  }

  /** Why it is not there: of the newest attempt. */
  get failure(): string | undefined {
    return this.#reason.failure;
  }

  /** Of the refusal, else of the failure. */
  get reasonCode(): StreamReasonCode | undefined {
    return this.#reason.code;
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
    if (this.#closed || this.facts === undefined || this.refusal !== undefined) return false;
    const state = this.state(nowMs);
    return state === 'live' || state === 'connecting' || state === 'stalled';
  }

  /** A viewer can be switched to it at once: it has a group of pictures and gets more. */
  isReady(nowMs: number): boolean {
    return this.state(nowMs) === 'live' && this.videoStore?.gopStart !== undefined;
  }

  state(nowMs: number): StreamState {
    return streamState(
      {
        wanted: this.isWanted,
        link: this.#run.link,
        lastFrameMs: this.counters.lastFrameMs,
        failed: this.failure !== undefined,
        refusal: this.refusal,
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
      this.#run.link === 'connected' &&
      lastCaptureMs === undefined &&
      nowMs - this.#run.connectedMs > NO_CLOCK_AFTER_MS
    );
  }

  /** Pictures have come for long enough on this connection, and no whole key frame that one of them could be shown from. */
  get isWithoutKeyFrame(): boolean {
    const { lastFrameMs } = this.counters;
    return (
      this.#run.link === 'connected' &&
      this.#stores.waitsForKey &&
      lastFrameMs !== undefined &&
      lastFrameMs - this.#run.connectedMs > NO_KEY_FRAME_AFTER_MS
    );
  }

  /**
   * Resolves once it can be offered (frames are known) or is refused, or after `timeoutMs`; starts an on-demand
   * source. The caller looks at `facts` and `refusal` then.
   */
  async prepare(timeoutMs: number): Promise<void> {
    if (this.#closed) return;
    if (this.#run.link === 'off') this.#start();
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
    if (this.#run.link === 'off') this.#start();
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
    this.#reason.forgetTold();
  }

  /** Connects to the camera as if for the first time. */
  restart(): void {
    this.#run.forget();
    this.forgetTold();
    if (this.#run.link === 'off') return;
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
    this.#stores.close();
    for (const done of this.#waiters) done();
  }

  #isDecided(): boolean {
    return (
      this.#closed ||
      this.refusal !== undefined ||
      (this.facts !== undefined && this.#run.link === 'connected')
    );
  }

  #hasYoungFrame(): boolean {
    const { lastFrameMs } = this.counters;
    return lastFrameMs !== undefined && this.#deps.clock() - lastFrameMs <= LIVE_WITHIN_MS;
  }

  #start(): void {
    this.#reason.startedOrStopped();
    this.#run.start();
    // Whoever asks for it now may have to be told anew of what fails at once.
    this.#deps.onChange();
  }

  #stop(): void {
    this.#run.stop();
    this.#reason.startedOrStopped();
    this.counters.lastFrameMs = undefined;
    this.#interrupt();
  }

  #scheduleStop(): void {
    if (this.isWanted || this.#closed || this.#run.link === 'off') return;
    clearTimeout(this.#linger);
    this.#linger = setTimeout(() => {
      if (!this.isWanted) this.#stop();
    }, LINGER_MS);
  }

  #onLink(state: SupervisorState): void {
    if (state.kind === 'connected') this.counters.lastCaptureMs = undefined;
    if (state.kind !== 'waiting') {
      // What follows a (re)connection refers to nothing that was before.
      this.#interrupt();
      return;
    }
    const isNews = this.#reason.failed(state);
    this.counters.reconnect(state.reason);
    if (state.reason === 'unsupported-codec') this.#refuse(state.message);
    // It is not there any more. Its last frames shall not make it live in between.
    else if (!this.#hasYoungFrame()) this.#reason.withdrawRefusal();
    if (isNews) this.#deps.onReconnect(state);
    this.#deps.onChange();
    if (this.#run.link === 'waiting') for (const done of this.#waiters) done();
  }

  #onTracks(tracks: readonly Track[]): void {
    this.#stores.setTracks(tracks);
    this.#reason.tracksCame();
    if (this.#isDecided()) for (const done of this.#waiters) done();
  }

  #onVideo(unit: AccessUnit): void {
    if (this.videoStore === undefined) return;
    this.counters.video(unit);
    this.#reason.pictureCame();
    this.#deps.onChange();
    if (this.#reason.hasNewReordering(unit)) this.#refuse(B_FRAMES);
    const frame = this.#stores.appendVideo(unit);
    if (frame === undefined || this.refusal !== undefined) return;
    for (const reader of this.#readers) reader.onVideo(frame, this.#deps.clock());
    if (frame.isKey && this.#holders.size > this.#readers.size) this.#tellWaiting();
  }

  #tellWaiting(): void {
    for (const holder of this.#holders) if (!this.#readers.has(holder)) holder.onReady(this);
  }

  #onAudio(unit: AccessUnit): void {
    const frame = this.#stores.appendAudio(unit);
    if (frame !== undefined) this.#deps.onAudio?.(frame);
  }

  #interrupt(): void {
    this.counters.interrupt();
    this.#stores.interrupt();
    for (const reader of this.#readers) reader.onInterrupt();
  }

  #refuse(message: string): void {
    if (this.#reason.refuse(message)) this.#deps.onRefuse(message);
    for (const done of this.#waiters) done();
  }
}
