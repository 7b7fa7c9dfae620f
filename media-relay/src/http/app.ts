import type { IncomingMessage, ServerResponse } from 'node:http';

import express from 'express';
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { MemoryStore, rateLimit } from 'express-rate-limit';
import helmet from 'helmet';

import type { Principal } from '../auth/permissions.ts';
import { anonymous } from '../auth/permissions.ts';
import { createCors } from './cors.ts';
import type { HttpDeps } from './deps.ts';
import { HttpProblem, sendProblem, toProblem } from './errors.ts';
import { guardPath } from './path-guard.ts';
import type { BodyKind, Exchange, Route } from './route.ts';
import { authorise, bodyTypes, RouteTable } from './route.ts';
import { allRoutes } from './routes/all.ts';
import { SessionRegistry } from './session-registry.ts';

export interface App {
  handle(request: IncomingMessage, response: ServerResponse): void;
  close(): void;
}

const maxBodyBytes = 64 * 1024;
const defaultChangesPerMinute = 3_000;
const defaultLongestAnswerMs = 5 * 60_000;

/**
 * The way of every request: match in the one table, identify, authorise, limit, read the body, handle. Express carries
 * the middleware; its own router is not used, so there is no way to a handler around the table.
 */
export function createApp(
  deps: HttpDeps,
  maxChangesPerMinute = defaultChangesPerMinute,
  longestAnswerMs = defaultLongestAnswerMs,
): App {
  const { auth, engine, log } = deps;
  const cors = createCors(deps.corsOrigins);
  const sessions = new SessionRegistry();
  engine.onSessionEnded((sessionId) => sessions.remove(sessionId));
  const table = new RouteTable(allRoutes(deps, sessions));
  const readBody = bodyReaders();
  const { limiter, store } = changeLimiter(maxChangesPerMinute);

  async function dispatch(request: Request, response: Response): Promise<void> {
    cors.apply(request, response);
    const path = guardPath(request.url);
    if (!path.ok) throw new HttpProblem('bad-path', path.detail);
    if (request.method === 'OPTIONS') {
      const methods = table.methodsAt(path.segments);
      if (methods.length === 0) throw new HttpProblem('not-found', nothingHere);
      return cors.answerOptions(request, response, methods);
    }
    const match = table.match(request.method, path.segments);
    if (match.kind === 'none') throw new HttpProblem('not-found', nothingHere);
    if (match.kind === 'other-method') {
      const allow = match.methods.join(', ');
      throw new HttpProblem('method-not-allowed', `It answers to ${allow}.`, { headers: { Allow: allow } });
    }
    const { route, params } = match;
    const principal = await admit(route, params, request);
    response.locals['principal'] = principal;
    response.locals['route'] = route;
    if (route.isEndless !== true) boundAnswer(response, longestAnswerMs);
    // Only now: strangers behind the same address use up nobody's changes, nor does a page of another site in a browser here.
    if (route.method !== 'GET' && route.limitsItself !== true) await run(limiter, request, response);
    if (route.body !== undefined) {
      requireType(request, route.body.kind);
      await run(readBody[route.body.kind], request, response);
    }
    await route.handle(exchangeOf(request, response, principal, params));
  }

  async function admit(
    route: Route,
    params: ReadonlyMap<string, string>,
    request: Request,
  ): Promise<Principal> {
    const identified = await auth.identify({
      headersDistinct: request.headersDistinct,
      remoteAddress: request.socket.remoteAddress,
      httpVersion: request.httpVersion,
    });
    if (!identified.ok) throw new HttpProblem('bad-request', identified.detail);
    authorise(route.needs, params, identified.principal, identified.hint);
    return identified.principal;
  }

  const onError: ErrorRequestHandler = (error, request, response, _next) => {
    const problem = toProblem(error);
    if (problem.code === 'internal')
      log.error({ err: problem.cause, method: request.method }, 'request failed');
    if (response.headersSent) response.destroy();
    else sendProblem(response, problem);
  };

  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', false);
  app.set('query parser', false);
  app.use(pageHeaders());
  app.use((request, response) => {
    logWhenDone(deps, request, response);
    return dispatch(request, response);
  });
  app.use(onError);
  return {
    handle(request, response) {
      // Before Express, whose own reading of an address is more generous.
      const path = guardPath(request.url ?? '');
      if (path.ok) void app(request, response);
      else sendProblem(response, new HttpProblem('bad-path', path.detail));
    },
    close: () => store.shutdown(),
  };
}

/**
 * Whoever takes a little now and then is not idle, and would keep megabytes waiting here for as long as it likes. What comes
 * before the first byte has limits of its own, far shorter ones.
 */
function boundAnswer(response: Response, longestMs: number): void {
  // Gone while it was asked who it is: there is no 'close' to come.
  if (response.destroyed) return;
  const cut = setTimeout(() => response.destroy(), longestMs);
  response.once('close', () => clearTimeout(cut));
}

const nothingHere = 'Addresses are case-sensitive and have no trailing slash; see /openapi.json.';

function exchangeOf(
  request: Request,
  response: Response,
  principal: Principal,
  params: ReadonlyMap<string, string>,
): Exchange {
  const question = request.url.indexOf('?');
  return {
    request,
    response,
    principal,
    query: new URLSearchParams(question < 0 ? '' : request.url.slice(question + 1)),
    param(name) {
      const value = params.get(name);
      if (value === undefined) throw new Error(`the path has no {${name}}`);
      return value;
    },
    text: () => (typeof request.body === 'string' ? request.body : ''),
    json: () => request.body as unknown,
  };
}

/** A middleware as a promise. One that answers by itself must not be used here: it would never settle. */
function run(middleware: RequestHandler, request: Request, response: Response): Promise<void> {
  return new Promise((resolve, reject) => {
    const result: unknown = middleware(request, response, (error?: unknown) => {
      if (error === undefined) resolve();
      else reject(error);
    });
    if (result instanceof Promise) result.catch(reject);
  });
}

function requireType(request: Request, kind: BodyKind): void {
  const [type = ''] = (request.headers['content-type'] ?? '').split(';', 1);
  if (type.trim().toLowerCase() === bodyTypes[kind]) return;
  throw new HttpProblem('unsupported-media-type', `The body must be ${bodyTypes[kind]}.`, {
    headers:
      kind === 'sdp-fragment' ? { 'Accept-Patch': bodyTypes[kind] } : { 'Accept-Post': bodyTypes[kind] },
  });
}

function bodyReaders(): Readonly<Record<BodyKind, RequestHandler>> {
  const common = { limit: maxBodyBytes, inflate: false, type: () => true };
  const text = express.text({ ...common, defaultCharset: 'utf-8' });
  return { sdp: text, 'sdp-fragment': text, json: express.json({ ...common, strict: true }) };
}

function changeLimiter(limit: number): { limiter: RequestHandler; store: MemoryStore } {
  const windowMs = 60_000;
  const store = new MemoryStore();
  const limiter = rateLimit({
    windowMs,
    limit,
    store,
    standardHeaders: false,
    legacyHeaders: false,
    // Its checks print advice on X-Forwarded-For, which is never trusted here.
    validate: false,
    handler(_request, _response, next) {
      next(
        new HttpProblem(
          'rate-limited',
          `At most ${limit} changing requests per minute and address are taken.`,
        ),
      );
    },
  });
  return { limiter, store };
}

function pageHeaders(): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'none'"],
        'script-src': ["'self'"],
        'style-src': ["'self'"],
        'img-src': ["'self'", 'data:'],
        'font-src': ["'self'"],
        'connect-src': ["'self'"],
        'media-src': ["'self'", 'blob:'],
        'manifest-src': ["'self'"],
        'base-uri': ["'none'"],
        'form-action': ["'none'"],
        'frame-ancestors': ["'none'"],
      },
    },
    frameguard: { action: 'deny' },
    // It would bind every other service of this host name to HTTPS as well.
    strictTransportSecurity: false,
    // With no-referrer browsers may send "Origin: null", which is no loopback name.
    referrerPolicy: { policy: 'same-origin' },
  });
}

function logWhenDone({ log, metrics }: HttpDeps, request: Request, response: Response): void {
  const startedMs = performance.now();
  response.once('close', () => {
    const { principal = anonymous, route } = response.locals as { principal?: Principal; route?: Route };
    const tookMs = performance.now() - startedMs;
    const { statusCode: status } = response;
    metrics.http.observe(route?.path, request.method, status, tookMs / 1000);
    const isRoutine = request.method === 'GET' || (route?.isRoutine === true && status < 400);
    const level = status >= 500 ? 'warn' : isRoutine ? 'debug' : 'info';
    // The pattern, not the address: an address holds a session's id, a query may hold anything.
    const fields = {
      method: request.method,
      route: route?.path,
      status,
      ms: Math.round(tookMs),
      by: principal.name,
      user: principal.user,
    };
    log[level](fields, 'request');
  });
}
