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

  get isFull(): boolean {
    return this.#sessions.size >= this.#capacity;
  }

  get size(): number {
    return this.#sessions.size;
  }

  add(id: string, stream: string, offer: string): KnownSession {
    const etag = `"${createHash('sha256').update(id).digest('hex').slice(0, 16)}"`;
    const ufrag = /^a=ice-ufrag:([^\s]{1,256})/m.exec(offer)?.[1];
    const session = { id, stream, etag, ufrag };
    this.#sessions.set(id, session);
    return session;
  }

  get(id: string): KnownSession | undefined {
    return this.#sessions.get(id);
  }

  remove(id: string): void {
    this.#sessions.delete(id);
  }
}
