/** Who may do what, over HTTP: what the authoriser decides is what the server does. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { codeOf, offer, sdp } from './testing/requests.ts';
import { as, startTestRelay } from './testing/test-relay.ts';
import type { TestRelay } from './testing/test-relay.ts';

describe('who may', () => {
  let relay: TestRelay;
  beforeAll(async () => {
    relay = await startTestRelay();
  });
  afterAll(() => relay.server.close());

  const admin = { method: 'POST', headers: { ...as.admin, 'content-length': '0' } };

  test('a local browser may view and nothing else', async () => {
    expect((await relay.fetch('/')).status).toBe(200);
    expect((await relay.fetch('/api/v1/streams')).status).toBe(200);
    expect(
      (await relay.fetch('/api/v1/whep/lobby-1', { method: 'POST', headers: sdp, body: offer })).status,
    ).toBe(201);
    expect(await codeOf(await relay.fetch('/api/v1/config/reload', { method: 'POST' }))).toBe('forbidden');
    expect(await codeOf(await relay.fetch('/api/v1/streams/lobby-1', { method: 'DELETE' }))).toBe(
      'forbidden',
    );
  });

  test.each([
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { referer: 'https://evil.example/' },
    { 'x-forwarded-for': '127.0.0.1' },
    { via: '1.1 proxy' },
    { 'x-grafana-id': '' },
  ])('a page of another site, or a proxy, may not lean on it: %j', async (headers) => {
    const calls = relay.engine.calls.length;
    const init = { method: 'POST', headers: { ...sdp, ...headers }, body: offer };
    expect(await codeOf(await relay.fetch('/api/v1/whep/lobby-1', init))).toBe('forbidden');
    expect(await codeOf(await relay.fetch('/api/v1/streams', { headers }))).toBe('forbidden');
    expect(relay.engine.calls).toHaveLength(calls);
  });

  test('a proxy is seen however many headers come before it, and HTTP/1.0 is one', async () => {
    const many = 'A:\r\n'.repeat(3000);
    const tail = 'Connection: close\r\n\r\n';
    const crowded = await relay.raw(
      `GET /api/v1/streams HTTP/1.1\r\nHost: localhost\r\n${many}X-Forwarded-For: 192.0.2.1\r\n${tail}`,
    );
    expect(crowded.status).toBe(403);
    expect((await relay.raw(`GET /api/v1/streams HTTP/1.0\r\nHost: localhost\r\n${tail}`)).status).toBe(403);
    expect((await relay.raw(`GET /api/v1/streams HTTP/1.1\r\nHost: localhost\r\n${tail}`)).status).toBe(200);
    expect((await relay.raw(`GET /api/v1/streams HTTP/1.1\r\nHost: evil.example\r\n${tail}`)).status).toBe(
      403,
    );
  });

  test.each([
    ['GET', '/'],
    ['GET', '/assets/wall.js'],
    ['GET', '/api/v1/streams'],
    ['GET', '/api/v1/streams/lobby-1'],
    ['GET', '/api/v1/events'],
    ['GET', '/api/v1/sessions/session-1/clock'],
    ['POST', '/api/v1/whep/lobby-1'],
    ['PATCH', '/api/v1/whep/lobby-1/session-1'],
    ['DELETE', '/api/v1/whep/lobby-1/session-1'],
    ['POST', '/api/v1/streams'],
    ['DELETE', '/api/v1/streams/lobby-1'],
    ['POST', '/api/v1/streams/lobby-1/restart'],
    ['POST', '/api/v1/config/reload'],
  ])('%s %s is closed to whoever has no token, a wrong one or another permission', async (method, path) => {
    for (const headers of [as.nobody, as.stranger, as.metrics])
      expect(await codeOf(await relay.fetch(path, { method, headers }))).toBe('forbidden');
  });

  test('a stream that one may not see answers the same whether or not it exists', async () => {
    const names = ['garage', 'nowhere', 'lobby-9'];
    const responses = await Promise.all(
      names.map((name) => relay.fetch(`/api/v1/streams/${name}`, { headers: as.lobby })),
    );
    const [hidden, absent, visible] = await Promise.all(responses.map((response) => response.json()));
    expect(hidden).toEqual(absent);
    expect(hidden).toMatchObject({ status: 403, code: 'forbidden' });
    expect(visible).toMatchObject({ status: 404, code: 'stream-not-found' });
  });

  test('two different tokens are a mistake', async () => {
    const response = await relay.fetch('/api/v1/streams', { headers: { ...as.admin, ...as.grafana } });
    expect(await codeOf(response)).toBe('bad-request');
    const doubled = await relay.raw(
      'GET /api/v1/streams HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n' +
        `Authorization: ${as.admin.authorization}\r\nAuthorization: ${as.lobby.authorization}\r\n\r\n`,
    );
    expect(doubled.status).toBe(400);
  });

  test('an admin of some streams is none of the others, nor of the configuration', async () => {
    const add = (name: string): Promise<Response> =>
      relay.fetch('/api/v1/streams', {
        method: 'POST',
        headers: { ...as.lobbyAdmin, 'content-type': 'application/json' },
        body: JSON.stringify({ name, url: 'demo:' }),
      });
    expect((await add('lobby-7')).status).toBe(201);
    expect(await codeOf(await add('roof'))).toBe('forbidden');
    expect(
      await codeOf(await relay.fetch('/api/v1/config/reload', { ...admin, headers: as.lobbyAdmin })),
    ).toBe('forbidden');
    expect((await relay.fetch('/api/v1/config/reload', admin)).status).toBe(200);
    expect(relay.adminCalls).toEqual(['add lobby-7', 'reload']);
  });
});
