// Grafana's signed identity of a viewer: header X-Grafana-Id, a JWT (RFC 7519) signed ES256, keys published as a JWKS
// (RFC 7517) at <grafana>/api/signing-keys/keys. Issuer and audience are not checked: the issuer is Grafana's root_url,
// which need not be the address we reach it at, and the keys already say which Grafana signed.
import { readBounded } from '@sightline/exporter';
import { createRemoteJWKSet, customFetch, jwtVerify } from 'jose';
import type { FetchImplementation } from 'jose';
import { z } from 'zod';

export interface GrafanaIdentity {
  /** `user:2`, `service-account:3`, `anonymous:0`. */
  readonly userId: string;
  readonly type: string;
  readonly username: string | undefined;
  /** Organisation role: Viewer, Editor, Admin, None. */
  readonly role: string | undefined;
}

/** Who may see which streams. Give a role or a user; with both, both must fit. */
export interface AccessRule {
  readonly role?: string | undefined;
  /** `user:2` or the login name. A login name can be changed by its owner in some set-ups; the id cannot. */
  readonly user?: string | undefined;
  readonly streams: readonly string[];
}

export type VerifyGrafanaIdentity = (jwt: string) => Promise<GrafanaIdentity>;

const claimsSchema = z.object({
  sub: z.string().min(1).max(200),
  type: z.string().max(50).default(''),
  username: z.string().max(200).optional(),
  role: z.string().max(50).optional(),
});

const retryMs = 5_000;
/** Grafana has a few, of 200 bytes each. */
const maxKeysBytes = 256 * 1024;
const keySetSchema = z.object({ keys: z.array(z.looseObject({})) });

export interface GrafanaVerifierOptions {
  /** Where the relay reaches Grafana, with its sub-path if it has one. */
  readonly url: string;
}

/** The returned function rejects whenever the identity is not proven, Grafana being out of reach included. */
export function createGrafanaVerifier({ url }: GrafanaVerifierOptions): VerifyGrafanaIdentity {
  /** Of performance.now(): a clock that is set back would make the wait hours long. */
  let retryAtMs = 0;
  // While Grafana is away nobody waits for it again and again.
  const fetchKeys: FetchImplementation = async (address, init) => {
    if (performance.now() < retryAtMs) throw new Error('the keys of Grafana could not be read a moment ago');
    try {
      const response = await fetch(address, init);
      if (!response.ok) {
        await response.body?.cancel();
        throw new Error(`Grafana answers ${response.status} for its keys`);
      }
      // Read here, for the bound, and as a login page in their place is no better than no answer.
      const text = await readBounded(response, maxKeysBytes, 'the keys of Grafana are more than 256 kB');
      return new Response(keySetOf(text));
    } catch (error) {
      retryAtMs = performance.now() + retryMs;
      throw error;
    }
  };
  const keys = createRemoteJWKSet(new URL(`${url.replace(/\/+$/, '')}/api/signing-keys/keys`), {
    // An offer is answered within 2 s, whatever Grafana does.
    timeoutDuration: 1000,
    cooldownDuration: 10_000,
    cacheMaxAge: 600_000,
    [customFetch]: fetchKeys,
  });
  return async (jwt) => {
    const { payload } = await jwtVerify(jwt, keys, {
      algorithms: ['ES256'],
      requiredClaims: ['sub', 'exp'],
      clockTolerance: 30,
    });
    const { sub, type, username, role } = claimsSchema.parse(payload);
    return { userId: sub, type, username, role };
  };
}

/** Throws Error, without a word of the text. */
function keySetOf(text: string): string {
  try {
    return JSON.stringify(keySetSchema.parse(JSON.parse(text)));
  } catch {
    throw new Error('what Grafana answers for its keys is no key set');
  }
}

/** The patterns of all rules that fit; without an identity none fits. */
export function patternsFor(
  rules: readonly AccessRule[],
  identity: GrafanaIdentity | undefined,
): readonly string[] {
  if (identity === undefined) return [];
  return rules.filter((rule) => fits(rule, identity)).flatMap((rule) => rule.streams);
}

function fits(rule: AccessRule, identity: GrafanaIdentity): boolean {
  if (rule.role === undefined && rule.user === undefined) return false;
  const roleFits = rule.role === undefined || rule.role === identity.role;
  return roleFits && (rule.user === undefined || rule.user === nameAs(rule.user, identity));
}

/** `user:2`, `service-account:3`. */
const idSyntax = /^[a-z-]+:\S+$/;

/** What is written as an id is compared with the id alone: nobody becomes another by a login name that looks like one. */
function nameAs(written: string, { userId, username }: GrafanaIdentity): string | undefined {
  return idSyntax.test(written) ? userId : username;
}
