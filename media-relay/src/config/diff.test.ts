import { expect, test } from 'vitest';

import { diffConfig, isUnchanged } from './diff.ts';
import { parseConfig } from './parse.ts';
import type { Config } from './schema.ts';

function config(text: string): Config {
  return parseConfig(text, { file: 'relay.yaml', environment: {}, readText: () => '' });
}

const nothing = {
  addedStreams: [],
  changedStreams: [],
  relabelledStreams: [],
  removedStreams: [],
  changedSettings: [],
  needsRestart: [],
};

test.each([
  ['streams: { a: "rtsp://h/1" }', 'streams: { a: { url: "rtsp://h/1" } }', {}],
  [
    'streams: { a: "rtsp://h/1" }',
    'streams: { a: "rtsp://h/2", b: "rtsp://h/3" }',
    { changedStreams: ['a'], addedStreams: ['b'] },
  ],
  [
    'streams: { a: "rtsp://h/1", b: "rtsp://h/2" }',
    'streams: { b: "rtsp://h/2" }',
    { removedStreams: ['a'] },
  ],
  [
    'streams: { a: { url: "rtsp://h/1", title: A, labels: { x: "1" } } }',
    'streams: { a: { url: "rtsp://h/1", title: B, site: C, labels: { x: "2" } } }',
    { relabelledStreams: ['a'] },
  ],
  [
    'streams: { a: "rtsp://h" }',
    'streams: { a: { url: "rtsp://h", maxViewers: 3 } }',
    { relabelledStreams: ['a'] },
  ],
  [
    'streams: { a: "rtsp://h" }',
    'streams: { a: { url: "rtsp://h", transport: udp } }',
    { changedStreams: ['a'] },
  ],
  [
    'streams: { a: "rtsp://h" }',
    'streams: { a: { url: "rtsp://h", onDemand: true } }',
    { changedStreams: ['a'] },
  ],
  [
    'streams: { a: { url: "rtsp://h/1", substream: "rtsp://h/2" } }',
    'streams: { a: { url: "rtsp://h/1", substream: "rtsp://h/3" } }',
    { changedStreams: ['a'] },
  ],
  ['', 'http: { port: 1, tls: { cert: a, key: b } }', { needsRestart: ['http.port', 'http.tls'] }],
  ['', 'media: { announce: [1.2.3.4] }', { needsRestart: ['media.announce'] }],
  [
    '',
    'log: { level: debug, format: json }',
    { changedSettings: ['log.level'], needsRestart: ['log.format'] },
  ],
  [
    '',
    'limits: { viewers: 5, bitrate: 1G, memory: 0.8 }',
    { changedSettings: ['limits.bitrate', 'limits.memory', 'limits.viewers'] },
  ],
  [
    '',
    'tokens: [{ name: a, token: 0123456789abcdef, permissions: [view] }]',
    { changedSettings: ['tokens'] },
  ],
])('from %j to %j', (before, after, expected) => {
  const diff = diffConfig(config(before), config(after));
  expect(diff).toEqual({ ...nothing, ...expected });
  expect(isUnchanged(diff)).toBe(Object.keys(expected).length === 0);
});
