/** The players of one page: they share a budget of handshakes, the relay's clock, and the page's end. */
import { Gate } from './gate.ts';
import { RelayClock } from './relay-clock.ts';
import { WhepPlayer } from './whep-player.ts';
import type { WhepPlayerOptions } from './whep-player.ts';

const HANDSHAKES_AT_ONCE = 6;

/**
 * Every player of the page is in `players`: whoever decides by visibility or size which of them play does it here, by
 * `start()` and `stop()`.
 */
export class SessionManager {
  readonly #players = new Set<WhepPlayer>();
  readonly #handshakes: Gate;
  readonly #relayClock = new RelayClock();
  readonly #closing = new AbortController();

  constructor(options: { readonly handshakesAtOnce?: number } = {}) {
    this.#handshakes = new Gate(options.handshakesAtOnce ?? HANDSHAKES_AT_ONCE);
    const { signal } = this.#closing;
    addEventListener('pagehide', () => this.#stopAll(true), { signal });
    // Back from the back-forward cache.
    addEventListener('pageshow', (event) => event.persisted && this.#startAll(), { signal });
  }

  get players(): ReadonlySet<WhepPlayer> {
    return this.#players;
  }

  /** A started player. */
  play(options: Omit<WhepPlayerOptions, 'handshakes' | 'relayClock'>): WhepPlayer {
    const player = new WhepPlayer({
      ...options,
      handshakes: this.#handshakes,
      relayClock: this.#relayClock,
    });
    this.#players.add(player);
    player.start();
    return player;
  }

  remove(player: WhepPlayer): void {
    player.stop();
    this.#players.delete(player);
  }

  close(): void {
    this.#closing.abort();
    this.#stopAll(false);
    this.#players.clear();
  }

  #startAll(): void {
    for (const player of this.#players) player.start();
  }

  #stopAll(keepalive: boolean): void {
    for (const player of this.#players) player.stop({ keepalive });
  }
}
