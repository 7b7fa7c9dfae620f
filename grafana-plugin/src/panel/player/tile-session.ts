/**
 * One stream as it plays for one tile: the relay client's player, its video element, and the last good picture. Belongs to
 * no component, so that it outlives a dashboard's refresh and the way into the editor and back.
 */
import type {
  SessionManager,
  TileDetail,
  TileState,
  TileStatistics,
  WhepPlayer,
} from '@sightline/media-relay/client';
import { pause } from '../../relay/pause.ts';
import type { RelaySource } from '../../relay/relay-source.ts';

/** What the relay draws at least. */
const STILL_MIN_WIDTH = 160;
const STILL_MAX_WIDTH = 1280;
/** From the end of one still picture to the request for the next. */
const STILL_PAUSE_MS = 1000;
/** A relay that has no still picture now is asked again after this. */
const STILL_RETRY_MS = 10_000;

export interface TileSnapshot {
  readonly state: TileState;
  readonly detail: TileDetail;
  readonly statistics: TileStatistics | undefined;
  /** When the picture that is shown was received (a still: by the relay), Unix ms of this browser; undefined where nobody knows. */
  readonly lastFrameMs: number | undefined;
  /** The canvas holds a picture. */
  readonly hasStill: boolean;
  /** The canvas is fed with still pictures because no live video gets through, or because the page is rendered to an image. */
  readonly showsStills: boolean;
  readonly isAudible: boolean;
}

export interface TileSessionOptions {
  readonly sessions: Pick<SessionManager, 'play' | 'remove' | 'isPresent'>;
  readonly source: RelaySource;
  readonly stream: string;
  /** The image renderer takes a picture of this page: one still picture, and video only where there is none. */
  readonly rendering: boolean;
}

export class TileSession {
  readonly source: RelaySource;
  readonly stream: string;
  readonly video = document.createElement('video');
  readonly still = document.createElement('canvas');
  readonly #options: TileSessionOptions;
  readonly #listeners = new Set<() => void>();
  #player: WhepPlayer | undefined;
  #snapshot: TileSnapshot = {
    state: 'connecting',
    detail: { code: undefined, sentence: '' },
    statistics: undefined,
    lastFrameMs: undefined,
    hasStill: false,
    showsStills: false,
    isAudible: false,
  };
  #stills: AbortController | undefined;
  #closed = false;

  constructor(options: TileSessionOptions) {
    this.#options = options;
    this.source = options.source;
    this.stream = options.stream;
    this.video.tabIndex = -1;
    this.video.setAttribute('aria-hidden', 'true');
    this.video.disablePictureInPicture = true;
    this.still.setAttribute('aria-hidden', 'true');
    if (options.rendering) void this.#render();
    else this.#player = this.#play(false);
  }

  get snapshot(): TileSnapshot {
    return this.#snapshot;
  }

  /** Called after each change of the snapshot; returns how to stop that. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Into the element of a tile. A video that was taken out of the document pauses, so it is told to go on. */
  attachTo(host: HTMLElement): void {
    host.append(this.video, this.still);
    if (this.video.srcObject !== null) this.video.play().catch(() => undefined);
  }

  detach(): void {
    this.video.remove();
    this.still.remove();
  }

  /** Something suggests that it would work now. */
  retryNow(): void {
    this.#player?.retryNow();
  }

  /** Sound is asked for when it is first wanted: a session without it costs the relay nothing. */
  setAudible(isAudible: boolean): void {
    if (isAudible === this.#snapshot.isAudible || this.#player === undefined) return;
    if (isAudible) {
      this.#keepStill();
      this.#options.sessions.remove(this.#player);
      this.#player = this.#play(true);
    }
    this.video.muted = !isAudible;
    this.#change({ isAudible });
  }

  /** Ends the session at the relay. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopStills();
    if (this.#player !== undefined) this.#options.sessions.remove(this.#player);
    this.#player = undefined;
    this.video.srcObject = null;
    this.detach();
    this.#listeners.clear();
  }

  #play(audio: boolean): WhepPlayer {
    const { sessions, source, stream } = this.#options;
    return sessions.play({
      url: source.whepUrl(stream),
      video: this.video,
      signal: source.signal,
      audio,
      onState: (state, detail) => this.#onState(state, detail),
      onStatistics: (statistics) => this.#change({ statistics, ...this.#age() }),
    });
  }

  #onState(state: TileState, detail: TileDetail): void {
    if (this.#snapshot.state === 'live' && state !== 'live') this.#keepStill();
    if (state === 'blocked') this.#startStills();
    if (state === 'live') this.#stopStills();
    this.#change({ state, detail, ...this.#age() });
  }

  /** In stills mode the relay's own age counts. */
  #age(): Partial<TileSnapshot> {
    return this.#snapshot.showsStills
      ? {}
      : { lastFrameMs: this.#player?.lastFrameMs ?? this.#snapshot.lastFrameMs };
  }

  /** The last picture outlives its stream: the video element would go black with the next one. */
  #keepStill(): void {
    const { videoWidth, videoHeight } = this.video;
    if (videoWidth === 0) return;
    this.#draw(this.video, videoWidth, videoHeight);
    this.#change({ hasStill: true });
  }

  #draw(picture: CanvasImageSource, width: number, height: number): void {
    const scale = Math.min(1, STILL_MAX_WIDTH / width);
    this.still.width = Math.round(width * scale);
    this.still.height = Math.round(height * scale);
    this.still.getContext('2d')?.drawImage(picture, 0, 0, this.still.width, this.still.height);
  }

  #startStills(): void {
    if (this.#stills !== undefined || this.#closed) return;
    this.#stills = new AbortController();
    void this.#pollStills(this.#stills.signal);
  }

  #stopStills(): void {
    this.#stills?.abort();
    this.#stills = undefined;
    if (this.#snapshot.showsStills) this.#change({ showsStills: false });
  }

  /** One request at a time: through the proxy all tiles of the page share a handful of connections. */
  async #pollStills(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (!this.#isSeen()) {
        await pause(STILL_PAUSE_MS, signal);
        continue;
      }
      const shown = await this.#showStill(signal);
      if (signal.aborted) return;
      if (!shown) this.#change({ showsStills: false });
      await pause(shown ? STILL_PAUSE_MS : STILL_RETRY_MS, signal);
    }
  }

  /** Scrolled past, or behind another tab: the manager has stopped the player, and stills rest too. */
  #isSeen(): boolean {
    return this.#player === undefined || this.#options.sessions.isPresent(this.#player);
  }

  /** Whether there was one. */
  async #showStill(signal: AbortSignal): Promise<boolean> {
    const { source, stream } = this.#options;
    try {
      const wanted = (this.still.clientWidth || 640) * devicePixelRatio;
      const width = Math.max(STILL_MIN_WIDTH, Math.min(STILL_MAX_WIDTH, wanted));
      const still = await source.still(stream, width, signal);
      if (!still.ok || signal.aborted) return false;
      const arrivedMs = performance.timeOrigin + performance.now();
      const bitmap = await createImageBitmap(still.jpeg);
      // Live video may have come in between.
      if (!signal.aborted) this.#draw(bitmap, bitmap.width, bitmap.height);
      bitmap.close();
      if (signal.aborted) return false;
      const lastFrameMs = still.ageMs === undefined ? undefined : arrivedMs - still.ageMs;
      this.#change({ hasStill: true, showsStills: true, lastFrameMs });
      return true;
    } catch {
      return false;
    }
  }

  async #render(): Promise<void> {
    this.#stills = new AbortController();
    const shown = await this.#showStill(this.#stills.signal);
    if (!shown && !this.#closed) this.#player = this.#play(false);
  }

  #change(change: Partial<TileSnapshot>): void {
    this.#snapshot = { ...this.#snapshot, ...change };
    for (const listener of this.#listeners) listener();
  }
}
