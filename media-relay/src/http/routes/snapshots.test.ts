import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { codeOf } from '../testing/requests.ts';
import { as, startTestRelay } from '../testing/test-relay.ts';
import type { TestRelay } from '../testing/test-relay.ts';

let relay: TestRelay;
beforeEach(async () => {
  relay = await startTestRelay();
});
afterEach(() => relay.server.close());

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
