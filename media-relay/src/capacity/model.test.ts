import { expect, test } from 'vitest';

import type { Costs, Host, StreamLoad } from './model.ts';
import {
  mostThatFits,
  packetsPerSecond,
  predict,
  pricePerCamera,
  receiveCores,
  sendCores,
  shareOf,
} from './model.ts';

const costs: Costs = {
  idle: { mediaCores: 0.01, mainCores: 0.02 },
  receive: { usPerFrame: 100, usPerPacket: 5 },
  send: { usPerFrame: 20, usPerPacket: 2 },
  firstViewerExtra: 1,
  mainCoresPerStream: 0.001,
  join: { mediaMs: 1, mainMs: 1 },
  memory: { idleBytes: 100e6, bytesPerViewer: 0.5e6, bytesPerStream: 1e6, bytesPerBps: 0.5 },
  decode: { snapshotMs: 100, mjpegCores: 0.1 },
};
const host: Host = {
  cpus: 4,
  memoryBytes: 4e9,
  networkBps: 1e9,
  mediaThreads: 1,
  decoders: 3,
  maxViewers: 2000,
  maxViewerBps: undefined,
};
const stream: StreamLoad = { bitrateBps: 4_680_000, framesPerSecond: 30, viewers: 0, isTranscoded: false };

test('packets come from bytes, and half a packet from each picture', () => {
  expect(packetsPerSecond(stream, 'toViewer')).toBeCloseTo(500 + 15, 6);
  expect(packetsPerSecond({ ...stream, bitrateBps: 11_200_000 }, 'fromCamera')).toBeCloseTo(1015, 6);
});

test('CPU is pictures and packets times what each costs; the first viewer costs its share more', () => {
  expect(sendCores(stream, costs)).toBe(0);
  const one = (20 * 30 + 2 * 515) / 1e6;
  expect(sendCores({ ...stream, viewers: 1 }, costs)).toBeCloseTo(2 * one, 9);
  expect(sendCores({ ...stream, viewers: 100 }, costs)).toBeCloseTo(101 * one, 9);
  expect(receiveCores({ ...stream, bitrateBps: 11_200_000 }, costs)).toBeCloseTo(
    (100 * 30 + 5 * 1015) / 1e6,
    9,
  );
});

test('a prediction adds up', () => {
  const watched = { ...stream, viewers: 10 };
  const streams = [watched, { ...watched, isTranscoded: true }];
  const { viewers, threadCores, cores, memoryBytes, uses } = predict(streams, costs, host);
  const thread = 2 * (receiveCores(watched, costs) + sendCores(watched, costs)) + 0.01;
  expect(viewers).toBe(20);
  expect(threadCores).toBeCloseTo(thread, 9);
  expect(cores).toBeCloseTo(thread + 0.02 + 2 * 0.001 + 0.1, 9);
  expect(memoryBytes).toBeCloseTo(100e6 + 2 * (1e6 + 0.5 * 4_680_000) + 20 * 0.5e6 + 96 * 2 ** 20, 0);
  expect(uses.map(({ name }) => name)).toEqual([
    'media-thread',
    'cpu',
    'memory',
    'network',
    'ffmpeg-pool',
    'limits-viewers',
  ]);
});

test('two threads share streams, not the viewers of one', () => {
  const two = { ...host, mediaThreads: 2 };
  const equal = [1, 2, 3, 4].map(() => ({ ...stream, viewers: 50 }));
  const half = predict(equal, costs, two).threadCores - 0.01;
  expect(half).toBeCloseTo((predict(equal, costs, host).threadCores - 0.01) / 2, 9);
  const crowd = [{ ...stream, viewers: 200 }];
  expect(predict(crowd, costs, two).threadCores).toBe(predict(crowd, costs, host).threadCores);
});

test.each<[string, Partial<Host>, Partial<StreamLoad>]>([
  ['media-thread', { networkBps: undefined }, { viewers: 1000 }],
  ['cpu', { cpus: 0.05, networkBps: undefined, mediaThreads: 16 }, {}],
  ['memory', { memoryBytes: 120e6 }, {}],
  ['network', { networkBps: 100e6 }, { viewers: 20 }],
  ['ffmpeg-pool', { decoders: 0 }, { isTranscoded: true }],
  ['limits-viewers', { maxViewers: 5 }, { viewers: 6 }],
  ['limits-bitrate', { maxViewerBps: 10e6 }, { viewers: 3 }],
])('%s can be what runs out first', (name, hostChange, streamChange) => {
  const { first, share } = predict([{ ...stream, ...streamChange }], costs, { ...host, ...hostChange });
  expect(first.name).toBe(name);
  expect(share).toBeGreaterThan(1);
  expect(share).toBe(shareOf(first));
});

test('what the system does not tell limits nothing', () => {
  const { uses } = predict([stream], costs, { ...host, networkBps: undefined });
  expect(uses.map(({ name }) => name)).not.toContain('network');
});

test('no streams need an idle relay only', () => {
  expect(predict([], costs, host)).toMatchObject({ viewers: 0, threadCores: 0.01, memoryBytes: 100e6 });
});

test('the most that fits is found, at both ends, too', () => {
  expect(mostThatFits((count) => count <= 137, 10_000)).toBe(137);
  expect(mostThatFits(() => false, 10)).toBe(0);
  expect(mostThatFits(() => true, 10)).toBe(10);
});

test('price', () => {
  expect(pricePerCamera(480, 40)).toBe(12);
});
