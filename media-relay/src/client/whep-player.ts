/** Plays one stream into one video element, for ever: joins, watches, joins again. */
import type { Quality, TileState } from '../stream/states.ts';
import { Gate } from './gate.ts';
import { KnownCipher } from './known-cipher.ts';
import { MediaPaths } from './media-paths.ts';
import type { MediaOrigin } from './media-paths.ts';
import { RelayClock } from './relay-clock.ts';
import { SilenceWatch } from './silence-watch.ts';
import { fetchSignalling } from './signalling.ts';
import type { Signalling } from './signalling.ts';
import { SparePeer } from './spare-peer.ts';
import { statisticsBetween } from './statistics.ts';
import type { Counters, TileStatistics } from './statistics.ts';
import { step, stoppedTile } from './tile-machine.ts';
import type { Tile, TileDetail, TileInput } from './tile-machine.ts';
import { WhepSession } from './whep-session.ts';

const TICK_MS = 250;
const TICKS_PER_READING = 4;
/** The page's first seconds measure the clocks several times, then they are only kept from drifting apart. */
const CLOCK_EAGER_READINGS = 3;
const CLOCK_EVERY_READINGS = 10;

export interface WhepPlayerOptions {
  /** The WHEP endpoint, relative to the page or absolute. */
  readonly url: string;
  readonly video: HTMLVideoElement;
  readonly onState: (state: TileState, detail: TileDetail) => void;
  /** Once a second while a session is open, undefined when it has ended. */
  readonly onStatistics?: (statistics: TileStatistics | undefined) => void;
  readonly signal?: Signalling;
  /** Sent with every request: the token, where one is needed. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Ask for sound too. The element stays muted until the host unmutes it after a gesture of the user. */
  readonly audio?: boolean;
  /** Of a stream with two renditions; `auto`, the default, follows the size of the element and the path. */
  readonly quality?: Quality;
  /** Shared by the players of a page; session-manager.ts passes its own. */
  readonly handshakes?: Gate;
  readonly relayClock?: RelayClock;
  readonly cipher?: KnownCipher;
  readonly mediaPaths?: MediaPaths;
  /** Monotonic, in Unix ms. Must agree with `performance.timeOrigin + performance.now()` in a browser. */
  readonly clock?: () => number;
  readonly random?: () => number;
}

export class WhepPlayer {
  readonly #options: Required<Omit<WhepPlayerOptions, 'onStatistics'>>;
  readonly #onStatistics: (statistics: TileStatistics | undefined) => void;
  readonly #silence = new SilenceWatch();
  #spare = new SparePeer<RTCPeerConnection>();
  #tile: Tile = stoppedTile;
  #session: WhepSession | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #ticks = 0;
  #readings = 0;
  #counters: Counters | undefined;
  #unsubscribe: (() => void) | undefined;
  /** Of the media path that stands. */
  #pathEnded: (() => void) | undefined;

  constructor(options: WhepPlayerOptions) {
    this.#options = {
      signal: fetchSignalling,
      headers: {},
      audio: false,
      quality: 'auto',
      handshakes: new Gate(1),
      relayClock: new RelayClock(),
      cipher: new KnownCipher(),
      mediaPaths: new MediaPaths(),
      clock: () => performance.timeOrigin + performance.now(),
      random: Math.random,
      ...options,
      url: new URL(options.url, document.baseURI).href,
    };
    this.#onStatistics = options.onStatistics ?? (() => undefined);
    // Once: a player that comes back into sight goes on with the sound that its host switched on.
    const { video } = options;
    video.muted = true;
    video.autoplay = true;
    video.playsInline = true;
  }

  get state(): TileState {
    return this.#tile.state;
  }

  /** When the newest picture was decoded, in Unix ms of the local clock; undefined before the first. */
  get lastFrameMs(): number | undefined {
    return this.#tile.lastFrameAtMs;
  }

  /** Idempotent. */
  start(): void {
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
    this.#unsubscribe ??= this.#options.mediaPaths.subscribe(() => this.#judge());
    this.#input({ type: 'start' });
  }

  /** Idempotent; the player may be started again. `keepalive`: the page is going away. */
  stop(how: { readonly keepalive: boolean } = { keepalive: false }): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    this.#input({ type: 'stop' }, how.keepalive);
  }

  /** Something suggests that it would work now (the stream came back): do not sit out the back-off. */
  retryNow(): void {
    this.#input({ type: 'retry' });
  }

  /** The computer woke up, or is in another network: what still works has three seconds to show it. */
  networkChanged(): void {
    this.#renewSpare();
    this.#input({ type: 'network-changed' });
    this.#input({ type: 'tick' });
  }

  /** The network may be another one: a picture that flows has to prove that it does. */
  networkDoubted(): void {
    this.#input({ type: 'network-doubted' });
  }

  /** The user did something: a browser that refused to play does so now. */
  playAfterGesture(): void {
    if (this.#tile.needsClick) this.#session?.play();
  }

  #tick(): void {
    if (this.#mayGoOn()) this.#input({ type: 'tick' });
    if (this.#silence.isDue(this.#tile, this.#options.clock())) void this.#session?.refreshClock();
    this.#ticks++;
    if (this.#ticks % TICKS_PER_READING === 0 && this.#session !== undefined) void this.#read(this.#session);
  }

  #input(input: TileInput, keepalive = false): void {
    const before = this.#tile;
    this.#tile = step(before, input, this.#options.clock(), this.#options.random);
    const { state, detail, phase } = this.#tile;
    // The host hears of it while the last picture still stands.
    if (state !== before.state || detail !== before.detail || input.type === 'start') {
      this.#options.onState(state, detail);
    }
    if (phase === before.phase) return;
    if (phase === 'stopped') this.#renewSpare();
    if (phase === 'waiting' || phase === 'stopped') this.#closeSession(keepalive);
    if (phase === 'asking') this.#openSession();
    this.#remember(before, input);
  }

  /** What the page learns of this player's media path, and this player of the page's. */
  #remember(before: Tile, input: TileInput): void {
    const { phase, detail, mediaPorts } = this.#tile;
    const { mediaPaths, clock } = this.#options;
    const { mediaAddresses } = before;
    if (mediaAddresses !== undefined && mediaAddresses !== this.#tile.mediaAddresses)
      mediaPaths.outdated({ ...this.#origin(), addresses: mediaAddresses }, clock());
    if (before.phase === 'flowing') {
      this.#pathEnded?.();
      this.#pathEnded = undefined;
    }
    if (phase === 'flowing') {
      const ended = mediaPaths.opened(this.#origin());
      // A host that hears of it may have stopped this player.
      if (this.#tile.phase === 'flowing') this.#pathEnded = ended;
      else ended();
    }
    const isVain = before.phase === 'joining' && detail !== before.detail && detail.code === 'media-blocked';
    if (isVain) mediaPaths.failed(this.#origin(), mediaPorts, clock() - before.phaseSinceMs, clock());
    // Not when it asks in its turn.
    else if ((input.type === 'start' || phase === 'joining') && this.#blockedPorts() !== undefined)
      this.#judge();
  }

  #judge(): void {
    this.#input({ type: 'judged', blockedPorts: this.#blockedPorts() });
  }

  #blockedPorts(): string | undefined {
    return this.#options.mediaPaths.blockedPorts(this.#origin(), this.#options.clock());
  }

  /** Players whose way is blocked take turns. */
  #mayGoOn(): boolean {
    const { phase, state, retryAtMs } = this.#tile;
    const { mediaPaths, clock } = this.#options;
    if (phase !== 'waiting' || state !== 'blocked' || clock() < retryAtMs) return true;
    return mediaPaths.mayTry(this.#origin(), clock());
  }

  #origin(): MediaOrigin {
    return { relay: new URL('.', this.#options.url).href, addresses: this.#tile.mediaAddresses };
  }

  #renewSpare(): void {
    this.#spare.close();
    this.#spare = new SparePeer<RTCPeerConnection>();
  }

  #openSession(): void {
    this.#counters = undefined;
    this.#readings = 0;
    const session: WhepSession = new WhepSession({
      ...this.#options,
      spare: this.#spare,
      nowMs: this.#options.clock,
      onInput: (input) => {
        if (this.#session === session) this.#input(input);
      },
    });
    this.#session = session;
  }

  #closeSession(keepalive: boolean): void {
    this.#session?.close({ keepalive });
    this.#session = undefined;
    this.#counters = undefined;
    this.#onStatistics(undefined);
  }

  async #read(session: WhepSession): Promise<void> {
    const after = await session.counters();
    if (after === undefined || session !== this.#session) return;
    const before = this.#counters;
    this.#counters = after;
    // Browsers pause videos for reasons of their own.
    if (this.#options.video.paused && !this.#tile.needsClick) session.play();
    // A hidden page paints nothing: what it decodes still counts as pictures.
    if (before !== undefined && after.framesDecoded > before.framesDecoded) this.#input({ type: 'frame' });
    if (before !== undefined && after.packetsReceived > before.packetsReceived)
      this.#input({ type: 'packets' });
    if (before === undefined) return;
    const statistics = statisticsBetween(before, after, session.takeDelayMs());
    if (statistics !== undefined) this.#onStatistics(statistics);
    if (this.#tile.state === 'live') {
      this.#readings++;
      const due = this.#readings <= CLOCK_EAGER_READINGS || this.#readings % CLOCK_EVERY_READINGS === 0;
      if (due) await session.refreshClock();
    }
  }
}
