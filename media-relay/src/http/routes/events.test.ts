import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { eventListSchema } from '../schemas.ts';
import { as, startTestRelay } from '../testing/test-relay.ts';
import type { TestRelay } from '../testing/test-relay.ts';

let relay: TestRelay;
beforeEach(async () => {
  relay = await startTestRelay();
});
afterEach(() => relay.server.close());

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
