import { describe, expect, test } from 'vitest';

import { offer, sdp } from './testing/requests.ts';
import { as, startTestRelay } from './testing/test-relay.ts';

const origin = 'https://wall.example.org';

const preflight = (from: string): RequestInit => ({
  method: 'OPTIONS',
  headers: { origin: from, 'access-control-request-method': 'POST' },
});

describe('CORS', () => {
  test('configured origins are answered, with the headers they need, errors included', async () => {
    await using relay = await startTestRelay({ deps: { corsOrigins: [origin] } });
    const { status, headers } = await relay.fetch('/api/v1/whep/lobby-1', preflight(origin));
    expect(status).toBe(204);
    expect(headers.get('access-control-allow-origin')).toBe(origin);
    expect(headers.get('access-control-allow-methods')).toBe('OPTIONS, POST');
    expect(headers.get('access-control-allow-headers')).toContain('X-Sightline-Token');
    expect(headers.get('access-control-allow-credentials')).toBeNull();
    expect(headers.get('vary')).toContain('Origin');

    const init = { method: 'POST', headers: { ...sdp, ...as.grafana, origin }, body: offer };
    const answer = await relay.fetch('/api/v1/whep/lobby-1', init);
    expect(answer.status).toBe(201);
    expect(answer.headers.get('access-control-expose-headers')).toContain('Location');
    const denied = await relay.fetch('/api/v1/streams', { headers: { origin } });
    expect([denied.status, denied.headers.get('access-control-allow-origin')]).toEqual([403, origin]);
  });

  test('others are not', async () => {
    await using relay = await startTestRelay({ deps: { corsOrigins: [origin] } });
    for (const from of ['https://evil.example', `${origin}.evil.example`, 'null', 'http://localhost:3000']) {
      const { headers } = await relay.fetch('/api/v1/whep/lobby-1', preflight(from));
      expect(headers.get('access-control-allow-origin')).toBeNull();
      expect(headers.get('access-control-allow-methods')).toBeNull();
    }
  });

  test.each(['*', 'null', 'https://a.example/', 'a.example', 'ftp://a.example'])(
    '%s cannot be configured',
    async (bad) => {
      await expect(startTestRelay({ deps: { corsOrigins: [bad] } })).rejects.toThrow(`CORS origin "${bad}"`);
    },
  );
});
