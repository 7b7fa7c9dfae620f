import { readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { HostFiles } from './host-files.ts';
import { FixtureRoot } from './testing/fixture-root.ts';

const isLinux = process.platform === 'linux';
const openFiles = (): number => readdirSync('/proc/self/fd').length;

test('a file that stays open is read as it is now, however long it became', () => {
  using root = new FixtureRoot({ 'proc/loadavg': 'first' });
  const { files } = root;
  const texts = ['first', 'second', 'short', 'é'.repeat(100_000), 'last'];
  for (const text of texts) {
    root.write('proc/loadavg', text);
    expect(files.read('proc/loadavg')).toBe(text);
    expect(files.read('proc/loadavg')).toBe(text);
  }
  files.close();
  expect(files.read('proc/loadavg')).toBe('last');
});

test('what is not there costs nothing, and is found when it comes', () => {
  using root = new FixtureRoot({});
  for (let times = 0; times < 3; times++) expect(root.files.read('sys/speed')).toBeUndefined();
  root.write('sys/speed', '1000');
  for (let times = 0; times < 3; times++) expect(root.files.read('sys/speed')).toBe('1000');
  root.files.close();
});

test.runIf(isLinux)('no more than some stay open, and none after the end', () => {
  const names = Array.from({ length: 100 }, (_, index) => `file-${index}`);
  using root = new FixtureRoot(Object.fromEntries(names.map((name) => [name, name])));
  const before = openFiles();
  for (let times = 0; times < 3; times++) for (const name of names) expect(root.files.read(name)).toBe(name);
  expect(openFiles() - before).toBe(64);
  root.files.close();
  expect(openFiles()).toBe(before);
  for (const name of names) expect(root.files.read(name)).toBe(name);
  expect(openFiles()).toBe(before);
});

test.runIf(isLinux)('the kernel makes its text afresh for a file that is open', async () => {
  const files = new HostFiles();
  const uptime = (): number => Number(files.read('proc/uptime')?.split(' ')[0]);
  uptime();
  const earlier = uptime();
  await expect.poll(uptime).toBeGreaterThan(earlier);
  files.close();
});

test.runIf(isLinux)('another file of the same name is found once the old one is let go', () => {
  using root = new FixtureRoot({ 'group/memory.current': '1' });
  const { files } = root;
  files.read('group/memory.current');
  expect(files.read('group/memory.current')).toBe('1');
  // Those of the kernel fail when what they are about is gone; these here do not.
  renameSync(join(root.path, 'group'), join(root.path, 'gone'));
  root.write('group/memory.current', '2');
  expect(files.read('group/memory.current')).toBe('1');
  files.close();
  expect(files.read('group/memory.current')).toBe('2');
});
