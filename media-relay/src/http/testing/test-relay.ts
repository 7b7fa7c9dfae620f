import { connect } from 'node:net';

import type { Alert } from '@sightline/exporter';
import { History, Samples } from '@sightline/exporter';
import { pino } from 'pino';

import { createAuthoriser } from '../../auth/authoriser.ts';
import type { AuthoriserOptions } from '../../auth/authoriser.ts';
import type { TokenSpec } from '../../auth/tokens.ts';
import { TokenBook } from '../../auth/tokens.ts';
import { DecodeError } from '../../decode/decode-error.ts';
import type { PictureHealth } from '../../pictures/picture-checker.ts';
import type { SnapshotResult } from '../../pictures/snapshots.ts';
import { EventLog } from '../../telemetry/events.ts';
import type { Admin, ConfiguredStream, HttpDeps, LongRange, MetricsPort } from '../deps.ts';
import type { HttpServer, HttpServerOptions } from '../server.ts';
import { createHttpServer } from '../server.ts';
import { FakeEngine } from './fake-engine.ts';

const secretOf = (name: string): string => `${name}-0123456789abcdef`;

/** Request headers for each test token. */
export const as = {
  admin: { authorization: `Bearer ${secretOf('admin')}` },
  grafana: { 'x-sightline-token': secretOf('grafana') },
  lobby: { authorization: `Bearer ${secretOf('lobby')}` },
  lobbyAdmin: { authorization: `Bearer ${secretOf('lobby-admin')}` },
  metrics: { authorization: `Bearer ${secretOf('metrics')}` },
  nobody: { 'x-forwarded-for': '192.0.2.1' },
  stranger: { authorization: `Bearer ${secretOf('stranger')}` },
} as const;

export const testTokens: readonly TokenSpec[] = [
  {
    name: 'admin',
    secret: secretOf('admin'),
    forGrafana: false,
    grants: [
      { permission: 'view', streams: ['*'] },
      { permission: 'admin', streams: ['*'] },
      { permission: 'metrics', streams: ['*'] },
      { permission: 'publish', streams: ['*'] },
    ],
  },
  {
    name: 'grafana',
    secret: secretOf('grafana'),
    forGrafana: true,
    grants: [{ permission: 'view', streams: ['*'] }],
  },
  {
    name: 'lobby',
    secret: secretOf('lobby'),
    forGrafana: false,
    grants: [{ permission: 'view', streams: ['lobby-*'] }],
  },
  {
    name: 'lobby-admin',
    secret: secretOf('lobby-admin'),
    forGrafana: false,
    grants: [{ permission: 'admin', streams: ['lobby-*'] }],
  },
  {
    name: 'metrics',
    secret: secretOf('metrics'),
    forGrafana: false,
    grants: [{ permission: 'metrics', streams: ['*'] }],
  },
];

function stream(name: string, rest: Partial<ConfiguredStream> = {}): ConfiguredStream {
  return {
    name,
    title: name.toUpperCase(),
    labels: {},
    site: undefined,
    onDemand: false,
    trustClock: false,
    origin: 'config',
    ...rest,
  };
}

export interface TestRelay extends AsyncDisposable {
  readonly engine: FakeEngine;
  readonly events: EventLog;
  readonly server: HttpServer;
  readonly port: number;
  readonly adminCalls: string[];
  readonly logLines: string[];
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** Sends bytes as they are and reads until the other side closes. */
  raw(request: string): Promise<RawAnswer>;
  /** Sends bytes, hangs up when `when` resolves, and resolves when the relay has noticed. */
  abandon(request: string, when: Promise<void>): Promise<void>;
}

/** Tells one metric, and remembers what it was told. */
export class FakeMetrics implements MetricsPort {
  readonly history = new History();
  alerts: readonly Alert[] = [];
  longRange: LongRange | undefined;
  readonly samples = new Samples();
  readonly contentType = 'text/plain; version=0.0.4; charset=utf-8';
  readonly requests: string[] = [];
  readonly calls: unknown[] = [];
  readonly http = {
    observe: (route: string | undefined, method: string, status: number) => {
      this.requests.push(`${method} ${route ?? '-'} ${status}`);
    },
  };
  readonly quality = {
    record: (...call: unknown[]) => void this.calls.push(call),
    refuse: (reason: string) => void this.calls.push(reason),
  };
  collect(): Promise<Samples> {
    return Promise.resolve(this.samples);
  }
  async *expose(): AsyncGenerator<string> {
    yield 'a 1\n';
    yield 'b 2\n';
  }
}

export interface RawAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

export interface TestRelayOptions {
  readonly deps?: Partial<HttpDeps>;
  readonly server?: Partial<HttpServerOptions>;
  readonly auth?: Partial<AuthoriserOptions>;
}

export async function startTestRelay(options: TestRelayOptions = {}): Promise<TestRelay> {
  const engine = new FakeEngine();
  const events = await EventLog.open({ path: undefined, clock: () => 1000, warn: () => undefined });
  const adminCalls: string[] = [];
  const logLines: string[] = [];
  let onLogLine: (() => void) | undefined;
  const writeLog = (line: string): void => {
    logLines.push(line);
    // A request is logged when its connection is over.
    onLogLine?.();
  };
  const streams = [
    stream('lobby-1', { labels: { floor: '1' }, site: 'Oslo' }),
    stream('garage', { onDemand: true }),
  ];
  const admin: Admin = {
    addStream(added) {
      adminCalls.push(`add ${added.name}`);
      return Promise.resolve({ ok: true });
    },
    removeStream(name) {
      adminCalls.push(`remove ${name}`);
      return Promise.resolve({ ok: false, code: 'stream-from-config', detail: 'Remove it from the file.' });
    },
    reload() {
      adminCalls.push('reload');
      return Promise.resolve({ ok: true });
    },
  };
  const deps: HttpDeps = {
    engine,
    events,
    admin,
    streams: { list: () => streams, get: (name) => streams.find((candidate) => candidate.name === name) },
    auth: createAuthoriser({ tokens: new TokenBook(testTokens), ...options.auth }),
    pictures: {
      health: (name) => (name === 'lobby-1' ? pictureHealth : undefined),
      mjpeg: { watch: () => Promise.reject(new DecodeError('busy', 'Busy.')) },
      stills: undefined,
      snapshots: {
        get: (name, width) => Promise.resolve(snapshotOf(name, width)),
      },
    },
    metrics: new FakeMetrics(),
    pages: {
      wall: { body: '<!doctype html><title>Wall</title>', type: 'text/html; charset=utf-8', etag: '"w1"' },
      monitoring: {
        body: '<!doctype html><title>Monitoring</title>',
        type: 'text/html; charset=utf-8',
        etag: '"m1"',
      },
      files: new Map([['wall.js', { body: 'export {};', type: 'text/javascript', etag: '"j1"' }]]),
    },
    log: pino({ level: 'debug' }, { write: writeLog }),
    clock: () => 1000,
    version: '0.1.0',
    corsOrigins: [],
    health: () => ({
      status: 'degraded',
      ready: true,
      reasons: [
        { code: 'stream-offline', message: 'A stream is offline.', stream: 'lobby-1' },
        { code: 'stream-offline', message: 'A stream is offline.', stream: 'garage' },
      ],
    }),
    ...options.deps,
  };
  const server = createHttpServer(deps, { host: '127.0.0.1', port: 0, drainMs: 200, ...options.server });
  await server.listen();
  const port = Number(new URL(server.url).port);
  return {
    engine,
    events,
    server,
    port,
    adminCalls,
    logLines,
    fetch: (path, init) => fetch(`http://127.0.0.1:${port}${path}`, init),
    raw: (request) => sendRaw(port, request),
    async abandon(request, when) {
      const noticed = Promise.withResolvers<void>();
      const socket = connect(port, '127.0.0.1', () => socket.write(request));
      await when;
      onLogLine = noticed.resolve;
      socket.destroy();
      await noticed.promise;
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
}

const pictureHealth: PictureHealth = {
  flags: { frozen: true, black: false, overexposed: false, underexposed: false, blurred: false },
  brightness: 0.5,
  contrast: 0.2,
  darkShare: 0,
  brightShare: 0,
  sharpness: 0.1,
  pictureMs: 900,
  checkedMs: 950,
  flagSecondsTotal: { frozen: 30, black: 0, overexposed: 0, underexposed: 0, blurred: 0 },
};

/** Only lobby-1 has a picture. */
function snapshotOf(name: string, width: number | undefined): SnapshotResult {
  if (name !== 'lobby-1') return { ok: false, code: 'no-ffmpeg', message: 'There is no ffmpeg.' };
  const tag = `p1-${width ?? 'full'}`;
  return { ok: true, snapshot: { jpeg: Buffer.from('JPEG'), arrivalMs: -1500, tag } };
}

function sendRaw(port: number, request: string): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => socket.write(request, 'latin1'));
    socket.setTimeout(5_000, () => socket.destroy(new Error('no answer')));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => {
      const text = Buffer.concat(chunks).toString('latin1');
      const [head = '', ...rest] = text.split('\r\n\r\n');
      resolve({ status: Number(head.split(' ')[1]), head, body: rest.join('\r\n\r\n') });
    });
  });
}
