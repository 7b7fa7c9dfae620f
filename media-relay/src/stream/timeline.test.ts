import fc from 'fast-check';
import { expect, test } from 'vitest';
import { timeBox } from '../testing/time-box.ts';
import { Timeline } from './timeline.ts';

test('keeps the camera\u2019s own distances, jitter and slow drift included', () => {
  const timeline = new Timeline(90_000);
  expect(timeline.map(1_000_000, 0)).toBe(0);
  expect(timeline.map(1_003_000, 40)).toBe(3000);
  expect(timeline.map(1_006_000, 60)).toBe(6000);
});

test('a clock jump of the camera becomes the time that really passed', () => {
  const timeline = new Timeline(90_000);
  timeline.map(500, 0);
  expect(timeline.map(2 ** 40, 40)).toBe(3600);
  expect(timeline.map(2 ** 40 + 3000, 73)).toBe(6600);
  expect(timeline.map(7, 106)).toBe(6600 + 2970);
});

test('a new connection goes on where the old one was, however near its ticks are', () => {
  const timeline = new Timeline(90_000);
  timeline.map(0, 0);
  timeline.restart();
  expect(timeline.map(90, 10_000)).toBe(900_000);
  timeline.restart();
  timeline.restart();
  expect(timeline.map(90, 10_033)).toBe(902_970);
});

test('never moves more than 5 s away from the relay\u2019s clock between two access units', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(fc.integer({ min: 0, max: 2 ** 40 }), fc.integer({ min: 0, max: 60_000 }), fc.boolean()),
      ),
      (steps) => {
        const timeline = new Timeline(90_000);
        let at = 0;
        let last: number | undefined;
        for (const [ticks, gapMs, restart] of steps) {
          at += gapMs;
          if (restart) timeline.restart();
          const mapped = timeline.map(ticks, at);
          if (last !== undefined) expect(Math.abs(mapped - last - gapMs * 90)).toBeLessThanOrEqual(450_001);
          last = mapped;
        }
      },
    ),
    timeBox,
  );
});
