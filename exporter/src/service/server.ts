import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';

import type { Exporter } from '../exporter.ts';
import { Scrapes } from '../scrapes.ts';
import { whyRefused } from './access.ts';
import type { HealthReason } from './health.ts';
import { ListenError } from './listen-error.ts';

export interface ServiceServerOptions {
  readonly exporter: Pick<Exporter, 'contentType' | 'expose'>;
  readonly address: string;
  readonly port: number;
  readonly accessToken: string | undefined;
  /** What is wrong; nothing when all is well. */
  readonly reasons: () => readonly HealthReason[];
  readonly version: string;
  /** A scrape that is not read in this time is cut off. */
  readonly longestScrapeMs?: number;
}

export interface ServiceServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Nobody who stops reading keeps its place, nor does who takes a little now and then. */
const defaultLongestScrapeMs = 60_000;
const limits = {
  headersTimeout: 5_000,
  requestTimeout: 5_000,
  keepAliveTimeout: 120_000,
  maxHeaderSize: 8 * 1024,
};

/** Four addresses, GET and HEAD. Rejects with ListenError when the address cannot be had. */
export async function startServiceServer(options: ServiceServerOptions): Promise<ServiceServer> {
  const { exporter, accessToken, reasons, version, longestScrapeMs = defaultLongestScrapeMs } = options;
  const scrapes = new Scrapes();

  async function metrics(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refusal = whyRefused(request, accessToken);
    if (refusal !== undefined) return problem(response, 403, 'forbidden', refusal);
    const full = scrapes.refusal;
    if (full !== undefined) {
      response.setHeader('Retry-After', '1');
      return problem(response, 503, 'over-capacity', full);
    }
    response.setHeader('Content-Type', exporter.contentType);
    response.setHeader('Cache-Control', 'no-store');
    if (request.method === 'HEAD') response.end();
    else
      await pipeline(scrapes.begin(exporter.expose(), response), response, {
        signal: AbortSignal.timeout(longestScrapeMs),
      });
  }

  function health(response: ServerResponse): void {
    const found = reasons();
    json(response, 200, {
      status: found.length === 0 ? 'ok' : 'degraded',
      ready: true,
      version,
      reasons: found,
    });
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('X-Content-Type-Options', 'nosniff');
    const [path] = (request.url ?? '').split('?', 1);
    const isKnown = path === '/metrics' || path === '/health' || path === '/ready' || path === '/live';
    if (!isKnown) return problem(response, 404, 'not-found', 'Try /metrics, /health, /ready or /live.');
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      return problem(response, 405, 'method-not-allowed', 'It answers to GET and HEAD.');
    }
    if (path === '/metrics') return metrics(request, response);
    if (path === '/health') return health(response);
    json(response, 200, path === '/ready' ? { ready: true } : { status: 'ok' });
  }

  const server = createServer(limits, (request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  server.maxConnections = 64;
  await listen(server, options.address, options.port);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
        setTimeout(() => server.closeAllConnections(), 1_000).unref();
      }),
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => reject(new ListenError(error, host, port));
    server.once('error', fail);
    server.listen({ host, port }, () => {
      server.off('error', fail);
      resolve();
    });
  });
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
  response.end(JSON.stringify(body));
}

/** RFC 9457. */
function problem(response: ServerResponse, status: number, code: string, detail: string): void {
  response.writeHead(status, { 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' });
  response.end(JSON.stringify({ type: `urn:sightline:problem:${code}`, status, code, detail }));
}
