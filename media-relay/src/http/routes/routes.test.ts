import { setImmediate } from 'node:timers/promises';

import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { OfferResult, RefusalCode } from '../../engine/messages.ts';
import { problems } from '../errors.ts';
import {
  clockSchema,
  eventListSchema,
  healthSchema,
  sessionQualitySchema,
  streamListSchema,
  streamSchema,
} from '../schemas.ts';
import { liveSnapshot, substreamSnapshot } from '../testing/fake-engine.ts';
import { as, FakeMetrics, startTestRelay } from '../testing/test-relay.ts';
import type { TestRelay } from '../testing/test-relay.ts';

let relay: TestRelay;
beforeEach(async () => {
  relay = await startTestRelay();
});
afterEach(() => relay.server.close());

const sdp = { 'content-type': 'application/sdp' };
const sdpFragment = { 'content-type': 'application/trickle-ice-sdpfrag' };
const ufrag = 'abcd';
const pwd = 'abcdefghijklmnopqrstuv';
const offer = `v=0\r\na=ice-ufrag:${ufrag}\r\n`;

function join(headers: Record<string, string> = as.grafana, stream = 'lobby-1'): Promise<Response> {
  return relay.fetch(`/api/v1/whep/${stream}`, {
    method: 'POST',
    headers: { ...sdp, ...headers },
    body: offer,
  });
}

async function codeOf(response: Response): Promise<unknown> {
  return ((await response.json()) as { code: unknown }).code;
}

const ice = (name: string): string => `a=ice-ufrag:${name}\r\na=ice-pwd:${pwd}\r\n`;

const patch = (body: string, headers: Record<string, string> = {}): Promise<Response> =>
  relay.fetch('/api/v1/whep/lobby-1/session-1', {
    method: 'PATCH',
    headers: { ...as.grafana, ...sdpFragment, ...headers },
    body,
  });

describe('snapshots', () => {
  const ask = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    relay.fetch(`/api/v1/streams/${path}`, { headers: { ...as.grafana, ...headers } });

  test('a picture tells its age, and is not sent twice', async () => {
    const response = await ask('lobby-1/snapshot.jpg?width=500');
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'image/jpeg',
      'cache-control': 'private, no-cache',
      etag: '"p1-640"',
      age: '2',
      'x-sightline-age': '2.500',
      'last-modified': 'Wed, 31 Dec 1969 23:59:58 GMT',
    });
    expect(await response.text()).toBe('JPEG');
    expect((await ask('lobby-1/snapshot.jpg?width=600', { 'if-none-match': '"p1-640"' })).status).toBe(304);
    expect((await ask('lobby-1/snapshot.jpg', { 'if-none-match': '"p1-640"' })).status).toBe(200);
  });

  test.each(['width=15', 'width=3841', 'width=640px', 'width=', 'height=3', 'width=640&width=640'])(
    '%s is refused',
    async (query) => {
      expect(await codeOf(await ask(`lobby-1/snapshot.jpg?${query}`))).toBe('bad-request');
    },
  );

  test('why there is none', async () => {
    const response = await ask('garage/snapshot.jpg');
    expect(response.status).toBe(501);
    expect(await response.json()).toMatchObject({ code: 'no-decoder', detail: 'There is no ffmpeg.' });
    expect(await codeOf(await ask('elsewhere/snapshot.jpg'))).toBe('stream-not-found');
    const notMine = await relay.fetch('/api/v1/streams/garage/snapshot.jpg', { headers: as.lobby });
    expect(await codeOf(notMine)).toBe('forbidden');
  });
});

describe('WHEP', () => {
  test('an offer becomes an answer with a session that is found behind any prefix', async () => {
    const response = await join();
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
    await join();
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
    const response = await join();
    expect([response.status, response.headers.get('retry-after')]).toEqual([problems[code].status, '3']);
    expect(await response.json()).toMatchObject({ code, detail: 'Why.', retryAfterSeconds: 3 });
  });

  test('a refusal in the words of a camera holds no credentials', async () => {
    const message = 'rtsp://admin:hunter2@cam/live sends H.265.';
    relay.engine.offerResult = { ok: false, code: 'stream-refused', message };
    expect(await (await join()).json()).toMatchObject({ detail: 'rtsp://cam/live sends H.265.' });
  });

  test('a candidate is taken, a restart is not, another ETag is not', async () => {
    const etag = (await join()).headers.get('etag') ?? '';
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
    await join();
    const end = (path: string, headers: Record<string, string>): Promise<Response> =>
      relay.fetch(`/api/v1/whep/${path}`, { method: 'DELETE', headers });
    expect(await codeOf(await end('garage/session-1', as.grafana))).toBe('session-not-found');
    expect(await codeOf(await end('garage/session-1', as.lobby))).toBe('forbidden');
    expect((await end('lobby-1/session-1', as.lobby)).status).toBe(200);
    expect(await codeOf(await end('lobby-1/session-1', as.lobby))).toBe('session-not-found');
    expect(relay.engine.calls.filter((call) => call.startsWith('close'))).toEqual(['close session-1']);
  });

  test('a session that the engine ended is gone', async () => {
    await join();
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
    await join();
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
    await join();
    expect(await codeOf(await setQuality(body))).toBe('bad-request');
    expect(relay.engine.calls).toHaveLength(1);
  });
});

const clock = (
  query = '',
  headers: Record<string, string> = as.grafana,
  id = 'session-1',
): Promise<Response> => relay.fetch(`/api/v1/sessions/${id}/clock${query}`, { headers });

describe('the clock of a session', () => {
  test('is for those who know it and may view its stream', async () => {
    await join(as.grafana, 'garage');
    const response = await clock('?frames=2');
    expect(clockSchema.parse(await response.json())).toEqual({ relayMs: 5, frames: [[1, 2]] });
    expect(relay.engine.calls).toContain('clock session-1 2');
    expect(await codeOf(await clock('', as.lobby))).toBe('session-not-found');
    expect(await codeOf(await clock('', as.grafana, 'session-2'))).toBe('session-not-found');
  });

  test('that the media thread does not tell in time is no reason to think that the session is over', async () => {
    await join();
    relay.engine.clock = undefined;
    const late = await clock();
    expect([late.status, late.headers.get('retry-after'), await codeOf(late)]).toEqual([
      503,
      '2',
      'stream-not-ready',
    ]);
    relay.engine.endSession('session-1', 'lobby-1');
    expect(await codeOf(await clock())).toBe('session-not-found');
  });

  test.each([
    '?frames=0',
    '?frames=601',
    '?frames=1e2',
    '?frames=-1',
    '?frames=',
    '?frames=1&frames=2',
    '?frame=1',
  ])('%s is a mistake', async (query) => {
    expect(await codeOf(await clock(query))).toBe('bad-request');
  });
});

describe('streams', () => {
  test('are listed as far as the caller may view them, measured or not', async () => {
    const reason = 'rtsp://user:hunter2@cam/ is slow';
    relay.engine.snapshots = [{ ...liveSnapshot, reason, reasonCode: 'timeout' }];
    const list = async (headers: Record<string, string>): Promise<unknown[]> =>
      streamListSchema.parse(await (await relay.fetch('/api/v1/streams', { headers })).json()).streams;
    expect(await list(as.lobby)).toHaveLength(1);
    const [lobby, garage] = await list(as.grafana);
    expect(lobby).toEqual({
      name: 'lobby-1',
      title: 'LOBBY-1',
      labels: { floor: '1' },
      site: 'Oslo',
      origin: 'config',
      onDemand: false,
      state: 'live',
      stateSinceMs: 1000,
      reason: 'rtsp://cam/ is slow',
      reasonCode: 'timeout',
      warnings: [{ code: 'no-clock', message: expect.stringContaining('sender reports') }],
      transport: 'tcp',
      videoCodec: 'H264',
      videoProfile: 'High',
      audioCodec: null,
      width: 1280,
      height: 720,
      framesPerSecond: 30,
      bitrateBps: 4_000_000,
      keyFrameIntervalSeconds: 4,
      lastFrameMs: 2000,
      viewers: 2,
      picture: {
        frozen: true,
        black: false,
        overexposed: false,
        underexposed: false,
        blurred: false,
        brightness: 0.5,
        contrast: 0.2,
        sharpness: 0.1,
        pictureMs: 900,
        checkedMs: 950,
      },
      qualitySwitches: {},
      substream: null,
    });
    relay.engine.snapshots = [
      {
        ...liveSnapshot,
        qualitySwitchesTotal: { tile: 3 },
        substream: { ...substreamSnapshot, reason: 'rtsp://user:hunter2@cam/sub is gone' },
      },
    ];
    expect((await list(as.lobby))[0]).toMatchObject({
      qualitySwitches: { tile: 3 },
      substream: { state: 'offline', reason: 'rtsp://cam/sub is gone', width: 640, viewers: 0 },
    });
    expect(garage).toMatchObject({ name: 'garage', state: 'idle', lastFrameMs: null, viewers: 0 });
  });

  test('one of them', async () => {
    const response = await relay.fetch('/api/v1/streams/lobby-1', { headers: as.lobby });
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(streamSchema.parse(await response.json())).toMatchObject({ name: 'lobby-1', state: 'connecting' });
  });

  test('are restarted and removed by an admin', async () => {
    const restart = (name: string): Promise<Response> =>
      relay.fetch(`/api/v1/streams/${name}/restart`, { method: 'POST', headers: as.admin });
    expect((await restart('lobby-1')).status).toBe(202);
    expect(await codeOf(await restart('nowhere'))).toBe('stream-not-found');
    expect(relay.engine.calls).toEqual(['restart lobby-1']);
    const removed = await relay.fetch('/api/v1/streams/lobby-1', { method: 'DELETE', headers: as.admin });
    expect([removed.status, await codeOf(removed)]).toEqual([409, 'stream-from-config']);
  });
});

async function list(query: string, headers: Record<string, string> = as.grafana): Promise<unknown[]> {
  return eventListSchema.parse(await (await relay.fetch(`/api/v1/events${query}`, { headers })).json())
    .events;
}

describe('events', () => {
  beforeEach(() => {
    relay.events.record({ kind: 'config-change', added: ['lobby-1', 'garage'], removed: [], changed: [] });
    relay.events.recordEngine({ kind: 'stream-up', atMs: 2000, stream: 'lobby-1' });
    relay.events.recordEngine({ kind: 'stream-up', atMs: 3000, stream: 'garage' });
  });

  test('are filtered', async () => {
    expect(await list('')).toHaveLength(3);
    expect(await list('?stream=garage')).toHaveLength(1);
    expect(await list('?type=stream-up&limit=1')).toMatchObject([{ atMs: 3000 }]);
    expect(await list('?from=1970-01-01T00:00:02Z&to=2500')).toMatchObject([{ atMs: 2000 }]);
  });

  test('tell nobody of streams that he may not view', async () => {
    expect(await list('', as.lobby)).toEqual([
      { atMs: 1000, kind: 'config-change', added: ['lobby-1'], removed: [], changed: [] },
      { atMs: 2000, kind: 'stream-up', stream: 'lobby-1' },
    ]);
    expect(await list('?stream=garage', as.lobby)).toEqual([]);
  });

  test.each([
    '?from=yesterday',
    '?from=2026-13-01T00:00:00Z',
    '?to=-1',
    '?type=x',
    '?limit=0',
    '?limit=1001',
    '?stream=a/b',
    '?x=1',
  ])('%s is a mistake that is named', async (query) => {
    const response = await relay.fetch(`/api/v1/events${query}`, { headers: as.grafana });
    const name = /[?](\w+)/.exec(query)?.[1] ?? '';
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { code: 'bad-request', detail: expect.stringContaining(`"${name}"`) },
    ]);
  });
});

const reasons = async (headers: Record<string, string>): Promise<unknown> =>
  healthSchema.parse(await (await relay.fetch('/health', { headers })).json()).reasons;

describe('health', () => {
  test('is open, and names streams only to those who may view them', async () => {
    const reason = { code: 'stream-offline', message: 'A stream is offline.', count: 2 };
    expect(await reasons(as.nobody)).toEqual([reason]);
    expect(await reasons(as.lobby)).toEqual([{ ...reason, streams: ['lobby-1'] }]);
    expect(await reasons(as.admin)).toEqual([{ ...reason, streams: ['lobby-1', 'garage'] }]);
  });

  test('ready and live', async () => {
    for (const path of ['/ready', '/live'])
      expect((await relay.fetch(path, { headers: as.nobody })).status).toBe(200);
    await using failing = await startTestRelay({
      deps: { health: () => ({ status: 'failing', ready: false, reasons: [] }) },
    });
    const statuses = await Promise.all(['/health', '/ready', '/live'].map((path) => failing.fetch(path)));
    expect(statuses.map(({ status }) => status)).toEqual([503, 503, 200]);
  });
});

describe('pages', () => {
  test('are served, and not again while they are the same', async () => {
    const wall = await relay.fetch('/');
    expect([wall.headers.get('content-type'), wall.headers.get('etag')]).toEqual([
      'text/html; charset=utf-8',
      '"w1"',
    ]);
    expect(await wall.text()).toContain('Wall');
    const script = await relay.fetch('/assets/wall.js');
    expect([script.status, await script.text()]).toEqual([200, 'export {};']);
    // Not with fetch: it would ask for a fresh copy by Cache-Control of its own accord.
    const headers = 'Host: localhost\r\nIf-None-Match: "w1"\r\nConnection: close';
    const again = await relay.raw(`GET / HTTP/1.1\r\n${headers}\r\n\r\n`);
    expect([again.status, again.body]).toEqual([304, '']);
    expect(await codeOf(await relay.fetch('/assets/other.js'))).toBe('not-found');
  });
});

describe('metrics', () => {
  test('need their permission on every stream; the text is passed on in parts', async () => {
    const response = await relay.fetch('/metrics', { headers: as.metrics });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await response.text()).toBe('a 1\nb 2\n');
    for (const headers of [as.grafana, as.lobby, as.stranger, as.nobody, {}])
      expect((await relay.fetch('/metrics', { headers })).status).toBe(403);
    expect((await relay.fetch('/metrics', { method: 'HEAD', headers: as.metrics })).status).toBe(200);
  });

  test('a scrape that is given up is no error of the relay', async () => {
    const begun = Promise.withResolvers<void>();
    const collected = Promise.withResolvers<void>();
    const metrics = new FakeMetrics();
    metrics.expose = async function* () {
      yield 'a 1\n';
      begun.resolve();
      await collected.promise;
    };
    await using slow = await startTestRelay({ deps: { metrics } });
    const headers = `Host: localhost\r\nAuthorization: ${as.metrics.authorization}`;
    await slow.abandon(`GET /metrics HTTP/1.1\r\n${headers}\r\n\r\n`, begun.promise);
    collected.resolve();
    await setImmediate();
    expect(slow.logLines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['request']);
  });

  test('scrapes that are given up while a collector hangs are bounded', async () => {
    const collected = Promise.withResolvers<void>();
    const metrics = new FakeMetrics();
    let begun = Promise.withResolvers<void>();
    metrics.expose = async function* () {
      yield 'a 1\n';
      begun.resolve();
      await collected.promise;
    };
    await using slow = await startTestRelay({ deps: { metrics } });
    const headers = `Host: localhost\r\nAuthorization: ${as.metrics.authorization}`;
    for (let i = 0; i < 16; i++) {
      begun = Promise.withResolvers<void>();
      await slow.abandon(`GET /metrics HTTP/1.1\r\n${headers}\r\n\r\n`, begun.promise);
    }
    const refused = await slow.fetch('/metrics', { headers: as.metrics });
    expect(refused.status).toBe(503);
    expect(await refused.text()).toContain('a collector hangs');
    collected.resolve();
  });
});

describe('quality beacons', () => {
  const beacon = {
    seconds: 10,
    framesDecoded: 250,
    framesDropped: 0,
    freezes: 1,
    freezeSeconds: 0.5,
    packetsReceived: 1000,
    packetsLost: 2,
  };
  let metrics: FakeMetrics;
  let nowMs = 0;
  let watched: TestRelay;
  beforeEach(async () => {
    metrics = new FakeMetrics();
    nowMs = 100_000;
    watched = await startTestRelay({ deps: { metrics, clock: () => nowMs } });
    await watched.fetch('/api/v1/whep/lobby-1', {
      method: 'POST',
      headers: { ...sdp, ...as.grafana },
      body: offer,
    });
  });
  afterEach(() => watched.server.close());

  const report = (
    body: unknown,
    headers: Record<string, string> = as.grafana,
    session = 'session-1',
  ): Promise<Response> =>
    watched.fetch(`/api/v1/sessions/${session}/quality`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });

  test('are taken from the session that they speak of, one in a while', async () => {
    expect((await report(beacon)).status).toBe(200);
    expect((await report(beacon)).status).toBe(429);
    nowMs += 10_000;
    expect((await report(beacon)).status).toBe(200);
    expect(metrics.calls).toEqual([['lobby-1', beacon], 'rate-limited', ['lobby-1', beacon]]);
  });

  test('are no news in the log, unless they are refused', async () => {
    await report(beacon);
    await report(beacon);
    const levels = (): unknown[] =>
      watched.logLines
        .map((line) => JSON.parse(line) as { level: number; route?: string; status: number })
        .filter(({ route }) => route === '/api/v1/sessions/{session}/quality')
        .map(({ level, status }) => [status, level]);
    // A request is logged when its answer is over.
    await expect.poll(levels, { timeout: 5_000 }).toEqual([
      [200, pino.levels.values['debug']],
      [429, pino.levels.values['info']],
    ]);
  });

  test("of many viewers behind one proxy use up nobody's changes", async () => {
    const few = await startTestRelay({ deps: { clock: () => nowMs }, server: { maxChangesPerMinute: 1 } });
    const post = (path: string, body: string, type: string): Promise<Response> =>
      few.fetch(path, { method: 'POST', headers: { 'content-type': type, ...as.grafana }, body });
    await post('/api/v1/whep/lobby-1', offer, 'application/sdp');
    const reported = await post(
      '/api/v1/sessions/session-1/quality',
      JSON.stringify(beacon),
      'application/json',
    );
    const second = await post('/api/v1/whep/lobby-1', offer, 'application/sdp');
    await few.server.close();
    expect([reported.status, second.status]).toEqual([200, 429]);
  });

  test('of sessions that are none, or of somebody else, are not told apart', async () => {
    expect(await codeOf(await report(beacon, as.grafana, 'session-2'))).toBe('session-not-found');
    await watched.fetch('/api/v1/whep/garage', {
      method: 'POST',
      headers: { ...sdp, ...as.grafana },
      body: offer,
    });
    expect(await codeOf(await report(beacon, as.lobby))).toBe('session-not-found');
    expect(metrics.calls).toEqual(['unknown-session', 'unknown-session']);
  });

  test.each([
    ['a field that is none', { ...beacon, viewer: 'me' }],
    ['a negative count', { ...beacon, freezes: -1 }],
    ['half a frame', { ...beacon, framesDecoded: 0.5 }],
    ['too much', { ...beacon, seconds: 61 }],
    ['text', { ...beacon, delayMs: '1' }],
    ['nothing', {}],
  ])('with %s are refused', async (_, body) => {
    expect(await codeOf(await report(body))).toBe('bad-request');
    expect(metrics.calls).toEqual(['invalid']);
  });

  test('that claim more time than has passed are refused', async () => {
    await report(beacon);
    nowMs += 2_000;
    expect(await codeOf(await report({ ...beacon, seconds: 60 }))).toBe('bad-request');
    expect(metrics.calls.at(-1)).toBe('invalid');
  });
});
