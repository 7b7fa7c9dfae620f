import { expect, test } from 'vitest';
import { SilenceWatch } from './silence-watch.ts';
import { BLOCKED_MS, stoppedTile, type Tile } from './tile-machine.ts';

const flowing: Tile = { ...stoppedTile, phase: 'flowing', phaseSinceMs: 1000, lastFrameAtMs: 5000 };

test('asks after 1.5 s without a picture, and again every 3 s', () => {
  const watch = new SilenceWatch();
  const asked = Array.from({ length: 60 }, (_, i) => 5000 + i * 250).filter((nowMs) =>
    watch.isDue(flowing, nowMs),
  );
  expect(asked).toEqual([6500, 9500, 12_500, 15_500, 18_500]);
});

test('a slow camera costs one question every 3 s', () => {
  const watch = new SilenceWatch();
  const asked = Array.from({ length: 40 }, (_, i) => 5000 + i * 250).filter((nowMs) =>
    watch.isDue({ ...flowing, lastFrameAtMs: nowMs - (nowMs % 2000) }, nowMs),
  );
  expect(asked).toEqual([5500, 9500, 13_500]);
});

test('counts from the moment that the path stands; asks for no session that is not there', () => {
  const watch = new SilenceWatch();
  expect(watch.isDue({ ...flowing, phaseSinceMs: 9000 }, 10_400)).toBe(false);
  for (const phase of ['stopped', 'asking', 'waiting'] as const)
    expect(watch.isDue({ ...flowing, phase }, 60_000)).toBe(false);
  expect(watch.isDue({ ...flowing, lastFrameAtMs: undefined }, 2500)).toBe(true);
});

test('a join without a media path asks three times before it is given up, whatever was painted before', () => {
  const watch = new SilenceWatch();
  const joining: Tile = { ...flowing, phase: 'joining', phaseSinceMs: 20_000 };
  const asked = Array.from({ length: BLOCKED_MS / 250 }, (_, i) => 20_000 + i * 250).filter((nowMs) =>
    watch.isDue(joining, nowMs),
  );
  expect(asked).toEqual([21_500, 24_500, 27_500]);
});
