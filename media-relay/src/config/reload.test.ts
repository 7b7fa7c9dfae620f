import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { EventEmitter, once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { createLog, createSilentLog } from '../telemetry/log.ts';
import type { ConfigDiff } from './diff.ts';
import { ConfigKeeper } from './keeper.ts';
import { loadConfig } from './load.ts';
import { watchConfigFile } from './watch.ts';

let folder: string;
let stop: AbortController;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sightline-reload-'));
  stop = new AbortController();
});

afterEach(async () => {
  stop.abort();
  await rm(folder, { recursive: true });
});

function watched(
  file: string,
  log = createSilentLog(),
  warn: (message: string) => void = expect.unreachable,
) {
  const happened = new EventEmitter<{ applied: [ConfigDiff]; failed: [string] }>();
  return {
    happened,
    start: async () => {
      const keeper = new ConfigKeeper({
        initial: await loadConfig(file, {}),
        load: () => loadConfig(file, {}),
        apply: (_, diff) => void happened.emit('applied', diff),
        onError: (message) => void happened.emit('failed', message),
        log,
      });
      await watchConfigFile({
        file,
        onChange: async () => void (await keeper.reload('file')),
        warn,
        signal: stop.signal,
        debounceMs: 20,
        retryMs: 50,
      });
      return keeper;
    },
  };
}

test('a changed file is taken over, a wrong one is not', async () => {
  const file = join(folder, 'relay.yaml');
  await writeFile(file, 'streams: { a: "rtsp://h/1" }');
  const lines: string[] = [];
  const log = createLog({ level: 'info', format: 'json', output: { write: (line) => lines.push(line) } });
  const { happened, start } = watched(file, log);
  const keeper = await start();

  let applied = once(happened, 'applied');
  await writeFile(file, 'streams: { a: "rtsp://h/1", b: "rtsp://h/2" }');
  expect(await applied).toMatchObject([{ addedStreams: ['b'], changedStreams: [] }]);

  const failed = once(happened, 'failed');
  await writeFile(`${file}.new`, 'streams: { a: "rtsp://u:hunter22@h/1", b: 5 }');
  await rename(`${file}.new`, file);
  expect(await failed).toEqual([
    expect.stringContaining('relay.yaml:1:43 streams.b: must be a group of keys'),
  ]);
  expect(keeper.current.streams.size).toBe(2);
  expect(lines.join('')).toContain('keeps running with the configuration it had');
  expect(lines.join('')).not.toContain('hunter22');

  applied = once(happened, 'applied');
  await writeFile(`${file}.new`, 'http: { port: 1 }');
  await rename(`${file}.new`, file);
  expect(await applied).toMatchObject([{ removedStreams: ['a', 'b'], needsRestart: ['http.port'] }]);
  expect(keeper.current.http.port).toBe(1);
});

test('Kubernetes swaps a link beside the file', async () => {
  const version = async (name: string, text: string) => {
    await mkdir(join(folder, name));
    await writeFile(join(folder, name, 'relay.yaml'), text);
    await symlink(name, join(folder, '..data_tmp'));
    await rename(join(folder, '..data_tmp'), join(folder, '..data'));
  };
  const file = join(folder, 'relay.yaml');
  await version('..1', 'streams: {}');
  await symlink('..data/relay.yaml', file);
  const { happened, start } = watched(file);
  await start();

  for (const count of [1, 2]) {
    const applied = once(happened, 'applied');
    await version(`..${count + 1}`, `streams: { "${count}": "rtsp://h" }`);
    expect(await applied).toMatchObject([{ addedStreams: [String(count)] }]);
  }
});

test('another release takes the place of the folder, further up', async () => {
  for (const release of ['1', '2']) {
    await mkdir(join(folder, release));
    await writeFile(join(folder, release, 'relay.yaml'), `streams: { "${release}": "rtsp://h" }`);
  }
  await symlink('1', join(folder, 'current'));
  const { happened, start } = watched(join(folder, 'current', 'relay.yaml'));
  await start();
  const applied = once(happened, 'applied');
  await symlink('2', join(folder, 'next'));
  await rename(join(folder, 'next'), join(folder, 'current'));
  expect(await applied).toMatchObject([{ addedStreams: ['2'] }]);
});

test('reloads run one after the other, and what cannot be applied is not current', async () => {
  const file = join(folder, 'relay.yaml');
  await writeFile(file, '');
  const order: string[] = [];
  const initial = await loadConfig(file, {});
  const keeper = new ConfigKeeper({
    initial,
    load: () => loadConfig(file, {}),
    async apply() {
      order.push('begin');
      await Promise.resolve();
      order.push('end');
      throw new Error('disk on fire');
    },
    onError: (message) => order.push(message),
    log: createSilentLog(),
  });
  await writeFile(file, 'http: { port: 1 }');
  const results = await Promise.all([keeper.reload('signal'), keeper.reload('api')]);
  expect(results).toEqual([
    { ok: false, message: 'disk on fire' },
    { ok: false, message: 'disk on fire' },
  ]);
  expect(order).toEqual(['begin', 'end', 'disk on fire', 'begin', 'end', 'disk on fire']);
  expect(keeper.current).toBe(initial);
});

test.each([
  ['a file that is not there', async () => undefined, /relay.yaml: does not exist; check the path/],
  ['a folder', (file: string) => mkdir(file), /relay.yaml: cannot be read \(EISDIR\)/],
  [
    'more than 1 MB',
    (file: string) => writeFile(file, '#'.repeat(1024 * 1024 + 1)),
    /relay.yaml: is larger than 1 MB/,
  ],
  [
    'other text than UTF-8',
    (file: string) => writeFile(file, Buffer.from([0xff, 0xfe])),
    /relay.yaml: is not UTF-8/,
  ],
])('%s is a clear error', async (_, make, expected) => {
  const file = join(folder, 'relay.yaml');
  await make(file);
  await expect(loadConfig(file, {})).rejects.toThrow(expected);
});

test('without a file two demo cameras play', async () => {
  const { streams } = await loadConfig(undefined, {});
  expect([...streams.keys()]).toEqual(['demo-1', 'demo-2']);
});

test('a folder that is gone for a while is watched again, and told once', async () => {
  const [there, away] = [join(folder, 'there'), join(folder, 'away')];
  const file = join(there, 'relay.yaml');
  await mkdir(there);
  await writeFile(file, 'streams: { a: "rtsp://h/1" }');
  const warnings: string[] = [];
  const { happened, start } = watched(file, createSilentLog(), (message) => warnings.push(message));
  await start();
  for (const added of ['b', 'c']) {
    const failed = once(happened, 'failed');
    await rename(there, away);
    await failed;
    await writeFile(join(away, 'relay.yaml'), `streams: { a: "rtsp://h/1", ${added}: "rtsp://h/2" }`);
    const applied = once(happened, 'applied');
    await rename(away, there);
    expect(await applied).toMatchObject([{ addedStreams: [added] }]);
  }
  expect(warnings).toHaveLength(2);
  expect(warnings[0]).toMatch(/there cannot be watched \(ENOENT.*\); it is looked at every 0.05 s$/);
});
