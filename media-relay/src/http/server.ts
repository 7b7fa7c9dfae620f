import type { RequestListener, Server } from 'node:http';
import { createServer, STATUS_CODES } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

import { createApp } from './app.ts';
import type { HttpDeps } from './deps.ts';
import { HttpProblem } from './errors.ts';
import type { TlsFiles } from './tls.ts';
import { readTlsPair, watchTlsFiles } from './tls.ts';

export interface HttpServerOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly tls?: TlsFiles | undefined;
  /** Changing requests per minute and remote address; the default lets a whole wall reconnect at once. */
  readonly maxChangesPerMinute?: number;
  /** How long requests may go on after close(). */
  readonly drainMs?: number;
  /** How long a client may take nothing of its answer. */
  readonly stalledMs?: number;
  /** How long it may take to send an answer that has an end. */
  readonly longestAnswerMs?: number;
  /** Idle ones make way beyond that. */
  readonly maxConnections?: number;
}

export interface HttpServer {
  /** Rejects when the address cannot be had or the TLS files are wrong. */
  listen(): Promise<void>;
  /** Refuses new connections, lets requests end, then cuts what is left. Idempotent. */
  close(): Promise<void>;
  /** After listen(): where it answers, ending in a slash. */
  readonly url: string;
  /** Reads certificate and key again; keeps the old pair and rejects when the new one is wrong. */
  reloadTls(): Promise<void>;
}

export function createHttpServer(deps: HttpDeps, options: HttpServerOptions): HttpServer {
  const { host, port, tls, drainMs = 3_000, stalledMs = 60_000, maxConnections = 4_096 } = options;
  const app = createApp(deps, options.maxChangesPerMinute, options.longestAnswerMs);
  let server: Server | TlsServer | undefined;
  let watcher: { close(): void } | undefined;
  let closing: Promise<void> | undefined;

  const listener: RequestListener = (request, response) => {
    if (closing !== undefined) response.setHeader('Connection', 'close');
    app.handle(request, response);
  };

  async function reloadTls(): Promise<void> {
    if (tls === undefined || server === undefined || !('setSecureContext' in server)) return;
    server.setSecureContext(await readTlsPair(tls));
    deps.log.info('TLS certificate read again');
  }

  async function listen(): Promise<void> {
    server =
      tls === undefined
        ? createServer(limits, listener)
        : createTlsServer({ ...limits, ...secure, ...(await readTlsPair(tls)) }, listener);
    const started = server;
    started.maxConnections = maxConnections;
    // One host could hold all of them for two minutes with a request each; whoever is turned away now gets in next time.
    started.on('drop', () => started.closeIdleConnections());
    // Answers may have megabytes, which wait here for whoever reads them; who reads a little at a time is cut by the app.
    started.timeout = stalledMs;
    // Node would drop headers beyond a count in silence, and with them a proxy's X-Forwarded-For. The size is limited.
    started.maxHeadersCount = 0;
    started.on('clientError', answerClientError);
    await new Promise<void>((resolve, reject) => {
      started.once('error', reject);
      started.listen({ host, port }, () => {
        started.off('error', reject);
        resolve();
      });
    });
    started.on('error', (error) => deps.log.error({ err: error }, 'HTTP server'));
    if (tls !== undefined)
      watcher = watchTlsFiles(tls, () => {
        reloadTls().catch((error: unknown) =>
          deps.log.warn({ err: error }, 'keeping the old TLS certificate'),
        );
      });
  }

  async function end(): Promise<void> {
    watcher?.close();
    app.close();
    const ending = server;
    if (ending === undefined) return;
    const closed = new Promise<void>((resolve) => {
      ending.close(() => resolve());
    });
    ending.closeIdleConnections();
    const cut = setTimeout(() => ending.closeAllConnections(), drainMs);
    await closed;
    clearTimeout(cut);
  }

  return {
    listen,
    close: () => (closing ??= end()),
    get url() {
      return urlOf(server?.address() ?? undefined, tls === undefined ? 'http' : 'https');
    },
    reloadTls,
  };
}

const limits = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  connectionsCheckingInterval: 5_000,
  // Longer than Grafana's own 90 s: whoever closes first must not be us while a POST is on its way.
  keepAliveTimeout: 120_000,
  maxHeaderSize: 16 * 1024,
};
const secure = { minVersion: 'TLSv1.2', handshakeTimeout: 10_000 } as const;
const clientErrorLingerMs = 1_000;

/** Requests that are no HTTP, or too large or slow for it: they never reach a handler. */
function answerClientError(error: Error & { code?: string }, socket: Duplex): void {
  // A failed TLS handshake leaves nothing to answer over.
  if (error.code === 'ECONNRESET' || /^ERR_(SSL|TLS)_/.test(error.code ?? '') || !socket.writable) {
    socket.destroy();
    return;
  }
  const problem =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? new HttpProblem('headers-too-large', 'The headers may have 16 kB together.')
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? new HttpProblem(
            'request-timeout',
            'Headers must arrive within 10 s, the whole request within 15 s.',
          )
        : new HttpProblem('bad-request', 'This is not a valid HTTP/1.1 request.');
  const body = problem.body();
  const headers = Object.entries({
    ...problem.allHeaders(),
    'Content-Length': String(Buffer.byteLength(body)),
    Connection: 'close',
  });
  const head = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const cut = setTimeout(() => socket.destroy(), clientErrorLingerMs);
  socket.once('close', () => clearTimeout(cut));
  socket.end(`HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}\r\n${head}\r\n${body}`);
}

function urlOf(address: AddressInfo | string | undefined, scheme: string): string {
  if (address === undefined || typeof address === 'string')
    throw new Error('the HTTP server does not listen yet');
  const { address: ip, family, port } = address;
  const isAny = ip === '0.0.0.0' || ip === '::';
  const name = isAny || ip === '127.0.0.1' || ip === '::1' ? 'localhost' : family === 'IPv6' ? `[${ip}]` : ip;
  return `${scheme}://${name}:${port}/`;
}
