/**
 * The sessions of all panels of a page. A tile that goes leaves its session behind for a moment: a refresh, a change of the
 * time range and the way into the editor take all tiles down and put them up again.
 */
import { SessionManager } from '@sightline/media-relay/client';
import type { RelaySource } from '../../relay/relay-source.ts';
import { TileSession } from './tile-session.ts';

const PARKED_MS = 5000;

interface Relay {
  readonly sessions: SessionManager;
  readonly open: Set<TileSession>;
}

interface Parked {
  readonly session: TileSession;
  readonly timer: ReturnType<typeof setTimeout>;
}

export class PageSessions {
  /** One manager per relay: each has its own clock. By uid of the data source. */
  readonly #relays = new Map<string, Relay>();
  readonly #parked = new Map<string, Parked>();
  #audible: TileSession | undefined;

  /** A parked session of this stream if there is one, else a new one. To be given back. */
  take(source: RelaySource, stream: string, rendering: boolean): TileSession {
    const key = keyOf(source.uid, stream);
    const parked = this.#parked.get(key);
    if (parked !== undefined) {
      this.#parked.delete(key);
      clearTimeout(parked.timer);
      // A data source that was saved anew may lead elsewhere.
      if (parked.session.source === source) return parked.session;
      this.#close(parked.session);
    }
    const relay = this.#relayOf(source.uid);
    const session = new TileSession({ sessions: relay.sessions, source, stream, rendering });
    relay.open.add(session);
    return session;
  }

  give(session: TileSession): void {
    const key = keyOf(session.source.uid, session.stream);
    session.detach();
    if (session === this.#audible) this.listenTo(undefined);
    const before = this.#parked.get(key);
    if (before !== undefined) {
      clearTimeout(before.timer);
      this.#close(before.session);
    }
    const timer = setTimeout(() => {
      this.#parked.delete(key);
      this.#close(session);
    }, PARKED_MS);
    this.#parked.set(key, { session, timer });
  }

  /** One tile of the page at a time, or none. */
  listenTo(session: TileSession | undefined): void {
    if (session === this.#audible) return;
    this.#audible?.setAudible(false);
    this.#audible = session;
    session?.setAudible(true);
  }

  #relayOf(uid: string): Relay {
    const known = this.#relays.get(uid);
    if (known !== undefined) return known;
    const relay: Relay = { sessions: new SessionManager(), open: new Set() };
    this.#relays.set(uid, relay);
    return relay;
  }

  #close(session: TileSession): void {
    session.close();
    const { uid } = session.source;
    const relay = this.#relays.get(uid);
    relay?.open.delete(session);
    if (relay === undefined || relay.open.size > 0) return;
    relay.sessions.close();
    this.#relays.delete(uid);
  }
}

function keyOf(uid: string, stream: string): string {
  return `${uid} ${stream}`;
}

/** Of this page: all panels that Grafana makes from this module share it, and with it the relay's and the browser's patience. */
let page: PageSessions | undefined;

export function pageSessions(): PageSessions {
  page ??= new PageSessions();
  return page;
}
