import { expect, test } from 'vitest';

import type { AccessUnit } from '../media/access-unit.ts';
import { StreamCounters } from './stream-counters.ts';

function picture(arrivalMs: number, captureMs?: number, isKey = false): AccessUnit {
  const track = { id: 0, kind: 'video', codec: 'H264', clockRate: 90_000 } as unknown as AccessUnit['track'];
  const data = new Uint8Array(10);
  return { track, ticks: 0, arrivalMs, captureMs, isKey, isBroken: false, data, unitEnds: [10] };
}

test('the way from capture to arrival is that of the last second, and of a camera that tells its clock', () => {
  const counters = new StreamCounters();
  counters.updateRates(1_000);
  expect(counters.captureDelaySeconds).toBeUndefined();
  counters.video(picture(1_100, 1_050));
  counters.video(picture(1_200, 1_100));
  counters.video(picture(1_300, undefined));
  counters.updateRates(2_000);
  expect(counters.captureDelaySeconds).toBe(0.075);
  // A clock that is ahead: the picture comes from the future.
  counters.video(picture(2_100, 2_600));
  counters.updateRates(3_000);
  expect(counters.captureDelaySeconds).toBe(-0.5);
  counters.updateRates(4_000);
  expect(counters.captureDelaySeconds).toBeUndefined();
});

test('an outage is no interval between key frames', () => {
  const counters = new StreamCounters();
  for (const arrivalMs of [1_000, 3_000]) counters.video(picture(arrivalMs, undefined, true));
  expect(counters.keyFrameIntervalSeconds).toBe(2);
  counters.interrupt();
  counters.video(picture(3_603_000, undefined, true));
  expect(counters.keyFrameIntervalSeconds).toBe(2);
  counters.video(picture(3_607_000, undefined, true));
  expect(counters.keyFrameIntervalSeconds).toBe(4);
});
