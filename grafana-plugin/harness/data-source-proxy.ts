/**
 * Stands in for Grafana's data source proxy: what goes to the relay and what comes back is what Grafana 12.4.0 does, oddities
 * included. fixtures/proxy-exchanges.json is the proof, and its test replays all of it.
 */
import { request as httpRequest } from 'node:http';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';

export type Role = 'Viewer' | 'Editor' | 'Admin';

export interface ProxyRoute {
  readonly path: string;
  readonly method: string;
  readonly reqRole: string;
  readonly headers: readonly { readonly name: string; readonly content: string }[];
}

export interface DataSourceProxyOptions {
  /** The data source's URL. */
  readonly upstream: () => string;
  readonly secrets: () => Readonly<Record<string, string>>;
  readonly routes: readonly ProxyRoute[];
  readonly role: (request: IncomingMessage) => Role;
  /** Signed by Grafana for this user. */
  readonly identity: (request: IncomingMessage) => string;
  readonly policy: string;
}

const rank: Readonly<Record<string, number>> = { Viewer: 1, Editor: 2, Admin: 3 };
/** Never reach the data source, or are Grafana's own business. */
const requestHeadersRemoved = new Set([
  'connection',
  'cookie',
  'host',
  'origin',
  'referer',
  'accept-encoding',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'user-agent',
  // Where the client logged in to Grafana with it; x-ds-authorization takes its place.
  'authorization',
  'x-ds-authorization',
  'x-grafana-user',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
]);
const responseHeadersRemoved = new Set([
  'connection',
  'keep-alive',
  'server',
  'set-cookie',
  'strict-transport-security',
  'transfer-encoding',
  'date',
]);
const security = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'deny',
  'X-XSS-Protection': '1; mode=block',
};

/** `rawPath`: what follows `/api/datasources/proxy/uid/<uid>`, not decoded, with its query. */
export type DataSourceProxy = (request: IncomingMessage, response: ServerResponse, rawPath: string) => void;

export function dataSourceProxy(options: DataSourceProxyOptions): DataSourceProxy {
  return (request, response, rawPath) => {
    const [path, query] = split(rawPath);
    const cleaned = cleanPath(path);
    const route = options.routes.find((candidate) => matches(candidate, request.method ?? '', cleaned));
    if (route !== undefined && !mayUse(options.role(request), route.reqRole)) {
      const body = '{"message":"plugin proxy route access denied"}\n';
      response.writeHead(403, {
        ...security,
        'Content-Security-Policy': options.policy,
        'Content-Type': 'application/json; charset=UTF-8',
        'Content-Length': body.length,
      });
      response.end(body);
      return;
    }
    forward(options, request, response, { path: cleaned, query, route });
  };
}

interface Target {
  readonly path: string;
  readonly query: string | undefined;
  readonly route: ProxyRoute | undefined;
}

function forward(
  options: DataSourceProxyOptions,
  request: IncomingMessage,
  response: ServerResponse,
  { path, query, route }: Target,
): void {
  const upstream = new URL(options.upstream());
  const outgoing = httpRequest({
    host: upstream.hostname,
    port: upstream.port,
    method: request.method,
    path: query === undefined ? path : `${path}?${encodedAgain(query)}`,
    headers: requestHeaders(options, request, route, upstream.host),
    setDefaultHeaders: false,
  });
  outgoing.on('response', (answer) => answerClient(options, answer, response));
  outgoing.on('error', () => {
    if (response.headersSent) return void response.destroy();
    response.writeHead(502, { ...security, 'Content-Security-Policy': options.policy, 'Content-Length': 0 });
    response.end();
  });
  response.on('close', () => outgoing.destroy());
  pipeline(request, outgoing, () => undefined);
}

function requestHeaders(
  options: DataSourceProxyOptions,
  request: IncomingMessage,
  route: ProxyRoute | undefined,
  host: string,
): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = { host };
  for (const [name, value] of Object.entries(request.headers)) {
    if (!requestHeadersRemoved.has(name)) headers[name] = value;
  }
  const own = request.headers['x-ds-authorization'];
  const client = request.socket.remoteAddress?.replace(/^::ffff:/, '') ?? '';
  const forwarded = [request.headers['x-forwarded-for'] ?? [], client, client].flat().join(', ');
  const result: OutgoingHttpHeaders = {
    ...headers,
    ...(own === undefined ? {} : { authorization: String(own) }),
    'user-agent': 'Grafana/12.4.0',
    'accept-encoding': 'gzip',
    'x-forwarded-for': forwarded,
    'x-grafana-referer': request.headers.referer ?? '',
    'x-grafana-id': options.identity(request),
  };
  // A body of unknown length is chunked; one that is known to be empty says so for POST only.
  if (request.headers['transfer-encoding'] !== undefined) result['transfer-encoding'] = 'chunked';
  for (const { name, content } of route?.headers ?? []) {
    result[name.toLowerCase()] = content.replaceAll(
      /\{\{\s*\.SecureJsonData\.(\w+)\s*\}\}/g,
      (_, key: string) => options.secrets()[key] ?? '',
    );
  }
  return result;
}

function answerClient(
  options: DataSourceProxyOptions,
  answer: IncomingMessage,
  response: ServerResponse,
): void {
  const status = answer.statusCode ?? 502;
  const headers: OutgoingHttpHeaders = { ...security, Via: '1.1 grafana' };
  headers['Content-Security-Policy'] = `${options.policy}, sandbox`;
  if (status === 401) {
    // The user would be logged out of Grafana by it.
    const body = 'Authentication to data source failed';
    answer.resume();
    // Grafana makes this answer itself, without a protocol version.
    headers['Via'] = '0.0 grafana';
    response.writeHead(400, {
      ...headers,
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Length': body.length,
    });
    response.end(body);
    return;
  }
  for (const [name, value] of Object.entries(answer.headers)) {
    if (!responseHeadersRemoved.has(name) && name !== 'content-length' && name !== 'content-security-policy')
      headers[name] = value;
  }
  response.writeHead(status, headers);
  response.flushHeaders();
  pipeline(answer, response, () => undefined);
}

/** Method and path by equality and prefix: not by segment, and in the case that they are written in. */
function matches(route: ProxyRoute, method: string, path: string): boolean {
  const prefix = route.path.replace(/^\/+/, '');
  return (
    (route.method === '' || route.method === '*' || route.method === method) &&
    path.replace(/^\/+/, '').startsWith(prefix)
  );
}

function mayUse(role: Role, needed: string): boolean {
  return (rank[role] ?? 0) >= (rank[needed] ?? 0);
}

/** Go's path.Clean on the path as it is written: what is encoded stays. */
function cleanPath(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment === '..') kept.pop();
    else kept.push(segment);
  }
  return `/${kept.join('/')}`;
}

function split(rawPath: string): [string, string | undefined] {
  const at = rawPath.indexOf('?');
  return at < 0 ? [rawPath, undefined] : [rawPath.slice(0, at), rawPath.slice(at + 1)];
}

/** Go's url.Values.Encode: sorted by key, blanks as plus. */
function encodedAgain(query: string): string {
  const values = new URLSearchParams(query);
  values.sort();
  return values.toString();
}
