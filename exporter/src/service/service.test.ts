import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import type { RunningService } from './run.ts';
import { runService } from './run.ts';
import { startServiceServer } from './server.ts';
import { readSettings } from './settings.ts';
import type { ServiceSettings } from './settings.ts';

const token = 'reader-0123456789abcdef';
const local: ServiceSettings = {
  address: '127.0.0.1',
  port: 0,
  accessToken: undefined,
  on: [],
  off: ['inventory'],
  hostRoot: undefined,
  relay: undefined,
};

interface Got {
  readonly status: number | undefined;
  readonly body: string;
  readonly type: string | undefined;
}

function get(port: number, path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Got> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, headers, method }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => (body += text));
      response.on('end', () =>
        resolve({ status: response.statusCode, body, type: response.headers['content-type'] }),
      );
    });
    sent.on('error', reject);
    sent.end();
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

describe('on loopback, without a token', () => {
  let service: RunningService;
  beforeAll(async () => {
    service = await runService(local, '1.2.3', () => undefined);
  });
  afterAll(() => service.close());

  test('tells metrics, and how it is', async () => {
    const metrics = await get(service.port, '/metrics');
    expect(metrics.status).toBe(200);
    expect(metrics.type).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(metrics.body).toContain('sightline_build_info{version="1.2.3"');
    expect(metrics.body).toContain('sightline_host_collector_success{collector="memory"} 1');
    expect(metrics.body).toContain('sightline_event_loop_delay_seconds_count{thread="main"}');
    expect(metrics.body).toContain('sightline_log_messages_total{level="info"} 1');
    expect(JSON.parse((await get(service.port, '/health')).body)).toEqual({
      status: 'ok',
      ready: true,
      version: '1.2.3',
      reasons: [],
    });
    expect((await get(service.port, '/ready')).status).toBe(200);
    expect((await get(service.port, '/live')).status).toBe(200);
  });

  test.each<[string, Record<string, string>, string]>([
    ['a page of another site', { Origin: 'https://evil.example' }, 'straight from this host'],
    ['DNS rebinding', { Host: 'evil.example' }, 'loopback name'],
    ['a proxy', { 'X-Forwarded-For': '192.0.2.1' }, 'straight from this host'],
  ])('refuses %s', async (_, headers, reason) => {
    const { status, body } = await get(service.port, '/metrics', headers);
    expect(status).toBe(403);
    expect(body).toContain(reason);
  });

  test.each([
    ['/', 404],
    ['/metrics/', 404],
    ['/Metrics', 404],
    ['/%6detrics', 404],
    ['/metrics?x=1', 200],
  ])('%s is %i', async (path, status) => {
    expect((await get(service.port, path)).status).toBe(status);
  });

  test('answers to GET and HEAD only', async () => {
    expect((await get(service.port, '/metrics', {}, 'POST')).status).toBe(405);
    expect(await get(service.port, '/metrics', {}, 'HEAD')).toMatchObject({ status: 200, body: '' });
  });
});

test('with a token, everybody needs it', async () => {
  const service = await runService({ ...local, accessToken: token }, '1', () => undefined);
  try {
    expect((await get(service.port, '/metrics')).status).toBe(403);
    expect((await get(service.port, '/metrics', { Authorization: `Bearer ${token}x` })).status).toBe(403);
    expect((await get(service.port, '/metrics', { Authorization: `Bearer ${token}` })).status).toBe(200);
    expect((await get(service.port, '/metrics', { 'X-Sightline-Token': token })).status).toBe(200);
    expect((await get(service.port, '/live')).status).toBe(200);
  } finally {
    await service.close();
  }
});

test('watches a relay, and tells when it is gone', async () => {
  const seen: (string | undefined)[] = [];
  const relay = createServer((incoming, response) => {
    seen.push(`${incoming.url} ${String(incoming.headers['x-sightline-token'])}`);
    response.end(
      incoming.url === '/api/v1/streams'
        ? '{"streams":[{"state":"live"},{"state":"offline"},{"state":"live"}]}'
        : '{}',
    );
  });
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  const { port } = relay.address() as AddressInfo;
  const lines: string[] = [];
  const service = await runService(
    { ...local, relay: { url: new URL(`http://127.0.0.1:${port}/`), token } },
    '1',
    (line) => lines.push(line),
  );
  const label = `relay="127.0.0.1:${port}"`;
  const metric = async (line: string): Promise<void> => {
    const read = async (): Promise<string> => (await get(service.port, '/metrics')).body;
    await expect.poll(read, { timeout: 15_000 }).toContain(`${line}\n`);
  };
  try {
    await metric(`sightline_remote_relay_up{${label}} 1`);
    await metric(`sightline_remote_relay_ready{${label}} 1`);
    await metric(`sightline_remote_relay_streams{${label},state="live"} 2`);
    await metric(`sightline_remote_relay_streams{${label},state="stalled"} 0`);
    expect(seen).toContain(`/api/v1/streams ${token}`);
    relay.close();
    relay.closeAllConnections();
    await metric(`sightline_remote_relay_up{${label}} 0`);
  } finally {
    relay.close();
    await service.close();
  }
  expect(lines.join('')).not.toContain(token);
});

const page = 'x'.repeat(64 * 2 ** 20);

test.each<{ scrapers: string; expose: () => AsyncGenerator<string> }>([
  {
    scrapers: 'that stop reading',
    expose: async function* () {
      yield page;
    },
  },
  {
    scrapers: 'of a collector that hangs',
    expose: async function* () {
      yield page.slice(0, 100);
      await new Promise(() => undefined);
    },
  },
])('scrapers $scrapers keep no place', async ({ expose }) => {
  const server = await startServiceServer({
    exporter: { contentType: 'text/plain; version=0.0.4; charset=utf-8', expose },
    address: '127.0.0.1',
    port: 0,
    accessToken: undefined,
    reasons: () => [],
    version: '1.2.3',
    longestScrapeMs: 300,
  });
  const scrapers = Array.from({ length: 4 }, () => connect(server.port, '127.0.0.1'));
  try {
    for (const socket of scrapers) {
      socket.on('error', () => undefined);
      socket.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n');
      await once(socket, 'readable');
    }
    await vi.waitFor(async () => expect((await get(server.port, '/metrics', {}, 'HEAD')).status).toBe(200), {
      timeout: 10_000,
    });
  } finally {
    for (const socket of scrapers) socket.destroy();
    await server.close();
  }
});

test('says of an address that cannot be had what to do', async () => {
  const other = createServer();
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const start = (change: Partial<ServiceSettings>): Promise<unknown> =>
    runService({ ...local, ...change }, '1', () => expect.unreachable('it did not start'));
  try {
    await expect(start({ port })).rejects.toThrow(
      `Port ${port} on 127.0.0.1 is in use; is another exporter running? Media of a relay may have it, too: with several ` +
        'engine.threads it takes a port for each from media.port on (8641, 8642, ...). ' +
        'Stop the one, or choose another port with --port or SIGHTLINE_EXPORTER_PORT.',
    );
  } finally {
    other.close();
  }
  // RFC 5737
  await expect(start({ address: '192.0.2.1', accessToken: token })).rejects.toThrow(
    'This host has no address 192.0.2.1; set --address or SIGHTLINE_EXPORTER_ADDRESS to one that it has.',
  );
});

test('scrapes that are given up while a collector hangs are bounded, and go on when it has ended', async () => {
  const hangs = Promise.withResolvers<void>();
  const begun: true[] = [];
  const server = await startServiceServer({
    exporter: {
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      expose: async function* () {
        begun.push(true);
        yield 'a 1\n';
        await hangs.promise;
      },
    },
    address: '127.0.0.1',
    port: 0,
    accessToken: undefined,
    reasons: () => [],
    version: '1.2.3',
  });
  /** Reads the beginning, and hangs up. */
  const giveUp = async (): Promise<string> => {
    const socket = connect(server.port, '127.0.0.1');
    socket.write('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const [head] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    return head.toString().split('\r\n', 1)[0] ?? '';
  };
  try {
    // The server may see a socket close after the next one has asked.
    for (let answer = ''; begun.length < 16 || !answer.includes(' 503 '); answer = await giveUp());
    const { status, body } = await get(server.port, '/metrics');
    expect([status, begun.length]).toEqual([503, 16]);
    expect(body).toContain('16 scrapes that were given up have not ended: a collector hangs.');
    hangs.resolve();
    await vi.waitFor(async () => expect((await get(server.port, '/metrics')).status).toBe(200), {
      timeout: 10_000,
    });
  } finally {
    hangs.resolve();
    await server.close();
  }
});

test('goes on when nobody reads its log any more', async () => {
  const main = new URL('../main.ts', import.meta.url).pathname;
  const port = await freePort();
  const child = spawn(process.execPath, [main, '--port', String(port)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  child.stderr.destroy();
  try {
    const alive = async () => expect((await get(port, '/live')).status).toBe(200);
    await vi.waitFor(alive, { timeout: 15_000 });
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
  } finally {
    child.kill('SIGKILL');
  }
});

describe('settings', () => {
  let folder: string;
  let tokenFile: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'sightline-settings-'));
    tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, `${token}\n`);
    writeFileSync(join(folder, 'short'), 'abc');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('have defaults; options win over variables', () => {
    expect(readSettings([], {})).toEqual({ name: 'run', settings: { ...local, port: 8642, off: [] } });
    const environment = {
      SIGHTLINE_EXPORTER_PORT: '1',
      SIGHTLINE_EXPORTER_OFF: 'gpu, disks',
      SIGHTLINE_EXPORTER_ON: '',
    };
    expect(
      readSettings(['--port', '2', '--relay', 'http://h:8640', '--token-file', tokenFile], environment),
    ).toEqual({
      name: 'run',
      settings: {
        ...local,
        port: 2,
        off: ['gpu', 'disks'],
        relay: { url: new URL('http://h:8640/'), token },
      },
    });
    expect(readSettings(['--help'], {})).toEqual({ name: 'help' });
  });

  test.each([
    [['--port', '70000'], '--port: "70000" is no port'],
    [['--address', 'localhost'], '--address: "localhost" is no IP address'],
    [['--address', '0.0.0.0'], 'give them a token with --access-file'],
    [['--off', 'gpus'], '--off: there is no collector "gpus"'],
    [['--relay', 'rtsp://h'], '--relay: this is no web address'],
    [['--relay', 'http://u:hunter22@h'], '--relay: the address holds credentials'],
    [['--host-root', '/nowhere'], '--host-root: /nowhere/proc/1/mountinfo cannot be read (ENOENT)'],
    [['--access-file', '/nowhere'], '--access-file: /nowhere cannot be read (ENOENT)'],
    [['--frob'], "Unknown option '--frob'"],
  ])('%j is wrong', (args, message) => {
    expect(() => readSettings(args, {})).toThrow(message);
    expect(() => readSettings(args, {})).not.toThrow('hunter22');
  });

  test('a file without a token is told by its name', () => {
    expect(() => readSettings(['--access-file', join(folder, 'short')], {})).toThrow('holds no token');
  });
});
