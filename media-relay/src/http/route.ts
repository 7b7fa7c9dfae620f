import type { Request, Response } from 'express';
import type { z } from 'zod';

import type { Permission, Principal, Scope } from '../auth/permissions.ts';
import { isAllowed } from '../auth/permissions.ts';
import { HttpProblem } from './errors.ts';
import type { ProblemCode } from './errors.ts';
import { isStreamName } from './path-guard.ts';

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/**
 * Who may use a route. `scope` tells on what the permission must be held: on the stream that the path's `{stream}` names,
 * on any stream (the handler then shows or touches only what the principal may), or on all of them (`*`).
 */
export type Need = 'open' | { readonly permission: Permission; readonly scope: 'stream' | 'any' | 'all' };

export type BodyKind = 'sdp' | 'sdp-fragment' | 'json';

export const bodyTypes: Readonly<Record<BodyKind, string>> = {
  sdp: 'application/sdp',
  'sdp-fragment': 'application/trickle-ice-sdpfrag',
  json: 'application/json',
};

export interface Answer {
  readonly description: string;
  /** JSON unless `type` says otherwise. */
  readonly schema?: z.ZodType;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Route {
  /** operationId. */
  readonly id: string;
  readonly method: Method;
  /** Segments as they are, `{param}` for one that varies. */
  readonly path: string;
  readonly needs: Need;
  readonly summary: string;
  readonly query?: z.ZodObject;
  readonly body?: { readonly kind: BodyKind; readonly schema?: z.ZodType };
  readonly answers: Readonly<Record<number, Answer>>;
  readonly problems: readonly ProblemCode[];
  /** It limits its callers itself: all viewers of a Grafana come from one address. */
  readonly limitsItself?: true;
  /** Every viewer asks it all the time: only what fails is worth a line in the log. */
  readonly isRoutine?: true;
  /** Its answer goes on for as long as somebody reads it, who is the handler's business. */
  readonly isEndless?: true;
  handle(exchange: Exchange): void | Promise<void>;
}

/** One request on its way through its route; the principal has passed `needs`. */
export interface Exchange {
  readonly request: Request;
  readonly response: Response;
  readonly principal: Principal;
  readonly query: URLSearchParams;
  /** Throws for a name that the path pattern does not have: a defect. */
  param(name: string): string;
  /** Text of an SDP body. */
  text(): string;
  /** A JSON body; check it with a schema. */
  json(): unknown;
}

export type Match =
  | { readonly kind: 'route'; readonly route: Route; readonly params: ReadonlyMap<string, string> }
  /** The address exists; `methods` is what it answers to. */
  | { readonly kind: 'other-method'; readonly methods: readonly string[] }
  | { readonly kind: 'none' };

/** Compares segments: case-sensitive, nothing decoded. HEAD is answered by GET. */
export class RouteTable {
  readonly routes: readonly Route[];
  readonly #byLength = new Map<number, { readonly route: Route; readonly pattern: readonly string[] }[]>();

  constructor(routes: readonly Route[]) {
    this.routes = routes;
    for (const route of routes) {
      const pattern = route.path.split('/').slice(1).filter(Boolean);
      const sameLength = this.#byLength.get(pattern.length);
      if (sameLength === undefined) this.#byLength.set(pattern.length, [{ route, pattern }]);
      else sameLength.push({ route, pattern });
    }
  }

  match(method: string, segments: readonly string[]): Match {
    const wanted = method === 'HEAD' ? 'GET' : method;
    const methods: string[] = [];
    for (const { route, pattern } of this.#byLength.get(segments.length) ?? []) {
      const params = matchSegments(pattern, segments);
      if (params === undefined) continue;
      if (route.method === wanted) return { kind: 'route', route, params };
      methods.push(route.method);
    }
    if (methods.length === 0) return { kind: 'none' };
    return { kind: 'other-method', methods: allowed(methods) };
  }

  /** What `Allow` says for an address; empty when there is nothing. */
  methodsAt(segments: readonly string[]): readonly string[] {
    const methods = (this.#byLength.get(segments.length) ?? [])
      .filter(({ pattern }) => matchSegments(pattern, segments) !== undefined)
      .map(({ route }) => route.method);
    return methods.length === 0 ? [] : allowed(methods);
  }
}

function allowed(methods: readonly string[]): string[] {
  return [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].sort();
}

function matchSegments(
  pattern: readonly string[],
  segments: readonly string[],
): ReadonlyMap<string, string> | undefined {
  const params = new Map<string, string>();
  for (const [index, expected] of pattern.entries()) {
    const segment = segments[index];
    if (segment === undefined) return undefined;
    if (expected.startsWith('{')) params.set(expected.slice(1, -1), segment);
    else if (expected !== segment) return undefined;
  }
  return params;
}

/**
 * The one place that decides. The answer depends on the principal and the name in the path only, so it is the same whether
 * or not the stream exists. Throws HttpProblem `forbidden`.
 */
export function authorise(
  needs: Need,
  params: ReadonlyMap<string, string>,
  principal: Principal,
  hint: string | undefined,
): void {
  if (needs === 'open') return;
  const { permission, scope } = needs;
  const stream = params.get('stream');
  if (scope === 'stream') {
    if (stream === undefined) throw new Error('a route that needs a stream has none in its path');
    if (isStreamName(stream) && isAllowed(principal, permission, { stream })) return;
  } else if (isAllowed(principal, permission, scope)) {
    return;
  }
  throw forbidden(permission, scope === 'stream' ? 'this stream' : scope, hint);
}

/** For handlers whose stream is not in the path. */
export function requireOnStream(principal: Principal, permission: Permission, stream: string): void {
  const scope: Scope = { stream };
  if (!isAllowed(principal, permission, scope)) throw forbidden(permission, 'this stream', undefined);
}

function forbidden(permission: Permission, where: string, hint: string | undefined): HttpProblem {
  const on = where === 'any' ? '' : where === 'all' ? ' on all streams' : ` on ${where}`;
  return new HttpProblem(
    'forbidden',
    `This needs the permission "${permission}"${on}. ${hint ?? ''}`.trim() +
      ' Send a token as "Authorization: Bearer" or "X-Sightline-Token"; `sightline tokens` shows those of this relay.',
  );
}
