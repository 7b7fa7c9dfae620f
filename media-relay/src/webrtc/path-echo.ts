/**
 * Round trips of a viewer's path, measured with STUN (RFC 8489): a full ICE agent answers Binding requests at once,
 * long before it reports on media. An ICE-lite agent need not ask any; nothing keeps it from it. Sans-IO.
 */
import { createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import type { IceCredentials } from './ice-credentials.ts';
import { bindingMethod, hasValidIntegrity, parseStun } from './stun.ts';
import { writeBindingRequest } from './stun-writer.ts';

/** RFC 8445 5.1.2.1: that of a peer-reflexive candidate. Nobody decides by it. */
const PRIORITY = 0x6e_ffff_ff;
/** Without an answer the oldest is forgotten. */
const MAX_WAITING = 32;

export class PathEcho {
  readonly #username: string;
  readonly #key: KeyObject;
  readonly #waiting: { readonly id: Buffer; readonly atMs: number; readonly answer: (ms: number) => void }[] =
    [];

  constructor(localUfrag: string, remote: IceCredentials) {
    this.#username = `${remote.ufrag}:${localUfrag}`;
    this.#key = createSecretKey(remote.pwd, 'utf8');
  }

  /** A request that leaves now; `answer` gets its round trip in ms, once, if an answer comes. */
  request(nowMs: number, answer: (roundTripMs: number) => void): Uint8Array {
    const id = randomBytes(12);
    this.#waiting.push({ id, atMs: nowMs, answer });
    if (this.#waiting.length > MAX_WAITING) this.#waiting.shift();
    return writeBindingRequest({
      transactionId: id,
      username: this.#username,
      key: this.#key,
      priority: PRIORITY,
      role: 'controlled',
      tieBreaker: id.readBigUInt64BE(),
      useCandidate: false,
    });
  }

  /** True when the datagram answers a request of ours; anything else is left alone. Never throws. */
  handle(datagram: Uint8Array, nowMs: number): boolean {
    if (this.#waiting.length === 0) return false;
    const message = parseStun(datagram);
    if (message?.stunClass !== 'success' || message.method !== bindingMethod) return false;
    const at = this.#waiting.findIndex(({ id }) => id.equals(message.transactionId));
    if (at < 0 || !hasValidIntegrity(message, this.#key)) return false;
    const [answered] = this.#waiting.splice(at, 1);
    // The moment of a batch of datagrams may be before that of a request that left meanwhile.
    answered?.answer(Math.max(0, nowMs - answered.atMs));
    return true;
  }
}
