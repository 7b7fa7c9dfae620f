/** What must not get in, against the real relay and its real ports; and what must not get out. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { impostor } from '../src/testing/dtls-conversation.ts';
import { TestViewer } from '../src/testing/test-viewer.ts';
import { createCertificate } from '../src/webrtc/certificate.ts';
import { offerText } from '../src/webrtc/fixtures/offers.ts';
import { startGstCamera } from './support/gst-camera.ts';
import type { GstCamera } from './support/gst-camera.ts';
import { TestRelay } from './support/relay.ts';
import type { Answer, Ask } from './support/relay.ts';

const password = 'p w/geheim-7f3a';
const wrongPassword = 'wrong-2b9c';

let camera: GstCamera;
let relay: TestRelay;
/** Every answer of this file, headers included. */
const answers: string[] = [];

beforeAll(async () => {
  camera = await startGstCamera(['--user', 'viewer', '--password', password]);
  const address = `127.0.0.1:${camera.port}/live`;
  relay = await TestRelay.start({
    demo: 'demo:?width=320&height=180&fps=10&gop=10',
    camera: `rtsp://viewer:${encodeURIComponent(password)}@${address}`,
    locked: `rtsp://viewer:${wrongPassword}@${address}`,
  });
  await relay.live('demo', 'camera');
});

afterAll(async () => {
  await relay[Symbol.asyncDispose]();
  await camera.kill();
});

async function ask(path: string, question?: Ask): Promise<Answer> {
  return kept(await relay.ask(path, question));
}

async function offer(
  stream: string,
  sdp: string,
  headers?: Readonly<Record<string, string>>,
): Promise<Answer> {
  return kept(await relay.offer(stream, sdp, headers));
}

function kept(answer: Answer): Answer {
  answers.push(JSON.stringify(answer));
  return answer;
}

function expectProblem(answer: Answer, status: number, code: string): void {
  expect(answer).toMatchObject({ status, headers: { 'content-type': 'application/problem+json' } });
  expect(JSON.parse(answer.body)).toMatchObject({ status, code, detail: expect.stringMatching(/\w{3}/) });
}

describe('DTLS', () => {
  test('a copied certificate without its key is refused, and gets no packet', async () => {
    const victim = createCertificate(Date.now());
    const made = new TestViewer({ presents: impostor(victim) });
    try {
      const { status, body } = await offer('demo', made.offer(victim.fingerprint));
      expect(status).toBe(201);
      await made.open(body);
      made.check();
      await made.until(() => made.stunAnswers.length > 0);
      made.startDtls();
      await expect.poll(() => relay.log.includes('"reason":"dtls-failed"'), { timeout: 5000 }).toBe(true);
      expect(made.isConnected).toBe(false);
      expect(made.packets).toEqual([]);
      await relay.viewers('demo', 0);
    } finally {
      made.close();
    }
  });

  test('whoever holds the key of the certificate gets the pictures', async () => {
    const made = new TestViewer();
    try {
      const answer = await offer('demo', made.offer());
      await made.connect(answer.body);
      await made.until(() => made.packets.length > 10);
      await ask(relay.sessionPath(answer), { method: 'DELETE' });
    } finally {
      made.close();
    }
  });

  test('strangers at the media port change nothing', async () => {
    const made = new TestViewer();
    const stranger = new TestViewer();
    try {
      const answer = await offer('demo', made.offer());
      await made.connect(answer.body);
      await stranger.open(answer.body);
      for (let i = 0; i < 500; i++)
        stranger.send(
          Buffer.concat([Buffer.of([0, 1, 20, 22, 63, 128, 200, 255][i % 8] ?? 0), randomBytes(i + 8)]),
        );
      const count = made.packets.length;
      await made.until(() => made.packets.length > count + 10);
      expect(stranger.packets).toEqual([]);
      await ask(relay.sessionPath(answer), { method: 'DELETE' });
    } finally {
      made.close();
      stranger.close();
    }
  });
});

describe('HTTP', () => {
  test.each([
    '/api/v1/whep/%2e%2e/streams',
    '/api/v1/whep/..%2fstreams',
    '/api/v1/whep/../streams',
    '/api/v1/whep/demo%5c..',
    '/api/v1/whep/demo;x=1',
    '/api/v1//streams',
    '/api/v1/streams/',
    '//api/v1/streams',
    '/api\\v1\\streams',
    'http://127.0.0.1/api/v1/streams',
  ])('the path %s means nothing, with whatever token', async (path) => {
    const headers = { Authorization: `Bearer ${relay.token('admin')}` };
    expectProblem(await ask(path), 400, 'bad-path');
    expectProblem(await ask(path, { headers }), 400, 'bad-path');
    expectProblem(await ask(path, { method: 'POST', headers }), 400, 'bad-path');
  });

  const forwarded = {
    'X-Forwarded-For': '203.0.113.9',
    Via: '1.1 proxy',
    'X-Grafana-Id': 'eyJhbGciOiJFUzI1NiJ9.e30.AAAA',
    Forwarded: 'for=203.0.113.9',
    Host: 'relay.example',
    Origin: 'https://elsewhere.example',
  };

  test.each(Object.entries(forwarded))('without a token, %s: %s is refused', async (name, value) => {
    for (const path of ['/', '/api/v1/streams', '/api/v1/events', '/api/v1/streams/camera'])
      expectProblem(await ask(path, { headers: { [name]: value } }), 403, 'forbidden');
    expectProblem(await offer('demo', offerText('chromium'), { [name]: value }), 403, 'forbidden');
  });

  test('with a view token, forwarded requests may watch, and do nothing else', async () => {
    const headers = { ...forwarded, Authorization: `Bearer ${relay.token('grafana')}` };
    const list = await ask('/api/v1/streams', { headers });
    expect(list.status).toBe(200);
    expect(list.body).toContain('"camera"');
    const answer = await offer('demo', offerText('chromium'), headers);
    expect(answer.status).toBe(201);
    expect((await ask(relay.sessionPath(answer), { method: 'DELETE', headers })).status).toBe(200);
    for (const path of ['/api/v1/config/reload', '/api/v1/streams/demo/restart'])
      expectProblem(await ask(path, { method: 'POST', headers }), 403, 'forbidden');
  });

  test('a browser on this host may not change anything, nor may a wrong or malformed token watch', async () => {
    expectProblem(await ask('/api/v1/config/reload', { method: 'POST' }), 403, 'forbidden');
    expectProblem(await ask('/api/v1/streams/demo', { method: 'DELETE' }), 403, 'forbidden');
    const wrong = { Authorization: `Bearer ${'A'.repeat(43)}` };
    expectProblem(await ask('/api/v1/streams', { headers: wrong }), 403, 'forbidden');
    const twice = { Authorization: `Bearer ${relay.token('grafana')}`, 'X-Sightline-Token': 'B'.repeat(43) };
    expectProblem(await ask('/api/v1/streams', { headers: twice }), 400, 'bad-request');
  });
});

describe('offers', () => {
  test('for a stream that there is not', async () => {
    expectProblem(await offer('nobody', offerText('chromium')), 404, 'stream-not-found');
  });

  test('for a camera that refuses the password: when to ask again, and why', async () => {
    const answer = await offer('locked', offerText('chromium'));
    expectProblem(answer, 503, 'stream-not-ready');
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    const { reason, reasonCode } = await relay.stream('locked');
    expect(reason).toMatch(/password|credentials/i);
    expect(reasonCode).toBe('unauthorized');
  });

  test('without video', async () => {
    const [session = ''] = offerText('chromium').split('m=');
    const audio = offerText('chromium')
      .split(/(?=m=)/)
      .find((section) => section.startsWith('m=audio'));
    const group = session.replace(
      /a=group:BUNDLE.*/,
      `a=group:BUNDLE ${/a=mid:(\S+)/.exec(audio ?? '')?.[1]}`,
    );
    expectProblem(await offer('demo', `${group}${audio}`), 422, 'offer-without-video');
  });

  test('of a Firefox without H.264 are answered with a sentence for people', async () => {
    const answer = await offer('demo', offerText('firefox-without-h264'));
    expectProblem(answer, 422, 'no-common-codec');
    const { detail } = JSON.parse(answer.body) as { detail: string };
    expect(detail).toMatch(/H\.264.*OpenH264/s);
  });

  test('of browsers are taken', async () => {
    for (const name of ['chromium', 'firefox', 'safari'] as const) {
      const answer = await offer('demo', offerText(name));
      expect(answer.status).toBe(201);
      expect((await ask(relay.sessionPath(answer), { method: 'DELETE' })).status).toBe(200);
    }
  });

  test('that are oversized, malformed, empty, or none', async () => {
    const good = offerText('chromium');
    expectProblem(await offer('demo', `${good}a=x:${'y'.repeat(66_000)}\r\n`), 413, 'payload-too-large');
    for (const sdp of ['', 'hello', 'v=0\r\n', good.slice(0, 300), good.replaceAll('a=fingerprint:', 'a=x:')])
      expectProblem(await offer('demo', sdp), 400, 'offer-malformed');
    const json = { 'Content-Type': 'application/json' };
    expectProblem(await offer('demo', '{}', json), 415, 'unsupported-media-type');
    expectProblem(await ask('/api/v1/whep/demo'), 405, 'method-not-allowed');
  });
});

test('no password and no token is in any answer, nor in anything that the relay wrote', async () => {
  for (const path of ['/api/v1/streams', '/api/v1/events?limit=1000', '/health', '/openapi.json', '/'])
    expect((await ask(path)).status).toBe(200);
  const admin = { Authorization: `Bearer ${relay.token('admin')}` };
  expect((await ask('/api/v1/config/reload', { method: 'POST', headers: admin })).status).toBe(200);
  expect((await ask('/api/v1/streams', { headers: admin })).status).toBe(200);
  expect((await relay.stop()).code).toBe(0);
  expect(answers.length).toBeGreaterThan(60);
  expect(relay.log).toContain('relay stopped');
  const said = [...answers, relay.log].join('\n');
  const tokens = (['admin', 'grafana', 'prometheus'] as const).map((name) => relay.token(name));
  for (const secret of [password, encodeURIComponent(password), 'geheim-7f3a', wrongPassword, ...tokens])
    expect(said.includes(secret)).toBe(false);
});
