import { expect, test } from 'vitest';

import type { AccessUnit } from '../media/access-unit.ts';
import { StreamCounters } from './stream-counters.ts';

function picture(arrivalMs: number, captureMs: number | undefined): AccessUnit {
  const track = { id: 0, kind: 'video', codec: 'H264', clockRate: 90_000 } as unknown as AccessUnit['track'];
  const data = new Uint8Array(10);
  return { track, ticks: 0, arrivalMs, captureMs, isKey: false, isBroken: false, data, unitEnds: [10] };
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
