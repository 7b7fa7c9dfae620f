import type { AccessRule, GrafanaIdentity, VerifyGrafanaIdentity } from './grafana-identity.ts';
import { patternsFor } from './grafana-identity.ts';
import type { AuthRequest } from './local-browser.ts';
import { cameThroughGrafana, localBrowser, whyNotLocalBrowser } from './local-browser.ts';
import type { Principal } from './permissions.ts';
import { anonymous } from './permissions.ts';
import type { TokenBook } from './tokens.ts';
import { presentedToken } from './tokens.ts';

export type Identified =
  /** `hint` says why the principal is anonymous; it depends on the request alone. */
  | { readonly ok: true; readonly principal: Principal; readonly hint: string | undefined }
  | { readonly ok: false; readonly detail: string };

/** Says who sent a request. The route table says what that one may do (http/route.ts), and there is no third place. */
export interface Authoriser {
  identify(request: AuthRequest): Promise<Identified>;
}

export interface AuthoriserOptions {
  readonly tokens: TokenBook;
  /** Undefined without `grafana.url`. */
  readonly verifyGrafanaIdentity?: VerifyGrafanaIdentity | undefined;
  readonly rules?: readonly AccessRule[];
  /** False on hosts that several people use. */
  readonly localBrowserMayView?: boolean;
  /** Told once per failure that is not a plain missing token; never holds a secret. */
  readonly debug?: (message: string) => void;
}

export function createAuthoriser(options: AuthoriserOptions): Authoriser {
  const { tokens, verifyGrafanaIdentity, rules = [], localBrowserMayView = true, debug } = options;

  async function grafanaIdentity(request: AuthRequest): Promise<GrafanaIdentity | undefined> {
    const [jwt, second] = request.headersDistinct['x-grafana-id'] ?? [];
    if (verifyGrafanaIdentity === undefined || jwt === undefined || jwt === '' || second !== undefined)
      return undefined;
    try {
      return await verifyGrafanaIdentity(jwt);
    } catch (error) {
      debug?.(`X-Grafana-Id not accepted: ${error instanceof Error ? error.message : 'unknown error'}`);
      return undefined;
    }
  }

  function withoutToken(request: AuthRequest): Identified {
    const reason = localBrowserMayView ? whyNotLocalBrowser(request) : 'this relay always wants one';
    if (reason === undefined) return { ok: true, principal: localBrowser, hint: undefined };
    return { ok: true, principal: anonymous, hint: `The request has no token, and ${reason}.` };
  }

  return {
    async identify(request) {
      const presented = presentedToken(request.headersDistinct);
      switch (presented.kind) {
        case 'malformed':
          return { ok: false, detail: presented.detail };
        case 'foreign':
          return { ok: true, principal: anonymous, hint: 'Its Authorization header holds no bearer token.' };
        case 'none':
          return withoutToken(request);
        case 'token':
          break;
      }
      const token = tokens.find(presented.secret);
      if (token === undefined) return { ok: true, principal: anonymous, hint: 'Its token is not known.' };

      const identity = await grafanaIdentity(request);
      const isNarrowed =
        rules.length > 0 && (token.forGrafana || cameThroughGrafana(request.headersDistinct));
      const principal: Principal = {
        kind: 'token',
        name: token.name,
        grants: token.grants,
        narrowedTo: isNarrowed ? patternsFor(rules, identity) : undefined,
        user: identity?.username ?? identity?.userId,
      };
      const hint =
        isNarrowed && identity === undefined ? 'Its Grafana identity is missing or not proven.' : undefined;
      return { ok: true, principal, hint };
    },
  };
}
