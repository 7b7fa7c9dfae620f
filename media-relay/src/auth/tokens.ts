// Bearer tokens: RFC 6750 2.1 (the header form only; no form or query parameter, they end up in logs).
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

import type { Grant } from './permissions.ts';

export interface TokenSpec {
  /** For logs and messages. */
  readonly name: string;
  /** The token itself: never log it. */
  readonly secret: string;
  readonly grants: readonly Grant[];
  /** Held by a Grafana: where access rules exist it works only together with a verified Grafana identity. */
  readonly forGrafana: boolean;
}

export type PresentedToken =
  | { readonly kind: 'none' }
  | { readonly kind: 'token'; readonly secret: string }
  /** Credentials, but not ours (Basic, ...): whoever sends them is not a plain browser on this host. */
  | { readonly kind: 'foreign' }
  | { readonly kind: 'malformed'; readonly detail: string };

const maxTokenLength = 512;
/** RFC 6750 b64token. */
const tokenSyntax = /^[A-Za-z0-9._~+/-]+=*$/;

/** The token of a request, from `Authorization: Bearer` or `X-Sightline-Token`; two different ones are malformed. */
export function presentedToken(headers: IncomingMessage['headersDistinct']): PresentedToken {
  const secrets = new Set<string>();
  let isForeign = false;
  for (const value of headers['authorization'] ?? []) {
    const credentials = /^bearer +(.*)$/is.exec(value)?.[1];
    if (credentials === undefined) isForeign = true;
    else secrets.add(credentials.trim());
  }
  for (const value of headers['x-sightline-token'] ?? []) secrets.add(value.trim());

  const [secret, second] = secrets;
  if (secret === undefined) return isForeign ? { kind: 'foreign' } : { kind: 'none' };
  if (second !== undefined) return { kind: 'malformed', detail: 'The request carries two different tokens.' };
  if (secret.length > maxTokenLength || !tokenSyntax.test(secret))
    return { kind: 'malformed', detail: 'The token holds characters that no token has.' };
  return { kind: 'token', secret };
}

export type ConstantTimeEqual = (a: Uint8Array, b: Uint8Array) => boolean;

const minSecretLength = 16;

/** Knows tokens by their hashes. Comparing takes the same time whether, where and how nearly one matches. */
export class TokenBook {
  readonly #equal: ConstantTimeEqual;
  #entries: readonly { readonly spec: TokenSpec; readonly hash: Uint8Array }[] = [];

  /** Throws Error for a token that is too short or given twice (names only, never the token). */
  constructor(specs: readonly TokenSpec[], equal: ConstantTimeEqual = timingSafeEqual) {
    this.#equal = equal;
    this.replace(specs);
  }

  /** For a reloaded configuration; leaves the old set in place when the new one is wrong. */
  replace(specs: readonly TokenSpec[]): void {
    const owners = new Map<string, string>();
    for (const { name, secret } of specs) {
      if (secret.length < minSecretLength || secret.length > maxTokenLength || !tokenSyntax.test(secret))
        throw new Error(
          `token "${name}": must have ${minSecretLength} to ${maxTokenLength} characters out of A-Z a-z 0-9 . _ ~ + / -`,
        );
      const owner = owners.get(secret);
      if (owner !== undefined) throw new Error(`tokens "${owner}" and "${name}" are the same`);
      owners.set(secret, name);
    }
    this.#entries = specs.map((spec) => ({ spec, hash: sha256(spec.secret) }));
  }

  find(secret: string): TokenSpec | undefined {
    const presented = sha256(secret);
    let found: TokenSpec | undefined;
    for (const { spec, hash } of this.#entries) if (this.#equal(presented, hash)) found = spec;
    return found;
  }
}

function sha256(text: string): Uint8Array {
  return createHash('sha256').update(text).digest();
}
