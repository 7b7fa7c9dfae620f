import { setImmediate } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { createAuthoriser } from '../../auth/authoriser.ts';
import type { Authoriser } from '../../auth/authoriser.ts';
import { TokenBook } from '../../auth/tokens.ts';
import { as, FakeMetrics, startTestRelay, testTokens } from '../testing/test-relay.ts';
import type { TestRelay } from '../testing/test-relay.ts';

let relay: TestRelay;
beforeEach(async () => {
  relay = await startTestRelay();
});
afterEach(() => relay.server.close());

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

  test('who is gone while it is asked who it is keeps no place', async () => {
    const authoriser = createAuthoriser({ tokens: new TokenBook(testTokens) });
    let asked = Promise.withResolvers<void>();
    let known = Promise.withResolvers<void>();
    const auth: Authoriser = {
      async identify(question) {
        asked.resolve();
        await known.promise;
        return authoriser.identify(question);
      },
    };
    await using slow = await startTestRelay({ deps: { auth } });
    const headers = `Host: localhost\r\nAuthorization: ${as.metrics.authorization}`;
    for (let i = 0; i < 4; i++) {
      asked = Promise.withResolvers<void>();
      known = Promise.withResolvers<void>();
      await slow.abandon(`GET /metrics HTTP/1.1\r\n${headers}\r\n\r\n`, asked.promise);
      known.resolve();
      await setImmediate();
    }
    expect((await slow.fetch('/metrics', { headers: as.metrics })).status).toBe(200);
    expect(slow.logLines.filter((line) => line.includes('request failed'))).toEqual([]);
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
