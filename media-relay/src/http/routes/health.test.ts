import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { healthSchema } from '../schemas.ts';
import { as, startTestRelay } from '../testing/test-relay.ts';
import type { TestRelay } from '../testing/test-relay.ts';

let relay: TestRelay;
beforeEach(async () => {
  relay = await startTestRelay();
});
afterEach(() => relay.server.close());

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
