import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { EngineSnapshot } from '../engine/messages.ts';
import { SnapshotKeeper } from './snapshot-keeper.ts';
import { fileName } from './still-name.ts';

let directory: string;
let nowMs: number;
let aheadMs: number;
const warn = vi.fn<(fields: object, message: string) => void>();

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sightline-kept-'));
  nowMs = Date.UTC(2030, 0, 2, 3, 4, 5, 678);
  aheadMs = 0;
  warn.mockClear();
});
afterEach(() => rm(directory, { recursive: true }));

function keeperOf(keepCount = 100, folder = directory): SnapshotKeeper {
  const streams = [
    { name: 'lobby', state: 'live' },
    { name: 'garage', state: 'offline' },
    { name: 'gate', state: 'live' },
  ];
  return new SnapshotKeeper({
    directory: folder,
    everySeconds: 60,
    keepHours: 1,
    keepCount,
    clock: Object.assign(() => nowMs, { aheadMs: () => aheadMs }),
    log: { warn } as never,
    engine: { snapshot: () => ({ atMs: 0, streams }) as unknown as EngineSnapshot },
    snapshots: {
      get: (name) =>
        Promise.resolve(
          name === 'lobby'
            ? { ok: true, snapshot: { jpeg: Buffer.from(String(nowMs)), arrivalMs: nowMs, tag: '' } }
            : { ok: false, code: 'busy', message: '' },
        ),
    },
  });
}

test('a picture of each live stream that has one, readable by the owner alone', async () => {
  const keeper = keeperOf();
  await keeper.keepAll();
  expect(await readdir(directory)).toEqual(['lobby']);
  expect(await readdir(join(directory, 'lobby'))).toEqual(['2030-01-02T03-04-05.678Z.jpg']);
  const file = join(directory, 'lobby', fileName(nowMs));
  expect(await readFile(file, 'utf8')).toBe(String(nowMs));
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(keeper.statistics).toEqual({ writtenTotal: 1, failedTotal: 1, removedTotal: 0 });
});

test('a picture is called by Unix time, and kept by it, after the system’s clock was set', async () => {
  aheadMs = 3 * 3_600_000;
  await keeperOf().keepAll();
  expect(await readdir(join(directory, 'lobby'))).toEqual(['2030-01-02T06-04-05.678Z.jpg']);
});

test('old and surplus ones go, also those of streams that are gone; foreign files stay', async () => {
  const old = join(directory, 'removed-stream');
  await mkdir(old);
  for (const name of [
    fileName(nowMs - 3_700_000),
    fileName(nowMs - 1000),
    'notes.txt',
    'holiday.jpg',
    `${fileName(nowMs)}.new`,
  ])
    await writeFile(join(old, name), '');
  const keeper = keeperOf(2);
  for (let i = 0; i < 4; i++) {
    await keeper.keepAll();
    nowMs += 60_000;
  }
  expect((await readdir(join(directory, 'lobby'))).length).toBe(2);
  expect((await readdir(old)).sort()).toEqual([
    fileName(Date.UTC(2030, 0, 2, 3, 4, 4, 678)),
    'holiday.jpg',
    'notes.txt',
  ]);
  expect(keeper.statistics).toMatchObject({ writtenTotal: 4, removedTotal: 3 });
});

test('a folder that cannot be written costs pictures and one warning', async () => {
  const file = join(directory, 'file');
  await writeFile(file, '');
  const keeper = keeperOf(2, file);
  await keeper.keepAll();
  expect(keeper.statistics.writtenTotal).toBe(0);
  expect(warn).toHaveBeenCalledOnce();
  await keeper.keepAll();
  expect(warn).toHaveBeenCalledOnce();
  await keeper.close();
});

test('what cannot be thrown away keeps nothing else, and what is no folder of a stream is left alone', async () => {
  const old = fileName(nowMs - 3_700_000);
  // A folder is no file that could be unlinked.
  await mkdir(join(directory, 'attic', old), { recursive: true });
  await mkdir(join(directory, 'empty'));
  for (const folder of ['lost+found', 'yard']) {
    await mkdir(join(directory, folder));
    await writeFile(join(directory, folder, old), '');
  }
  await keeperOf().keepAll();
  // The folder that its last picture left goes with it.
  expect((await readdir(directory)).sort()).toEqual(['attic', 'empty', 'lobby', 'lost+found']);
  expect(await readdir(join(directory, 'lost+found'))).toEqual([old]);
});
