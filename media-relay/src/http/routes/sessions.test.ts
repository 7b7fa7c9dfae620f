import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { clockSchema } from '../schemas.ts';
import { codeOf, join } from '../testing/requests.ts';
import { as, startTestRelay } from '../testing/test-relay.ts';
import type { TestRelay } from '../testing/test-relay.ts';

let relay: TestRelay;
beforeEach(async () => {
  relay = await startTestRelay();
});
afterEach(() => relay.server.close());

const clock = (
  query = '',
  headers: Record<string, string> = as.grafana,
  id = 'session-1',
): Promise<Response> => relay.fetch(`/api/v1/sessions/${id}/clock${query}`, { headers });

describe('the clock of a session', () => {
  test('is for those who know it and may view its stream', async () => {
    await join(relay, as.grafana, 'garage');
    const response = await clock('?frames=2');
    expect(clockSchema.parse(await response.json())).toEqual({ relayMs: 5, frames: [[1, 2]] });
    expect(relay.engine.calls).toContain('clock session-1 2');
    expect(await codeOf(await clock('', as.lobby))).toBe('session-not-found');
    expect(await codeOf(await clock('', as.grafana, 'session-2'))).toBe('session-not-found');
  });

  test('that the media thread does not tell in time is no reason to think that the session is over', async () => {
    await join(relay);
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
