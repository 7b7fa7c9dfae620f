// HTTP authentication as RTSP uses it: Basic (RFC 7617) and Digest (RFC 7616 with MD5 and SHA-256, RFC 2617 without
// qop). Not implemented: the -sess variants, auth-int, userhash, Authentication-Info.

import { createHash } from 'node:crypto';
import { excerpt } from '../media/protocol-error.ts';
import { SourceError } from '../sources/source.ts';
import type { Credentials } from './url.ts';

export interface Challenge {
  /** In lower case: "digest", "basic". */
  readonly scheme: string;
  /** Names in lower case, values without quotes. */
  readonly parameters: ReadonlyMap<string, string>;
}

const maxChallenges = 16;
/** One more than a camera with a fresh nonce and then a stale one needs. */
const maxAttemptsPerRequest = 3;

/**
 * The challenges of all WWW-Authenticate headers, in order. One header may hold several: a token that no "=" follows
 * starts the next one. What does not parse ends its header and is dropped.
 */
export function parseChallenges(headers: readonly string[]): Challenge[] {
  const challenges: Challenge[] = [];
  for (const header of headers) {
    const token = /[\s,]*([^\s,="]+)(?:\s*=\s*("(?:[^"\\]|\\.)*"|[^\s,"]*))?/y;
    let parameters: Map<string, string> | undefined;
    for (let match = token.exec(header); match !== null; match = token.exec(header)) {
      const name = (match[1] ?? '').toLowerCase();
      const value = match[2];
      if (value === undefined) {
        if (challenges.length === maxChallenges) return challenges;
        parameters = new Map();
        challenges.push({ scheme: name, parameters });
      } else {
        parameters?.set(name, value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value);
      }
    }
  }
  return challenges;
}

/** The best one that we can answer: Digest SHA-256, Digest MD5, Basic. */
export function strongestChallenge(challenges: readonly Challenge[]): Challenge | undefined {
  const strength = (challenge: Challenge): number => {
    if (challenge.scheme === 'basic') return 1;
    if (challenge.scheme !== 'digest' || !challenge.parameters.has('nonce')) return 0;
    const qop = challenge.parameters.get('qop');
    if (qop !== undefined && qop !== '' && !offersAuth(qop)) return 0;
    const algorithm = (challenge.parameters.get('algorithm') ?? 'MD5').toUpperCase();
    return algorithm === 'SHA-256' ? 3 : algorithm === 'MD5' ? 2 : 0;
  };
  return challenges
    .filter((challenge) => strength(challenge) > 0)
    .toSorted((a, b) => strength(b) - strength(a))[0];
}

/** Answers the challenges of one connection, and says when there is no point in going on. */
export class Authenticator {
  readonly #credentials: Credentials | undefined;
  readonly #peer: string;
  readonly #cnonce: () => string;
  #challenge: Challenge | undefined;
  #nonceCount = 0;
  /** The camera took our credentials before, so that a new challenge only means a new nonce. */
  #wasAccepted = false;

  /** `peer` names the camera in messages; `cnonce` gives a fresh random token. */
  constructor(credentials: Credentials | undefined, peer: string, cnonce: () => string) {
    this.#credentials = credentials;
    this.#peer = peer;
    this.#cnonce = cnonce;
  }

  /** The Authorization value for the next request, once the camera has asked for one. */
  authorization(method: string, url: string): string | undefined {
    if (this.#challenge === undefined || this.#credentials === undefined) return undefined;
    const { scheme, parameters } = this.#challenge;
    const { user, password } = this.#credentials;
    if (scheme === 'basic') return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
    this.#nonceCount++;
    return digestAuthorization({
      parameters,
      credentials: this.#credentials,
      method,
      url,
      cnonce: this.#cnonce(),
      nonceCount: this.#nonceCount,
    });
  }

  accepted(): void {
    if (this.#challenge !== undefined) this.#wasAccepted = true;
  }

  /**
   * A request was answered with 401; `attempt` counts its tries from 1. Returns if it is worth sending again, otherwise
   * throws `SourceError` 'unauthorized'.
   */
  challenged(headers: readonly string[], attempt: number, hadAuthorization: boolean): void {
    if (this.#credentials === undefined) {
      throw this.#unauthorized(
        'asks for a user and a password; put them into the URL: rtsp://user:password@...',
      );
    }
    const challenges = parseChallenges(headers);
    const strongest = strongestChallenge(challenges);
    if (strongest === undefined) {
      const offered = excerpt(challenges.map((challenge) => challenge.scheme).join(', '));
      throw this.#unauthorized(
        `asks for a kind of authentication that is not supported (${offered || 'none named'})`,
      );
    }
    const isStale = strongest.parameters.get('stale')?.toLowerCase() === 'true';
    const sameRealm = strongest.parameters.get('realm') === this.#challenge?.parameters.get('realm');
    const isNewNonce = strongest.parameters.get('nonce') !== this.#challenge?.parameters.get('nonce');
    const onlyNonceExpired = isStale || (this.#wasAccepted && isNewNonce && attempt === 1);
    if (attempt >= maxAttemptsPerRequest || (hadAuthorization && sameRealm && !onlyNonceExpired)) {
      throw this.#unauthorized('refuses the user or the password of the URL');
    }
    this.#challenge = strongest;
    this.#nonceCount = 0;
  }

  #unauthorized(problem: string): SourceError {
    return new SourceError('unauthorized', `${this.#peer} ${problem}`);
  }
}

export interface DigestInput {
  readonly parameters: ReadonlyMap<string, string>;
  readonly credentials: Credentials;
  readonly method: string;
  readonly url: string;
  readonly cnonce: string;
  readonly nonceCount: number;
}

/** RFC 7616 section 3.4; without qop in the challenge RFC 2617 section 3.2.2.1. */
export function digestAuthorization(input: DigestInput): string {
  const { parameters, credentials, method, url, cnonce, nonceCount } = input;
  const algorithm = parameters.get('algorithm');
  const hash = (text: string): string =>
    createHash(algorithm?.toUpperCase() === 'SHA-256' ? 'sha256' : 'md5')
      .update(text)
      .digest('hex');
  const realm = parameters.get('realm') ?? '';
  const nonce = parameters.get('nonce') ?? '';
  const opaque = parameters.get('opaque');
  const ha1 = hash(`${credentials.user}:${realm}:${credentials.password}`);
  const ha2 = hash(`${method}:${url}`);
  const nc = nonceCount.toString(16).padStart(8, '0');
  const usesQop = offersAuth(parameters.get('qop') ?? '');
  const response = usesQop
    ? hash(`${ha1}:${nonce}:${nc}:${cnonce}:auth:${ha2}`)
    : hash(`${ha1}:${nonce}:${ha2}`);
  const fields = [
    `username=${quote(credentials.user)}`,
    `realm=${quote(realm)}`,
    `nonce=${quote(nonce)}`,
    `uri=${quote(url)}`,
    `response="${response}"`,
  ];
  if (algorithm !== undefined) fields.push(`algorithm=${algorithm}`);
  if (opaque !== undefined) fields.push(`opaque=${quote(opaque)}`);
  if (usesQop) fields.push('qop=auth', `nc=${nc}`, `cnonce="${cnonce}"`);
  return `Digest ${fields.join(', ')}`;
}

function offersAuth(qop: string): boolean {
  return qop.split(',').some((value) => value.trim().toLowerCase() === 'auth');
}

function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&').replace(/[\r\n]/g, '')}"`;
}
