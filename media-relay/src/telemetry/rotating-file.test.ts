import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { RotatingFile } from './rotating-file.ts';

let folder: string;
let path: string;
let nowMs: number;
let warnings: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sightline-log-'));
  path = join(folder, 'logs', 'relay.log');
  nowMs = Date.now();
  warnings = [];
});
afterEach(() => rm(folder, { recursive: true }));

function open(options: { maxBytes?: number; keepFiles?: number } = {}): Promise<RotatingFile> {
  return RotatingFile.open({
    path,
    maxBytes: 1000,
    keepFiles: 3,
    clock: () => nowMs,
    warn: (message) => warnings.push(message),
    ...options,
  });
}

async function others(): Promise<string[]> {
  return (await readdir(join(folder, 'logs'))).filter((name) => name !== 'relay.log').toSorted();
}

async function unpacked(name: string): Promise<string> {
  return gunzipSync(await readFile(join(folder, 'logs', name))).toString();
}

test('writes lines in order, to its owner alone, and goes on where it ended', async () => {
  for (const line of ['one\n', 'two\n']) {
    const file = await open();
    file.write(line);
    await file.close();
  }
  expect(await readFile(path, 'utf8')).toBe('one\ntwo\n');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test('puts a full file away compressed, and keeps the newest ones only', async () => {
  const file = await open({ keepFiles: 2 });
  for (let line = 0; line < 5; line++) {
    nowMs += 1;
    file.write(`${line}`.repeat(699) + '\n');
    await file.flush();
  }
  await file.close();
  expect((await readFile(path, 'utf8'))[0]).toBe('4');
  const kept = await others();
  expect(kept).toHaveLength(2);
  expect((await Promise.all(kept.map(unpacked))).map((text) => text[0])).toEqual(['2', '3']);
  expect(warnings).toEqual([]);
});

test('one that cannot be compressed stays no longer than any other, and stops no other', async () => {
  const file = await open({ keepFiles: 2 });
  const stamp = new Date(nowMs + 2).toISOString().replace(/[-:]/g, '');
  await mkdir(`${path}.${stamp}.gz.new`);
  const files = async () => (await others()).filter((name) => !name.endsWith('.gz.new'));
  const write = async (line: number): Promise<void> => {
    nowMs += 1;
    file.write(`${line}`.repeat(699) + '\n');
    await file.flush();
  };
  for (const line of [0, 1, 2]) await write(line);
  await vi.waitFor(
    async () =>
      expect(await files()).toEqual([
        `relay.log.${stamp}`,
        expect.stringMatching(/^relay\.log\.\d{8}T\d{6}\.\d{3}Z\.gz$/),
      ]),
    { timeout: 10_000 },
  );
  expect(warnings).toContainEqual(
    expect.stringMatching(/^old log files cannot be put away: EISDIR.*\.gz\.new/),
  );
  for (const line of [3, 4, 5]) await write(line);
  await file.close();
  expect((await Promise.all((await files()).map(unpacked))).map((text) => text[0])).toEqual(['3', '4']);
});

test('what a process left half compressed goes with its file', async () => {
  await (await open()).close();
  const old = ['20200101T000000.000Z', '20200102T000000.000Z'].map((stamp) => `${path}.${stamp}`);
  for (const one of old) for (const suffix of ['', '.gz.new']) await writeFile(`${one}${suffix}`, 'left\n');
  await (await open({ keepFiles: 1 })).close();
  expect(await others()).toEqual(['relay.log.20200102T000000.000Z.gz']);
  expect(warnings).toEqual([]);
});

test('one that a process left both ways is one', async () => {
  await (await open()).close();
  const [older, newer] = ['20200101T000000.000Z', '20200102T000000.000Z'].map((stamp) => `${path}.${stamp}`);
  for (const one of [`${older}.gz`, newer, `${newer}.gz`]) await writeFile(`${one}`, 'left\n');
  await (await open({ keepFiles: 2 })).close();
  expect(await others()).toEqual(['20200101', '20200102'].map((day) => `relay.log.${day}T000000.000Z.gz`));
});

test('one that is there both ways and cannot be removed stops no other', async () => {
  await (await open()).close();
  const [stuck, older, newer] = ['01', '02', '03'].map((day) => `${path}.202001${day}T000000.000Z`);
  await mkdir(`${stuck}`);
  for (const one of [`${stuck}.gz`, `${older}.gz`, newer]) await writeFile(`${one}`, 'left\n');
  await (await open({ keepFiles: 1 })).close();
  expect(await others()).toEqual(['relay.log.20200101T000000.000Z', 'relay.log.20200103T000000.000Z.gz']);
  expect(warnings).toEqual([expect.stringMatching(/^old log files cannot be put away: (EISDIR|EPERM)/)]);
});

test('begins a new file with a new day', async () => {
  const file = await open();
  file.write('yesterday\n');
  await file.flush();
  nowMs += 86_400_000;
  file.write('today\n');
  await file.close();
  expect(await readFile(path, 'utf8')).toBe('today\n');
  expect(await Promise.all((await others()).map(unpacked))).toEqual(['yesterday\n']);
});

test('compresses what an earlier run left, and touches no file of others', async () => {
  await (await open()).close();
  await writeFile(`${path}.20200101T000000.000Z`, 'left\n');
  await writeFile(`${path}.mine`, 'mine\n');
  await (await open({ keepFiles: 1 })).close();
  expect(await others()).toEqual(['relay.log.20200101T000000.000Z.gz', 'relay.log.mine']);
  expect(await unpacked('relay.log.20200101T000000.000Z.gz')).toBe('left\n');
});

test('the last words of a process that ends are in the file', async () => {
  const file = await open();
  file.write('the end\n');
  file.flushNow();
  expect(await readFile(path, 'utf8')).toBe('the end\n');
  await file.close();
});

test('lines that find no room are counted', async () => {
  const file = await open({ maxBytes: 1e9 });
  const line = `${'x'.repeat(1_000_000)}\n`;
  for (let i = 0; i < 8; i++) file.write(line);
  await file.close();
  const text = await readFile(path, 'utf8');
  expect(text.match(/x\n/g)).toHaveLength(5);
  expect(text).toContain('"leftOut":3');
});

test('says when it cannot write, once, and loses nobody else', async () => {
  const file = await open();
  file.write('one\n');
  await file.flush();
  await rm(join(folder, 'logs'), { recursive: true });
  nowMs += 86_400_000;
  file.write('two\n');
  await file.flush();
  file.write('three\n');
  await file.flush();
  expect(warnings).toEqual([expect.stringMatching(/^the log file .* cannot be written: ENOENT/)]);
  await file.close();
});

test('goes on in a new file after somebody removed the full one', async () => {
  const file = await open();
  file.write('one\n');
  await file.flush();
  await rm(path);
  nowMs += 86_400_000;
  file.write('two\n');
  await file.close();
  expect(await readFile(path, 'utf8')).toBe('two\n');
  expect(warnings).toEqual([]);
});

test('a place where no file can be is an error', async () => {
  path = '/dev/null/logs/relay.log';
  await expect(open()).rejects.toThrow(/ENOTDIR|EEXIST/);
});
