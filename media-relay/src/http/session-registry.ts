import { createHash } from 'node:crypto';

export interface KnownSession {
  readonly id: string;
  readonly stream: string;
  /** Names the ICE session (RFC 9725 4.3.1); there is one per session, since restarts are refused. */
  readonly etag: string;
  /** The viewer's ice-ufrag from its offer. */
  readonly ufrag: string | undefined;
}

/** Which stream a session watches. Knowing an id is what makes a session one's own; ids come from the engine. */
export class SessionRegistry {
  readonly #sessions = new Map<string, KnownSession>();
  readonly #capacity: number;

  constructor(capacity = 20_000) {
    this.#capacity = capacity;
  }

  add(id: string, stream: string, offer: string): KnownSession {
    const etag = `"${createHash('sha256').update(id).digest('hex').slice(0, 16)}"`;
    const ufrag = /^a=ice-ufrag:([^\s]{1,256})/m.exec(offer)?.[1];
    const session = { id, stream, etag, ufrag };
    this.#sessions.set(id, session);
    // Should the end of a session ever go unreported, the oldest make way; all that is lost is their DELETE.
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > this.#capacity && oldest !== undefined) this.#sessions.delete(oldest);
    return session;
  }

  get(id: string): KnownSession | undefined {
    return this.#sessions.get(id);
  }

  remove(id: string): void {
    this.#sessions.delete(id);
  }
}
