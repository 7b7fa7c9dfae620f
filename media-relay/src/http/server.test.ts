import { once } from 'node:events';
import { connect } from 'node:net';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { problemSchema } from './schemas.ts';
import { codeOf, offer, sdp } from './testing/requests.ts';
import { as, startTestRelay } from './testing/test-relay.ts';
import type { TestRelay } from './testing/test-relay.ts';

describe('paths as they are sent', () => {
  let relay: TestRelay;
  beforeAll(async () => {
    relay = await startTestRelay();
  });
  afterAll(() => relay.server.close());

  test.each([
    '/api/v1/whep/%2e%2e/config/reload',
    '/api/v1/whep%2f..%2fconfig/reload',
    '/api/v1/whep/..;/config/reload',
    '/api/v1/whep/../config/reload',
    '/api/v1/whep/..%5c..%5cconfig/reload',
    '/api/v1//config/reload',
    '/api/v1/config/reload/',
    '//api/v1/config/reload',
    '/api/v1/./config/reload',
    '/api/v1/config/reloa%64',
    'http://localhost/api/v1/config/reload',
    '*',
  ])('%s is refused, whatever the token', async (path) => {
    const headers = `Host: localhost\r\nAuthorization: ${as.admin.authorization}\r\nContent-Length: 0\r\nConnection: close`;
    const answer = await relay.raw(`POST ${path} HTTP/1.1\r\n${headers}\r\n\r\n`);
    expect(answer.status).toBe(400);
    expect(problemSchema.parse(JSON.parse(answer.body)).code).toBe('bad-path');
    expect(relay.adminCalls).toEqual([]);
  });

  test.each(['/API/v1/streams', '/api/v1/Streams', '/api/v1/whepx', '/nothing', '/HEALTH'])(
    '%s is another address',
    async (path) => {
      expect(await codeOf(await relay.fetch(path, { headers: as.admin }))).toBe('not-found');
    },
  );

  test('bytes that are no HTTP get a problem, too', async () => {
    const nul = await relay.raw('GET /a\0b HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect([nul.status, JSON.parse(nul.body)]).toMatchObject([400, { code: 'bad-request' }]);
    const big = await relay.raw(`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`);
    expect([big.status, JSON.parse(big.body)]).toMatchObject([431, { code: 'headers-too-large' }]);
    const latin = await relay.raw('GET /caf\u00e9 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    expect([latin.status, JSON.parse(latin.body)]).toMatchObject([400, {}]);
  });
});

describe('bodies and methods', () => {
  let relay: TestRelay;
  beforeAll(async () => {
    relay = await startTestRelay();
  });
  afterAll(() => relay.server.close());

  const addRaw = (body: string): Promise<Response> =>
    relay.fetch('/api/v1/streams', {
      method: 'POST',
      headers: { ...as.admin, 'content-type': 'application/json' },
      body,
    });
  const post = (headers: Record<string, string>, body: string): Promise<Response> =>
    relay.fetch('/api/v1/whep/lobby-1', { method: 'POST', headers: { ...as.grafana, ...headers }, body });

  test('64 kB are taken, a byte more is not', async () => {
    expect((await post(sdp, 'a'.repeat(64 * 1024))).status).toBe(201);
    expect(await codeOf(await post(sdp, 'a'.repeat(64 * 1024 + 1)))).toBe('payload-too-large');
  });

  test('another type, compression or charset is refused', async () => {
    expect(await codeOf(await post({ 'content-type': 'text/plain' }, 'v=0'))).toBe('unsupported-media-type');
    expect(await codeOf(await post({ ...sdp, 'content-encoding': 'gzip' }, 'v=0'))).toBe(
      'unsupported-media-type',
    );
    expect(await codeOf(await post({ 'content-type': 'application/sdp; charset=x' }, 'v'))).toBe(
      'unsupported-media-type',
    );
    expect((await post({ 'content-type': 'Application/SDP; charset=utf-8' }, 'v=0')).status).toBe(201);
  });

  test('broken JSON and wrong fields are named, their values are not', async () => {
    for (const body of [
      '{"url": hunter2}',
      '"hunter2"',
      '{"name":"hunter2!","url":7}',
      '{"name":"a","url":"x","hunter":2}',
    ]) {
      const response = await addRaw(body);
      expect(response.status).toBe(400);
      expect(await response.text()).not.toContain('hunter2');
    }
    expect(await (await addRaw('{"name":"a","url":"x","titel":"y"}')).json()).toMatchObject({
      code: 'bad-request',
      detail: expect.stringContaining('titel'),
    });
  });

  test('another method gets 405 and what is allowed', async () => {
    const response = await relay.fetch('/api/v1/whep/lobby-1', { method: 'PUT', headers: as.admin });
    expect(response.headers.get('allow')).toBe('OPTIONS, POST');
    expect(await codeOf(response)).toBe('method-not-allowed');
  });

  test('HEAD is GET without a body', async () => {
    const response = await relay.fetch('/api/v1/streams', { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([200, '']);
  });

  test('an engine that fails is 500, logged and not shown', async () => {
    relay.engine.offerResult = new Error('hunter2');
    const response = await post(sdp, offer);
    const text = await response.text();
    expect([response.status, JSON.parse(text)]).toMatchObject([500, { code: 'internal' }]);
    expect(text).not.toContain('hunter2');
    expect(relay.logLines.some((line) => line.includes('request failed'))).toBe(true);
  });

  test('logs name the caller and the route, never a token or a session', () => {
    const all = relay.logLines.join('');
    expect(all).toContain('"by":"grafana"');
    expect(all).toContain('/api/v1/whep/{stream}');
    expect(all).not.toContain('0123456789abcdef');
  });
});

test('where there is no room for another connection, idle ones make way', async () => {
  await using relay = await startTestRelay({ server: { maxConnections: 2 } });
  const idle = [connect(relay.port, '127.0.0.1'), connect(relay.port, '127.0.0.1')];
  for (const socket of idle) {
    socket.write('GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(socket, 'data');
  }
  const ask = async (): Promise<number> => {
    const request = 'GET /live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
    return (await relay.raw(request).catch(() => ({ status: 0 }))).status;
  };
  expect(await ask()).not.toBe(200);
  await expect.poll(ask).toBe(200);
  for (const socket of idle) socket.destroy();
});

test('an answer that nobody reads is given up', async () => {
  const wall = { body: Buffer.alloc(16 * 2 ** 20), type: 'text/html', etag: '"w1"' };
  await using relay = await startTestRelay({
    deps: { pages: { wall, monitoring: wall, files: new Map() } },
    server: { stalledMs: 100 },
  });
  const socket = connect(relay.port, '127.0.0.1', () =>
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
  );
  try {
    // A request is logged when its answer is over.
    await expect.poll(() => relay.logLines.length, { timeout: 5_000 }).toBe(1);
  } finally {
    socket.destroy();
  }
});

test('an answer that is read a little at a time is given up, too', async () => {
  const wall = { body: Buffer.alloc(16 * 2 ** 20), type: 'text/html', etag: '"w1"' };
  await using relay = await startTestRelay({
    deps: { pages: { wall, monitoring: wall, files: new Map() } },
    server: { longestAnswerMs: 300 },
  });
  const socket = connect(relay.port, '127.0.0.1', () =>
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
  );
  socket.on('error', () => undefined);
  // Nothing flows by itself; 64 kB, twenty times a second, would take it half a minute.
  socket.on('readable', () => undefined);
  const sip = setInterval(() => socket.read(Math.min(socket.readableLength, 65_536)), 50);
  try {
    await expect.poll(() => relay.logLines.length, { timeout: 5_000 }).toBe(1);
  } finally {
    clearInterval(sip);
    socket.destroy();
  }
});

describe('headers', () => {
  test('pages are under a strict policy and nothing tells the software', async () => {
    await using relay = await startTestRelay();
    const { headers } = await relay.fetch('/');
    expect(headers.get('content-security-policy')).toContain("default-src 'none';script-src 'self'");
    expect(headers.get('content-security-policy')).not.toContain('unsafe');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('strict-transport-security')).toBeNull();
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });

  test('changes are limited per address, with a time to come back', async () => {
    await using relay = await startTestRelay({ server: { maxChangesPerMinute: 2 } });
    const reload = (): Promise<Response> =>
      relay.fetch('/api/v1/config/reload', { method: 'POST', headers: as.admin });
    expect([(await reload()).status, (await reload()).status]).toEqual([200, 200]);
    const third = await reload();
    expect(third.headers.get('retry-after')).toBe('10');
    expect(await codeOf(third)).toBe('rate-limited');
    expect((await relay.fetch('/live')).status).toBe(200);
  });

  test('what strangers ask for takes no change from those who may', async () => {
    await using relay = await startTestRelay({ server: { maxChangesPerMinute: 1 } });
    const reload = (headers: Record<string, string>): Promise<Response> =>
      relay.fetch('/api/v1/config/reload', { method: 'POST', headers });
    const strangers = [
      await reload(as.nobody),
      await reload(as.stranger),
      await reload({ origin: 'https://wall.example.org' }),
    ];
    expect(strangers.map(({ status }) => status)).toEqual([403, 403, 403]);
    expect((await reload(as.admin)).status).toBe(200);
  });
});

describe('closing', () => {
  test('ends idle connections at once and busy ones after their time', async () => {
    const relay = await startTestRelay();
    const idle = connect(relay.port, '127.0.0.1');
    const busy = connect(relay.port, '127.0.0.1');
    await Promise.all([once(idle, 'connect'), once(busy, 'connect')]);
    busy.write('POST /api/v1/config/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n1');
    busy.on('error', () => undefined);
    idle.on('error', () => undefined);
    busy.resume();
    idle.resume();
    const ended = Promise.all(
      [idle, busy].map((socket) => new Promise((resolve) => socket.once('close', resolve))),
    );
    await relay.server.close();
    await ended;
    await relay.server.close();
    await expect(relay.fetch('/live')).rejects.toThrow('fetch failed');
  });

  test('an address in use is an error', async () => {
    await using relay = await startTestRelay();
    await expect(startTestRelay({ server: { port: relay.port } })).rejects.toThrow('EADDRINUSE');
  });
});
