// RFC 8445 7.3 and 6.1.1, the ICE-lite side of one session, sans-IO. A lite agent only answers: the player checks the
// pairs and names the one in use with USE-CANDIDATE. Consent (RFC 7675) is seen here as valid requests going on.
import { createSecretKey, type KeyObject } from 'node:crypto';
import type { IceCredentials } from './ice-credentials.ts';
import {
  attributeTypes,
  bindingMethod,
  findAttribute,
  hasValidFingerprint,
  hasValidIntegrity,
  parseStun,
  type StunMessage,
} from './stun.ts';
import { writeBindingError, writeBindingSuccess, type RemoteAddress, type StunError } from './stun-writer.ts';

export interface IceLiteOptions {
  readonly local: IceCredentials;
  readonly remoteUfrag: string;
}

export interface IceResult {
  /** To be sent back from the address that was asked. */
  readonly response: Uint8Array | undefined;
  /** The request was authentic: the player lives and wants this session. */
  readonly valid: boolean;
  /** A valid request with USE-CANDIDATE: media goes to its source from now on. */
  readonly nominated: boolean;
}

interface Generation {
  readonly username: string;
  readonly localUfrag: string;
  readonly key: KeyObject;
}

const dropped: IceResult = { response: undefined, valid: false, nominated: false };

export class IceLite {
  #current: Generation;
  /** Until the first valid request of the new generation, the old one goes on (RFC 8445 9). */
  #previous: Generation | undefined;
  #lastConsentMs: number | undefined;

  constructor(options: IceLiteOptions) {
    this.#current = toGeneration(options);
  }

  /** When the last valid request came; undefined before the first. */
  get lastConsentMs(): number | undefined {
    return this.#lastConsentMs;
  }

  /** The ufrags under which requests may come now: two while a restart is under way. */
  get localUfrags(): readonly string[] {
    const generations = this.#previous ? [this.#current, this.#previous] : [this.#current];
    return generations.map(({ localUfrag }) => localUfrag);
  }

  /** ICE restart: new credentials on both sides. */
  restart(options: IceLiteOptions): void {
    this.#previous = this.#current;
    this.#current = toGeneration(options);
  }

  /** Never throws. What is not a Binding request with a right fingerprint gets no response. */
  handle(datagram: Uint8Array, from: RemoteAddress, nowMs: number): IceResult {
    const message = parseStun(datagram);
    if (!message || message.stunClass !== 'request' || message.method !== bindingMethod) return dropped;
    if (!hasValidFingerprint(message)) return dropped;
    if (message.username === undefined || message.integrityAt === undefined) {
      return refuse(message, { code: 400, reason: 'Bad Request' }, undefined);
    }
    const generation = this.#generationOf(message.username);
    if (!generation || !hasValidIntegrity(message, generation.key)) {
      return refuse(message, { code: 401, reason: 'Unauthenticated' }, undefined);
    }
    const error = requestError(message);
    if (error) return refuse(message, error, generation.key);

    this.#lastConsentMs = nowMs;
    if (generation === this.#current) this.#previous = undefined;
    return {
      response: writeBindingSuccess(message.transactionId, from, generation.key),
      valid: true,
      nominated: message.useCandidate,
    };
  }

  #generationOf(username: string): Generation | undefined {
    return [this.#current, this.#previous].find((generation) => generation?.username === username);
  }
}

/**
 * Our ufrag out of a Binding request's USERNAME "ours:theirs", for finding the session; undefined when the datagram
 * has none. Nothing is authenticated here. Never throws.
 */
export function ufragOf(datagram: Uint8Array): string | undefined {
  const username = findAttribute(datagram, attributeTypes.username);
  if (!username) return undefined;
  const colon = username.indexOf(0x3a);
  if (colon < 1 || colon > 256) return undefined;
  return Buffer.from(username.buffer, username.byteOffset, colon).toString('latin1');
}

function toGeneration({ local, remoteUfrag }: IceLiteOptions): Generation {
  return {
    username: `${local.ufrag}:${remoteUfrag}`,
    localUfrag: local.ufrag,
    key: createSecretKey(local.pwd, 'utf8'),
  };
}

/** What is wrong with a request whose sender is known. */
function requestError(message: StunMessage): StunError | undefined {
  if (message.unknownRequired.length > 0) {
    return { code: 420, reason: 'Unknown Attribute', unknownAttributes: message.unknownRequired };
  }
  if (message.priority === undefined) return { code: 400, reason: 'Bad Request' };
  // A lite agent is always controlled when the other is full (RFC 8445 6.1.1), so the player has to switch.
  if (message.role === 'controlled') return { code: 487, reason: 'Role Conflict' };
  return undefined;
}

function refuse(message: StunMessage, error: StunError, key: KeyObject | undefined): IceResult {
  return { response: writeBindingError(message.transactionId, error, key), valid: false, nominated: false };
}
