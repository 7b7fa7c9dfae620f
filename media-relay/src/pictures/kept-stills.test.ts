import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { KeptStills } from './kept-stills.ts';
import { fileName } from './still-name.ts';

let directory: string;
let stills: KeptStills;
const all = { fromMs: 0, toMs: 1e15, limit: 100 };

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sightline-stills-'));
  stills = new KeptStills({ directory, everySeconds: 60 });
  await mkdir(join(directory, 'gate'));
  for (const atMs of [3000, 1000, 2000]) await writeFile(join(directory, 'gate', fileName(atMs)), `${atMs}`);
  await writeFile(join(directory, 'gate', 'holiday.jpg'), '');
  await writeFile(join(directory, 'gate', `${fileName(4000)}.new`), 'half');
});
afterEach(() => rm(directory, { recursive: true }));

test('tells the moments in a range, the newest where there are too many', async () => {
  expect(await stills.times('gate', all)).toEqual([1000, 2000, 3000]);
  expect(await stills.times('gate', { ...all, fromMs: 1001, toMs: 3000 })).toEqual([2000, 3000]);
  expect(await stills.times('gate', { ...all, limit: 2 })).toEqual([2000, 3000]);
});

test('a stream of which nothing was kept has none', async () => {
  expect(await stills.times('hall', all)).toEqual([]);
  expect(await stills.read('hall', 1000)).toBeUndefined();
  await writeFile(join(directory, 'file'), '');
  expect(await stills.times('file', all)).toEqual([]);
});

test('gives the picture of a moment, and of no other', async () => {
  expect(String(await stills.read('gate', 2000))).toBe('2000');
  expect(await stills.read('gate', 2001)).toBeUndefined();
  expect(await stills.read('gate', 4000)).toBeUndefined();
});

test('what is too large to be a picture is none', async () => {
  await truncate(join(directory, 'gate', fileName(3000)), 9 * 2 ** 20);
  expect(await stills.read('gate', 3000)).toBeUndefined();
});
