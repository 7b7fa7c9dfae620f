import { afterEach, beforeEach, expect, test } from 'vitest';

import { stillListSchema } from '../schemas.ts';
import { as, startTestRelay } from '../testing/test-relay.ts';
import type { TestRelay } from '../testing/test-relay.ts';

const times = [1000, 2000, 3000];
const asked: unknown[] = [];
const stills = {
  everySeconds: 30,
  times: (stream: string, range: { fromMs: number; toMs: number; limit: number }) => {
    asked.push({ stream, ...range });
    return Promise.resolve(times.filter((atMs) => atMs >= range.fromMs && atMs <= range.toMs));
  },
  read: (stream: string, atMs: number) =>
    Promise.resolve(times.includes(atMs) ? Buffer.from(`${stream} ${atMs}`) : undefined),
};

let relay: TestRelay;
beforeEach(async () => {
  asked.length = 0;
  relay = await startTestRelay({ deps: { pictures: { ...pictures(), stills } } });
});
afterEach(() => relay.server.close());

function pictures() {
  const none = () => Promise.reject(new Error('nobody asks'));
  return { health: () => undefined, mjpeg: { watch: none }, snapshots: { get: none }, stills: undefined };
}

const ask = (path: string, headers: Record<string, string> = as.grafana): Promise<Response> =>
  relay.fetch(`/api/v1/streams/${path}`, { headers });

async function codeOf(response: Response): Promise<unknown> {
  return ((await response.json()) as { code: unknown }).code;
}

test('lists the moments in a range', async () => {
  const response = await ask('lobby-1/stills?from=1500&to=1970-01-01T00:00:02.500Z&limit=5');
  expect(stillListSchema.parse(await response.json())).toEqual({
    everySeconds: 30,
    stills: [{ timeMs: 2000 }],
  });
  expect(asked).toEqual([{ stream: 'lobby-1', fromMs: 1500, toMs: 2500, limit: 5 }]);
  expect((await ask('lobby-1/stills')).status).toBe(200);
  expect(asked[1]).toMatchObject({ fromMs: 0, limit: 1000 });
});

test('gives a picture by its moment, which nobody need ask for twice', async () => {
  const response = await ask('lobby-1/stills/2000.jpg');
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-type': 'image/jpeg',
    'cache-control': 'private, max-age=86400, immutable',
    'last-modified': 'Thu, 01 Jan 1970 00:00:02 GMT',
  });
  expect(await response.text()).toBe('lobby-1 2000');
  expect(await codeOf(await ask('lobby-1/stills/2001.jpg'))).toBe('not-found');
});

test.each([
  '01.jpg',
  '-1.jpg',
  '1',
  '1.JPG',
  '1.jpg.jpg',
  '1e3.jpg',
  '9999999999999999.jpg',
  '999999999999999.jpg',
  '2030-01-02T03-04-05.678Z.jpg',
])('%s is no name of a still', async (file) => {
  expect(await codeOf(await ask(`lobby-1/stills/${file}`))).toBe('bad-request');
});

test.each(['limit=0', 'limit=1001', 'from=yesterday', 'width=160', 'to=1&to=2'])(
  '?%s is refused',
  async (query) => {
    expect(await codeOf(await ask(`lobby-1/stills?${query}`))).toBe('bad-request');
  },
);

test('only of streams that one may view, and that exist', async () => {
  for (const path of ['stills', 'stills/2000.jpg']) {
    expect((await ask(`lobby-1/${path}`, as.lobby)).status).toBe(200);
    expect(await codeOf(await ask(`garage/${path}`, as.lobby))).toBe('forbidden');
    expect(await codeOf(await ask(`elsewhere/${path}`, as.lobby))).toBe('forbidden');
    expect(await codeOf(await ask(`lobby-1/${path}`, as.metrics))).toBe('forbidden');
    expect(await codeOf(await ask(`lobby-1/${path}`, as.nobody))).toBe('forbidden');
    expect(await codeOf(await ask(`elsewhere/${path}`))).toBe('stream-not-found');
  }
  expect((await ask('lobby-1/stills/..%2f2000.jpg')).status).toBe(400);
});

test('a relay that keeps none says so', async () => {
  await using bare = await startTestRelay();
  const list = await bare.fetch('/api/v1/streams/lobby-1/stills', { headers: as.grafana });
  expect(await list.json()).toEqual({ everySeconds: null, stills: [] });
  const still = await bare.fetch('/api/v1/streams/lobby-1/stills/2000.jpg', { headers: as.grafana });
  expect(await codeOf(still)).toBe('not-found');
});
