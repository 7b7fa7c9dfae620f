import { renderText } from '@sightline/exporter';
import { expect, test } from 'vitest';

import { camerasOfConfig } from './cameras-of-config.ts';
import type { Costs, Host } from './model.ts';
import { capacityResult } from './result.ts';
import { resultSamples } from './result-samples.ts';
import { resultText } from './result-text.ts';
import { loadOf } from './scenarios.ts';

const costs: Costs = {
  idle: { mediaCores: 0.01, mainCores: 0.02 },
  receive: { usPerFrame: 50, usPerPacket: 2 },
  send: { usPerFrame: 20, usPerPacket: 2 },
  firstViewerExtra: 0.5,
  mainCoresPerStream: 0.001,
  join: { mediaMs: 1, mainMs: 2 },
  memory: { idleBytes: 200e6, bytesPerViewer: 0.3e6, bytesPerStream: 1e6, bytesPerBps: 0.5 },
  decode: undefined,
};
const host: Host = {
  cpus: 2,
  memoryBytes: 2e9,
  networkBps: undefined,
  mediaThreads: 1,
  decoders: 0,
  maxViewers: 2000,
  maxViewerBps: undefined,
};
const camera = { bitrateBps: 4e6, framesPerSecond: 30 };
const result = capacityResult(
  {
    measuredMs: 1_700_000_000_000,
    isQuick: true,
    host,
    costs,
    withoutDecoding: 'There is no program "ffmpeg".',
    arrivedShare: 1,
    camera,
    hostPricePerYear: 480,
  },
  [camera, { bitrateBps: 1e6, framesPerSecond: 10 }],
);

test('every scenario has its viewers', () => {
  const cameras = Array.from({ length: 20 }, () => camera);
  const viewers = (scenario: Parameters<typeof loadOf>[0]): number =>
    loadOf(scenario, cameras).reduce((sum, stream) => sum + stream.viewers, 0);
  expect(viewers('one-viewer-per-camera')).toBe(20);
  expect(viewers('wall-of-16')).toBe(16);
  expect(viewers('100-viewers-of-one')).toBe(100);
  expect(viewers('transcoding-all')).toBe(0);
  expect(loadOf('transcoding-all', cameras).every(({ isTranscoded }) => isTranscoded)).toBe(true);
});

test('the most that fits falls with the bit rate, and one more does not fit', () => {
  expect(result.most.map(({ bitrateBps }) => bitrateBps)).toEqual([0.5e6, 1e6, 2e6, 4e6, 8e6]);
  const cameras = result.most.map((line) => line.cameras);
  expect(cameras).toEqual(cameras.toSorted((a, b) => b - a));
  expect(cameras.at(-1)).toBeGreaterThan(0);
});

test('the text has a line for each scenario, the own configuration, and the price', () => {
  const text = resultText(result);
  expect(text).toContain('decoding: not measured. There is no program "ffmpeg".');
  expect(text.match(/^ *(yes|NO) .*$/gm)).toHaveLength(4 * 4 + 4);
  expect(text).toMatch(/^ *NO +40 +0 .*ffmpeg pool: none there$/m);
  expect(text).toContain('12.00 with 40 cameras');
  expect(text).not.toMatch(/NaN|undefined|Infinity/);
});

test('the metrics are an exposition of the same figures', async () => {
  const text = await renderText(resultSamples(result));
  expect(text).toContain('sightline_capacity_measured_timestamp_seconds 1700000000\n');
  expect(text).toMatch(
    /^sightline_capacity_use_ratio\{of="table",scenario="100-viewers-of-one",cameras="40",resource="media-thread"\} 0\.\d+$/m,
  );
  expect(text).not.toMatch(/NaN|Inf\b/);
});

test('the streams of a configuration: what a demo camera says, and else what is assumed', () => {
  const stream = (url: string) =>
    ({ url }) as Parameters<typeof camerasOfConfig>[0]['streams'] extends
      ReadonlyMap<string, infer S> | Map<string, infer S>
      ? S
      : never;
  const streams = new Map([
    ['a', stream('demo:?bitrate=1000000&fps=10')],
    ['b', stream('rtsp://10.0.0.5/')],
  ]);
  expect(camerasOfConfig({ streams }, camera)).toEqual([{ bitrateBps: 1e6, framesPerSecond: 10 }, camera]);
});
