import { createHash } from 'node:crypto';

import { HttpProblem } from './errors.ts';

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

  /**
   * Why the engine said nothing of a session: it ended, or the media thread is busy. The end of every session is told here, so
   * one that is still known goes on, and its viewer must not make a new one just when there is much to do.
   */
  withoutAnswer(id: string): HttpProblem {
    return this.#sessions.has(id)
      ? new HttpProblem('stream-not-ready', 'The relay is busy.')
      : new HttpProblem('session-not-found', 'It may have ended.');
  }

  remove(id: string): void {
    this.#sessions.delete(id);
  }
}
