import type { IncomingMessage } from 'node:http';

import type { Principal } from './permissions.ts';

/** Whoever sits at this host with a browser may watch without a token, and do nothing else. */
export const localBrowser: Principal = {
  kind: 'local-browser',
  name: 'local-browser',
  grants: [{ permission: 'view', streams: ['*'] }],
  narrowedTo: undefined,
  user: undefined,
};

/** What deciding who sent a request looks at. */
export interface AuthRequest {
  readonly headersDistinct: IncomingMessage['headersDistinct'];
  readonly remoteAddress: string | undefined;
  readonly httpVersion: string;
}

/** Names of headers that proxies, load balancers and Grafana add; a browser sends none of them. */
const forwardingPrefixes = [
  'x-forwarded',
  'x-grafana',
  'x-original',
  'x-envoy',
  'x-real-',
  'x-client-',
  'x-cluster-',
  'x-proxy',
  'x-amzn-',
  'x-azure-',
  'x-appengine-',
  'x-ds-',
  'cf-',
  'fastly-',
  'fly-',
  'true-client-',
];
const forwardingNames = new Set([
  'via',
  'forwarded',
  'forwarded-for',
  'client-ip',
  'proxy-connection',
  'x-host',
  'x-scheme',
  'x-url-scheme',
  'x-remote-addr',
  'x-remote-user',
  'x-request-id',
  'x-id-token',
  'traceparent',
]);

/**
 * Why a request without a token is not a plain browser on this host, or undefined when it is one. The sentence speaks of
 * the request only.
 */
export function whyNotLocalBrowser(request: AuthRequest): string | undefined {
  const { headersDistinct: headers } = request;
  if (!isLoopbackAddress(request.remoteAddress)) return 'it comes from another host';
  // No browser speaks 1.0, but a reverse proxy with its defaults does, and with them it adds no header either.
  if (request.httpVersion !== '1.1') return `it speaks HTTP/${request.httpVersion}`;

  const forwarding = Object.keys(headers).find(isForwardingHeader);
  if (forwarding !== undefined) return `its header ${forwarding} says that it was forwarded`;
  if (headers['user-agent']?.some((agent) => agent.startsWith('Grafana/'))) return 'Grafana forwarded it';

  const hosts = headers['host'] ?? [];
  if (hosts.length !== 1 || !isLoopbackHost(hosts[0] ?? '')) return 'its Host is not a loopback name';
  if (!(headers['origin'] ?? []).every(isLoopbackUrl)) return 'its Origin is not a loopback name';
  if (!(headers['referer'] ?? []).every(isLoopbackUrl)) return 'another site sent it here';
  if (headers['sec-fetch-site']?.some((site) => site !== 'none' && !site.startsWith('same-')))
    return 'another site sent it here';
  return undefined;
}

export function isForwardingHeader(name: string): boolean {
  const lower = name.toLowerCase();
  return forwardingNames.has(lower) || forwardingPrefixes.some((prefix) => lower.startsWith(prefix));
}

/** Something about the request says that Grafana's proxy sent it. */
export function cameThroughGrafana(headers: IncomingMessage['headersDistinct']): boolean {
  return (
    Object.keys(headers).some((name) => name.startsWith('x-grafana')) ||
    (headers['user-agent'] ?? []).some((agent) => agent.startsWith('Grafana/')) ||
    (headers['via'] ?? []).some((via) => via.toLowerCase().includes('grafana'))
  );
}

export function isLoopbackAddress(address: string | undefined): boolean {
  return (
    address !== undefined &&
    (address === '::1' || /^(::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/i.test(address))
  );
}

/** `Host` as it is written: no spelling but the plain ones (127.1, 2130706433, a trailing dot) counts. */
function isLoopbackHost(host: string): boolean {
  return /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i.test(host);
}

function isLoopbackUrl(text: string): boolean {
  const authority = /^https?:\/\/([^/?#\\]*)([/?#]|$)/i.exec(text)?.[1];
  return authority !== undefined && isLoopbackHost(authority);
}
