import { beforeEach, expect, test } from 'vitest';

import { parseConfig } from './config/parse.ts';
import { RelayStreams } from './stream-directory.ts';

let calls: string[];
let streams: RelayStreams;

beforeEach(() => {
  calls = [];
  streams = new RelayStreams({
    setStream: ({ name, url, substream }) =>
      calls.push(`set ${name} ${[url, substream ?? []].flat().join(' ')}`),
    removeStream: (name) => calls.push(`remove ${name}`),
  });
  streams.replaceConfigured(
    configured('streams: { a: "rtsp://h/a", b: { url: "rtsp://h/b", title: B } }'),
    ['a', 'b'],
    [],
  );
  calls = [];
});

function configured(text: string) {
  return parseConfig(text, { file: 'relay.yaml', environment: {}, readText: () => '' }).streams;
}

test('shows the streams without their addresses', () => {
  expect(streams.list()).toEqual([
    {
      name: 'a',
      title: 'a',
      labels: {},
      site: undefined,
      onDemand: false,
      trustClock: false,
      origin: 'config',
    },
    {
      name: 'b',
      title: 'B',
      labels: {},
      site: undefined,
      onDemand: false,
      trustClock: false,
      origin: 'config',
    },
  ]);
});

test('a new configuration touches what it names', () => {
  streams.replaceConfigured(
    configured('streams: { b: { url: "rtsp://h/b", title: C }, c: "rtsp://h/c" }'),
    ['c'],
    ['a'],
  );
  expect(calls).toEqual(['remove a', 'set c rtsp://h/c']);
  expect(streams.list().map(({ title }) => title)).toEqual(['C', 'c']);
});

test('streams of the API come last, and give way to the file', () => {
  expect(streams.add({ name: 'x', url: 'rtsp://h/x', title: 'X' })).toEqual({ ok: true });
  expect(streams.get('x')).toMatchObject({ title: 'X', origin: 'api' });
  streams.replaceConfigured(configured('streams: { x: "rtsp://h/y" }'), ['x'], ['a', 'b']);
  expect(streams.list()).toMatchObject([{ name: 'x', origin: 'config' }]);
  expect(calls).toEqual(['set x rtsp://h/x', 'remove a', 'remove b', 'set x rtsp://h/y']);
});

test('a substream goes to the engine beside the address', () => {
  streams.add({ name: 'x', url: 'rtsp://h/x', substream: 'rtsp://h/y' });
  expect(calls).toEqual(['set x rtsp://h/x rtsp://h/y']);
  expect(JSON.stringify(streams.list())).not.toContain('rtsp:');
});

test('each has limits of its own, or none', () => {
  streams.add({ name: 'x', url: 'rtsp://h/x', maxViewers: 3, maxBitrate: '1.5M' });
  expect(streams.limitsOf('x')).toEqual({ viewers: 3, bitrateBps: 1_500_000 });
  for (const name of ['a', 'nobody'])
    expect(streams.limitsOf(name)).toEqual({ viewers: undefined, bitrateBps: undefined });
  expect(streams.add({ name: 'y', url: 'rtsp://h/y', maxBitrate: 'much' })).toMatchObject({
    ok: false,
    detail: expect.stringContaining('is not a bit rate'),
  });
});

test('what cannot be done is said', () => {
  expect(streams.add({ name: 'a', url: 'rtsp://h/' })).toMatchObject({ ok: false, code: 'stream-exists' });
  const wrong = streams.add({ name: 'x', url: 'http://u:hunter22@h/' });
  expect(wrong).toMatchObject({ ok: false, code: 'config-invalid' });
  expect(JSON.stringify(wrong)).not.toContain('hunter22');
  const wrongSub = streams.add({ name: 'x', url: 'rtsp://h/', substream: 'http://u:hunter22@h/' });
  expect(wrongSub).toMatchObject({ code: 'config-invalid', detail: expect.stringMatching(/^substream: /) });
  expect(JSON.stringify(wrongSub)).not.toContain('hunter22');
  expect(streams.add({ name: 'x', url: 'rtsp://h/', tlsFingerprint: 'zz' })).toMatchObject({
    code: 'config-invalid',
  });
  expect(streams.remove('a')).toMatchObject({ code: 'stream-from-config' });
  expect(streams.remove('x')).toMatchObject({ code: 'stream-not-found' });
  expect(calls).toEqual([]);
  streams.add({ name: 'x', url: 'rtsp://h/' });
  expect(streams.remove('x')).toEqual({ ok: true });
  expect(streams.get('x')).toBeUndefined();
});
