import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { codeOf } from '../testing/requests.ts';
import { startTestRelay } from '../testing/test-relay.ts';
import type { TestRelay } from '../testing/test-relay.ts';

let relay: TestRelay;
beforeEach(async () => {
  relay = await startTestRelay();
});
afterEach(() => relay.server.close());

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
