/** Pictures that the relay keeps as files, asked for over HTTP. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { readTimeCodeRgba } from '../src/sources/demo/time-code.ts';
import { readJpeg } from './support/images.ts';
import { TestRelay } from './support/relay.ts';

vi.setConfig({ testTimeout: 40_000 });

const directory = mkdtempSync(join(tmpdir(), 'sightline-stills-'));
let relay: TestRelay;

beforeAll(async () => {
  relay = await TestRelay.start(
    { demo: 'demo:?width=640&height=360&fps=15&gop=15' },
    { config: { snapshots: { directory, everySeconds: 5 } } },
  );
});
afterAll(async () => {
  await relay[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

interface List {
  readonly everySeconds: number | null;
  readonly stills: readonly { readonly timeMs: number }[];
}

async function list(query = ''): Promise<List> {
  const response = await fetch(`${relay.url}api/v1/streams/demo/stills${query}`);
  return (await response.json()) as List;
}

test('a picture is kept, listed by its moment, and is of that moment', async () => {
  const beforeMs = Date.now();
  const { stills, everySeconds } = await vi.waitFor(
    async () => {
      const found = await list();
      expect(found.stills.length).toBeGreaterThan(0);
      return found;
    },
    { timeout: 25_000, interval: 200 },
  );
  expect(everySeconds).toBe(5);
  const timeMs = stills.at(-1)?.timeMs ?? 0;
  expect(timeMs).toBeGreaterThan(beforeMs - 10_000);
  const response = await fetch(`${relay.url}api/v1/streams/demo/stills/${timeMs}.jpg`);
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'image/jpeg']);
  const { rgba, width, height } = readJpeg(new Uint8Array(await response.arrayBuffer()));
  expect([width, height]).toEqual([640, 360]);
  const shownMs = readTimeCodeRgba(rgba, width, height) ?? 0;
  // The camera stamps before it encodes.
  expect(Math.abs(timeMs - shownMs)).toBeLessThan(1000);
  expect((await list(`?to=${beforeMs - 60_000}`)).stills).toEqual([]);
  const other = await fetch(`${relay.url}api/v1/streams/demo/stills/${timeMs + 1}.jpg`);
  expect(other.status).toBe(404);
});
