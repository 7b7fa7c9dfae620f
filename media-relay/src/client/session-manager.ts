/**
 * The players of one page: they share a budget of offers, the relay's clock, what they know of the media paths, and what
 * befalls the page: it is hidden, it is closed, its computer sleeps or changes the network.
 */
import { Gate } from './gate.ts';
import { KnownCipher, pageStorage } from './known-cipher.ts';
import { MediaPaths } from './media-paths.ts';
import { OFFER_SPACING_MS, OfferPace } from './offer-pace.ts';
import { Presence } from './presence.ts';
import { RelayClock } from './relay-clock.ts';
import { SleepWatch } from './sleep-watch.ts';
import { WhepPlayer } from './whep-player.ts';
import type { WhepPlayerOptions } from './whep-player.ts';

const HANDSHAKES_AT_ONCE = 6;
/** Players that nobody sees end their sessions after this. */
const LINGER_MS = 5000;
const SLEEP_LOOK_MS = 1000;
/** Tiles this near to the screen are on it: scrolling meets pictures, not gaps. */
const SCREEN_MARGIN = '120px';

export interface SessionManagerOptions {
  readonly handshakesAtOnce?: number;
  readonly lingerMs?: number;
}

export class SessionManager {
  readonly #players = new Map<WhepPlayer, HTMLVideoElement>();
  readonly #handshakes: Gate;
  readonly #relayClock = new RelayClock();
  readonly #cipher = new KnownCipher(pageStorage());
  readonly #mediaPaths = new MediaPaths();
  readonly #presence: Presence<WhepPlayer>;
  readonly #onScreen: IntersectionObserver;
  readonly #sleep = new SleepWatch(Date.now());
  #networkType: string | undefined;
  readonly #sleepTimer: ReturnType<typeof setInterval>;
  readonly #closing = new AbortController();

  constructor(options: SessionManagerOptions = {}) {
    this.#handshakes = new Gate(options.handshakesAtOnce ?? HANDSHAKES_AT_ONCE, {
      pace: new OfferPace(OFFER_SPACING_MS, Math.random),
      onBack: () => this.retryAll(),
    });
    this.#presence = new Presence(isPageShown(), {
      lingerMs: options.lingerMs ?? LINGER_MS,
      onChange: (player, isPresent) => (isPresent ? player.start() : player.stop()),
    });
    this.#onScreen = new IntersectionObserver((entries) => this.#onIntersections(entries), {
      rootMargin: SCREEN_MARGIN,
    });
    const { signal } = this.#closing;
    document.addEventListener('visibilitychange', () => this.#presence.showPage(isPageShown()), { signal });
    addEventListener('pagehide', () => this.#stopAll(true), { signal });
    // Back from the back-forward cache.
    addEventListener('pageshow', (event) => event.persisted && this.#startAll(), { signal });
    for (const type of ['online', 'offline'])
      addEventListener(type, () => this.#networkChanged(), { signal });
    const connection = connectionOfPage();
    this.#networkType = connection?.type;
    connection?.addEventListener('change', () => this.#connectionChanged(connection), { signal });
    // A gesture anywhere on the page allows all its videos to play.
    for (const type of ['click', 'keydown']) addEventListener(type, () => this.#gesture(), { signal });
    this.#sleepTimer = setInterval(() => {
      // A hidden page's timers are slowed down by themselves.
      if (this.#sleep.look(Date.now()) && isPageShown()) this.#networkChanged();
    }, SLEEP_LOOK_MS);
  }

  get players(): ReadonlySet<WhepPlayer> {
    return new Set(this.#players.keys());
  }

  /** A player that plays whenever it can be seen. */
  play(options: Omit<WhepPlayerOptions, 'handshakes' | 'relayClock' | 'cipher' | 'mediaPaths'>): WhepPlayer {
    const player = new WhepPlayer({
      ...options,
      handshakes: this.#handshakes,
      relayClock: this.#relayClock,
      cipher: this.#cipher,
      mediaPaths: this.#mediaPaths,
    });
    this.#players.set(player, options.video);
    if (this.#presence.add(player)) player.start();
    this.#onScreen.observe(options.video);
    return player;
  }

  remove(player: WhepPlayer): void {
    const video = this.#players.get(player);
    if (video !== undefined) this.#onScreen.unobserve(video);
    this.#players.delete(player);
    this.#presence.remove(player);
    player.stop();
  }

  /** Anybody can see it, or could a moment ago: nothing need be fetched for the others. */
  isPresent(player: WhepPlayer): boolean {
    return this.#presence.isPresent(player);
  }

  /** Something suggests that the relay answers now: nobody sits out the back-off. */
  retryAll(): void {
    for (const player of this.#players.keys()) player.retryNow();
  }

  close(): void {
    this.#closing.abort();
    clearInterval(this.#sleepTimer);
    this.#onScreen.disconnect();
    this.#presence.close();
    this.#stopAll(false);
    this.#players.clear();
  }

  #onIntersections(entries: readonly IntersectionObserverEntry[]): void {
    for (const [player, video] of this.#players) {
      const entry = entries.findLast(({ target }) => target === video);
      if (entry !== undefined) this.#presence.showItem(player, entry.isIntersecting);
    }
  }

  /** Chromium says so whenever it measures another round trip, and on desktops it does not say by which network. */
  #connectionChanged({ type }: NetworkInformation): void {
    if (type !== this.#networkType) this.#networkChanged();
    else for (const player of this.#players.keys()) player.networkDoubted();
    this.#networkType = type;
  }

  #networkChanged(): void {
    this.#mediaPaths.forget();
    for (const player of this.#players.keys()) player.networkChanged();
  }

  #gesture(): void {
    for (const player of this.#players.keys()) player.playAfterGesture();
  }

  #startAll(): void {
    for (const player of this.#players.keys()) if (this.#presence.isPresent(player)) player.start();
  }

  #stopAll(keepalive: boolean): void {
    for (const player of this.#players.keys()) player.stop({ keepalive });
  }
}

function isPageShown(): boolean {
  return document.visibilityState === 'visible';
}

/** W3C Network Information: Chromium has it, others do not; `type` is missing on desktops. */
interface NetworkInformation extends EventTarget {
  readonly type?: string;
}

function connectionOfPage(): NetworkInformation | undefined {
  const connection: unknown = Reflect.get(navigator, 'connection');
  return connection instanceof EventTarget ? connection : undefined;
}
