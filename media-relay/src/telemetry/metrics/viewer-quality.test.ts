import { Samples } from '@sightline/exporter';
import { expect, test } from 'vitest';

import { mislabelled } from '../../../../exporter/src/testing/mislabelled.ts';
import type { ConfiguredStream } from '../../http/deps.ts';
import type { QualityBeacon } from '../../http/schemas.ts';
import { HttpMetrics } from './http-metrics.ts';
import { ViewerQuality } from './viewer-quality.ts';

const beacon: QualityBeacon = {
  seconds: 10,
  framesDecoded: 250,
  framesDropped: 1,
  freezes: 2,
  freezeSeconds: 0.5,
  packetsReceived: 4000,
  packetsLost: 7,
  roundTripMs: 20,
  jitterBufferMs: 8,
  firstFrameMs: 110,
  delayMs: 80,
};

function stream(name: string): ConfiguredStream {
  return {
    name,
    title: name,
    labels: {},
    site: undefined,
    onDemand: false,
    trustClock: false,
    origin: 'config',
  };
}

test('beacons of all viewers add up per stream; histograms know no stream', () => {
  const quality = new ViewerQuality({ list: () => [stream('lobby'), stream('gate')] }, () => undefined);
  quality.record('lobby', beacon);
  quality.record('lobby', { ...beacon, firstFrameMs: undefined });
  quality.refuse('invalid');
  const out = new Samples();
  quality.collect(out);
  expect(out.find('sightline_client_playback_seconds_total', { stream: 'lobby' })).toBe(20);
  expect(out.find('sightline_client_frames_decoded_total', { stream: 'lobby' })).toBe(500);
  expect(out.find('sightline_client_freeze_seconds_total', { stream: 'lobby' })).toBe(1);
  expect(out.find('sightline_client_packets_lost_total', { stream: 'gate' })).toBe(0);
  expect(out.find('sightline_client_beacons_total')).toBe(2);
  expect(out.find('sightline_client_beacons_rejected_total', { reason: 'invalid' })).toBe(1);
  expect(out.find('sightline_client_beacons_rejected_total', { reason: 'rate-limited' })).toBe(0);
  const sums = [...out.histograms].map(([name, [sample]]) => [name, sample?.state.sum]);
  expect(Object.fromEntries(sums)).toEqual({
    sightline_time_to_first_frame_seconds: 0.11,
    sightline_client_round_trip_seconds: 0.04,
    sightline_client_jitter_buffer_delay_seconds: 0.016,
    sightline_client_frames_per_second: 50,
    sightline_glass_to_glass_delay_seconds: 0.16,
  });
  expect(mislabelled(out)).toEqual([]);
});

test('delays count from the glass as well where the clock of the camera is trusted, and plausible', () => {
  const captureDelays = { lobby: 0.05, gate: undefined, ahead: -0.2, behind: 3600 };
  const quality = new ViewerQuality(
    { list: () => Object.keys(captureDelays).map(stream) },
    (name) => captureDelays[name as keyof typeof captureDelays],
  );
  for (const name of Object.keys(captureDelays)) quality.record(name, beacon);
  const out = new Samples();
  quality.collect(out);
  const told = out.histograms.get('sightline_glass_to_glass_delay_seconds') ?? [];
  const summary = told.map(({ labels, state }) => {
    const count = Array.from(state.counts).reduce((sum, value) => sum + value, 0);
    return [labels['from'], count, Number(state.sum.toFixed(6))];
  });
  expect(summary).toEqual([
    ['ingest', 4, 0.32],
    ['glass', 1, 0.13],
  ]);
  expect(mislabelled(out)).toEqual([]);
});

test('requests are told by their pattern; addresses that lead nowhere are one', () => {
  const http = new HttpMetrics();
  http.observe('/api/v1/streams', 'GET', 200, 0.01);
  http.observe('/api/v1/streams', 'GET', 200, 0.03);
  http.observe(undefined, 'BREW', 404, 0.001);
  http.observe(undefined, 'GET', 404, 0.001);
  const out = new Samples();
  http.collect(out);
  const all = out.histograms.get('sightline_http_request_duration_seconds') ?? [];
  expect(all.map(({ labels }) => labels)).toEqual([
    { route: '/api/v1/streams', method: 'GET', code: '200' },
    { route: 'none', method: 'any', code: '404' },
  ]);
  expect(all[0]?.state.sum).toBeCloseTo(0.04);
});
