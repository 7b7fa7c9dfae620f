import { expect, test } from 'vitest';
import { statisticsBetween } from './statistics.ts';
import type { Counters } from './statistics.ts';

const before: Counters = {
  atMs: 10_000,
  framesDecoded: 300,
  framesDropped: 1,
  bytesReceived: 5_000_000,
  packetsReceived: 4000,
  packetsLost: 2,
  freezeCount: 0,
  jitterBufferDelaySeconds: 3,
  jitterBufferEmittedCount: 300,
  width: 1280,
  height: 720,
  codec: 'H264',
};

test('rates are differences over the time that really passed', () => {
  const after: Counters = {
    ...before,
    atMs: 12_000,
    framesDecoded: 360,
    bytesReceived: 6_000_000,
    packetsLost: 5,
    freezeCount: 1,
    jitterBufferDelaySeconds: 3.6,
    jitterBufferEmittedCount: 360,
  };
  const statistics = statisticsBetween(before, after, 42);
  expect(statistics).toMatchObject({
    fps: 30,
    bitrateBps: 4_000_000,
    packetsLost: 5,
    freezeCount: 1,
    framesDropped: 1,
    width: 1280,
    height: 720,
    codec: 'H264',
    delayMs: 42,
  });
  expect(statistics?.jitterBufferMs).toBeCloseTo(10);
});

test('a jitter buffer that emitted nothing has no delay', () => {
  expect(statisticsBetween(before, { ...before, atMs: 11_000 }, undefined)).toMatchObject({
    fps: 0,
    bitrateBps: 0,
    jitterBufferMs: undefined,
    delayMs: undefined,
  });
});

test('readings of two sessions or of one moment give nothing', () => {
  expect(statisticsBetween(before, { ...before, atMs: 11_000, framesDecoded: 5 }, 1)).toBeUndefined();
  expect(statisticsBetween(before, { ...before, atMs: 11_000, bytesReceived: 5 }, 1)).toBeUndefined();
  expect(statisticsBetween(before, before, 1)).toBeUndefined();
});
