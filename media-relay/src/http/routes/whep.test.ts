import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { OfferResult, RefusalCode } from '../../engine/messages.ts';
import { problems } from '../errors.ts';
import { sessionQualitySchema } from '../schemas.ts';
import { codeOf, join, offer, sdp, ufrag } from '../testing/requests.ts';
import { as, startTestRelay } from '../testing/test-relay.ts';
import type { TestRelay } from '../testing/test-relay.ts';

let relay: TestRelay;
beforeEach(async () => {
  relay = await startTestRelay();
});
afterEach(() => relay.server.close());

const sdpFragment = { 'content-type': 'application/trickle-ice-sdpfrag' };
const pwd = 'abcdefghijklmnopqrstuv';

const ice = (name: string): string => `a=ice-ufrag:${name}\r\na=ice-pwd:${pwd}\r\n`;

const patch = (body: string, headers: Record<string, string> = {}): Promise<Response> =>
  relay.fetch('/api/v1/whep/lobby-1/session-1', {
    method: 'PATCH',
    headers: { ...as.grafana, ...sdpFragment, ...headers },
    body,
  });

describe('WHEP', () => {
  test('an offer becomes an answer with a session that is found behind any prefix', async () => {
    const response = await join(relay);
    expect(response.status).toBe(201);
    expect(response.headers.get('content-type')).toBe('application/sdp');
    expect(response.headers.get('accept-patch')).toBe('application/trickle-ice-sdpfrag');
    expect(response.headers.get('etag')).toMatch(/^"[0-9a-f]{16}"$/);
    expect(response.headers.get('link')).toBeNull();
    expect(await response.text()).toBe('v=0\r\n');
    const location = response.headers.get('location') ?? '';
    const proxied = 'https://grafana.example/sub/api/datasources/proxy/uid/x/api/v1/whep/';
    expect(new URL(location, `${proxied}lobby-1`).href).toBe(`${proxied}lobby-1/session-1`);
    expect(relay.engine.calls).toEqual([`offer lobby-1 ${offer.length}`]);
  });

  test('the log names viewer and session, but not by the id that lets its holder end it', async () => {
    await join(relay);
    const line = relay.logLines.find((text) => text.includes('viewer offered')) ?? '';
    expect(JSON.parse(line)).toMatchObject({ stream: 'lobby-1', by: 'grafana', session: 'session-' });
    expect(relay.logLines.join('')).not.toContain('session-1');
  });

  test.each<RefusalCode>([
    'stream-not-found',
    'offer-malformed',
    'offer-without-video',
    'no-common-codec',
    'stream-refused',
    'stream-not-ready',
    'over-capacity',
    'shutting-down',
  ])('a refusal %s is told with its sentence', async (code) => {
    relay.engine.offerResult = { ok: false, code, message: 'Why.', retryAfterSeconds: 3 };
    const response = await join(relay);
    expect([response.status, response.headers.get('retry-after')]).toEqual([problems[code].status, '3']);
    expect(await response.json()).toMatchObject({ code, detail: 'Why.', retryAfterSeconds: 3 });
  });

  test('a refusal in the words of a camera holds no credentials', async () => {
    const message = 'rtsp://admin:hunter2@cam/live sends H.265.';
    relay.engine.offerResult = { ok: false, code: 'stream-refused', message };
    expect(await (await join(relay)).json()).toMatchObject({ detail: 'rtsp://cam/live sends H.265.' });
  });

  test('a candidate is taken, a restart is not, another ETag is not', async () => {
    const etag = (await join(relay)).headers.get('etag') ?? '';
    const candidate =
      'm=video 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n';
    expect((await patch(`${ice(ufrag)}${candidate}`, { 'if-match': etag })).status).toBe(204);
    expect((await patch(`${ice(ufrag)}${candidate}`)).status).toBe(204);
    expect(await codeOf(await patch(`${ice(ufrag)}${candidate}`, { 'if-match': '"other"' }))).toBe(
      'precondition-failed',
    );
    expect(await codeOf(await patch(`${ice('wxyz')}${candidate}`, { 'if-match': '*' }))).toBe(
      'restart-unsupported',
    );
    expect(await codeOf(await patch('garbage'))).toBe('bad-request');
    expect(await codeOf(await patch('x', { 'content-type': 'text/plain' }))).toBe('unsupported-media-type');
  });

  test('a session ends once, by whoever knows it and may view its stream', async () => {
    await join(relay);
    const end = (path: string, headers: Record<string, string>): Promise<Response> =>
      relay.fetch(`/api/v1/whep/${path}`, { method: 'DELETE', headers });
    expect(await codeOf(await end('garage/session-1', as.grafana))).toBe('session-not-found');
    expect(await codeOf(await end('garage/session-1', as.lobby))).toBe('forbidden');
    expect((await end('lobby-1/session-1', as.lobby)).status).toBe(200);
    expect(await codeOf(await end('lobby-1/session-1', as.lobby))).toBe('session-not-found');
    expect(relay.engine.calls.filter((call) => call.startsWith('close'))).toEqual(['close session-1']);
  });

  test('a session that the engine ended is gone', async () => {
    await join(relay);
    relay.engine.endSession('session-1', 'lobby-1');
    const response = await relay.fetch('/api/v1/whep/lobby-1/session-1', {
      method: 'DELETE',
      headers: as.grafana,
    });
    expect(await codeOf(response)).toBe('session-not-found');
  });

  test('a viewer that leaves before the answer leaves no session behind', async () => {
    const late = Promise.withResolvers<OfferResult>();
    const asked = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<string>();
    relay.engine.offerResult = late.promise;
    relay.engine.onOffer = asked.resolve;
    relay.engine.onClose = closed.resolve;
    const headers = `Host: localhost\r\nContent-Type: application/sdp\r\nContent-Length: 3`;
    const gone = relay.abandon(`POST /api/v1/whep/lobby-1 HTTP/1.1\r\n${headers}\r\n\r\nv=0`, asked.promise);
    await gone;
    late.resolve({ ok: true, sessionId: 'session-7', sdp: 'v=0\r\n' });
    expect(await closed.promise).toBe('session-7');
  });

  test('OPTIONS tells the methods of each address', async () => {
    const allow = async (path: string): Promise<string | null> =>
      (await relay.fetch(path, { method: 'OPTIONS', headers: as.nobody })).headers.get('allow');
    expect(await allow('/api/v1/whep/anything')).toBe('OPTIONS, POST');
    expect(await allow('/api/v1/whep/anything/session')).toBe('DELETE, OPTIONS, PATCH');
    expect((await relay.fetch('/nowhere', { method: 'OPTIONS' })).status).toBe(404);
  });
});

const setQuality = (
  body: unknown,
  headers: Record<string, string> = as.grafana,
  id = 'session-1',
): Promise<Response> =>
  relay.fetch(`/api/v1/whep/lobby-1/${id}/quality`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

describe('the quality of a session', () => {
  test.each([
    ['', {}],
    ['?quality=sub', { quality: 'sub' }],
    ['?quality=auto&width=640&height=360&x=1', { quality: 'auto', tile: { width: 640, height: 360 } }],
    ['?width=640', {}],
  ])('is asked for with the offer: %s', async (query, wish) => {
    const path = `/api/v1/whep/lobby-1${query}`;
    const { status } = await relay.fetch(path, {
      method: 'POST',
      headers: { ...sdp, ...as.lobby },
      body: offer,
    });
    expect(status).toBe(201);
    expect(relay.engine.wishes).toEqual([wish]);
  });

  test.each(['?quality=best', '?quality=sub&quality=main', '?width=0&height=1', '?height=99999'])(
    '%s is a mistake, and no session is made',
    async (query) => {
      const path = `/api/v1/whep/lobby-1${query}`;
      const response = await relay.fetch(path, {
        method: 'POST',
        headers: { ...sdp, ...as.lobby },
        body: offer,
      });
      expect([response.status, await codeOf(response)]).toEqual([400, 'bad-request']);
      expect(relay.engine.calls).toEqual([]);
    },
  );

  test('is changed and read by whoever knows the session and may view its stream', async () => {
    await join(relay);
    relay.engine.quality = { wanted: 'sub', playing: 'main', switchingTo: 'sub', reason: undefined };
    const response = await setQuality({ quality: 'sub', tile: { width: 640, height: 360 } }, as.lobby);
    expect(sessionQualitySchema.parse(await response.json())).toEqual({
      wanted: 'sub',
      playing: 'main',
      switchingTo: 'sub',
      reason: null,
    });
    expect(relay.engine.wishes.at(-1)).toEqual({ quality: 'sub', tile: { width: 640, height: 360 } });
    expect((await setQuality({})).status).toBe(200);
    expect(await codeOf(await setQuality({}, as.metrics))).toBe('forbidden');
    expect(await codeOf(await setQuality({}, as.grafana, 'session-2'))).toBe('session-not-found');
    relay.engine.quality = undefined;
    expect(await codeOf(await setQuality({}))).toBe('stream-not-ready');
  });

  test.each([
    { quality: 'best' },
    { tile: { width: 640 } },
    { tile: { width: 0.5, height: 1 } },
    { sub: true },
    'sub',
  ])('%j is a mistake', async (body) => {
    await join(relay);
    expect(await codeOf(await setQuality(body))).toBe('bad-request');
    expect(relay.engine.calls).toHaveLength(1);
  });
});
