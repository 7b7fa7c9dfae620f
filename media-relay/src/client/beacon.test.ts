import { expect, test } from 'vitest';

import { qualityBeaconSchema } from '../http/schemas.ts';
import type { BeaconCounters } from './beacon.ts';
import { Beacon, beaconCounters } from './beacon.ts';

const counters: BeaconCounters = {
  framesDecoded: 60,
  framesDropped: 1,
  freezeCount: 2,
  totalFreezesDurationSeconds: 0.4,
  packetsReceived: 900,
  packetsLost: 5,
  jitterBufferDelaySeconds: 0.6,
  jitterBufferEmittedCount: 60,
  roundTripSeconds: 0.02,
};

test('reports soon after the first picture, then every 10 s, what came since', () => {
  const beacon = new Beacon(1_000);
  expect(beacon.due(1_050, counters)).toBeUndefined();
  beacon.painted(1_110);
  beacon.painted(1_150);
  beacon.delay(80);
  expect(beacon.due(3_109, counters)).toBeUndefined();
  const first = beacon.due(3_110, counters);
  expect(first).toEqual({
    seconds: 2,
    framesDecoded: 60,
    framesDropped: 1,
    freezes: 2,
    freezeSeconds: 0.4,
    packetsReceived: 900,
    packetsLost: 5,
    roundTripMs: 20,
    jitterBufferMs: 10,
    firstFrameMs: 110,
    delayMs: 80,
  });
  expect(beacon.due(13_109, counters)).toBeUndefined();
  // Late packets were taken back, nothing was decoded, no clock is known.
  const second = beacon.due(13_110, { ...counters, packetsLost: 3, roundTripSeconds: undefined });
  expect(second).toEqual({
    seconds: 10,
    framesDecoded: 0,
    framesDropped: 0,
    freezes: 0,
    freezeSeconds: 0,
    packetsReceived: 0,
    packetsLost: 0,
  });
  for (const report of [first, second]) expect(qualityBeaconSchema.safeParse(report).success).toBe(true);
});

test('a page that slept claims no more than the relay takes', () => {
  const beacon = new Beacon(0);
  beacon.painted(10);
  expect(qualityBeaconSchema.safeParse(beacon.due(3_600_000, counters)).success).toBe(true);
});

test('reads the counters of the video and the round trip of the path in use', () => {
  const report = new Map<string, unknown>([
    ['p1', { type: 'candidate-pair', nominated: false, currentRoundTripTime: 9 }],
    ['p2', { type: 'candidate-pair', nominated: true, currentRoundTripTime: 0.02 }],
    ['a', { type: 'inbound-rtp', kind: 'audio', packetsLost: 50 }],
    [
      'v',
      { type: 'inbound-rtp', kind: 'video', framesDecoded: 60, packetsLost: 5, totalFreezesDuration: 0.4 },
    ],
    ['x', null],
  ]);
  expect(beaconCounters(report)).toMatchObject({
    framesDecoded: 60,
    packetsLost: 5,
    totalFreezesDurationSeconds: 0.4,
    freezeCount: 0,
    roundTripSeconds: 0.02,
  });
  expect(beaconCounters(new Map([['a', { type: 'inbound-rtp', kind: 'audio' }]]))).toBeUndefined();
});
