import { pino } from 'pino';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { codeOf, offer, sdp } from '../testing/requests.ts';
import { as, FakeMetrics, startTestRelay } from '../testing/test-relay.ts';
import type { TestRelay } from '../testing/test-relay.ts';

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
