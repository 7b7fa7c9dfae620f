import { expect, test } from 'vitest';
import { pixelShift, SHIFT_EVERY_MS, shiftVariables } from './pixel-shift.ts';

const startMs = Date.UTC(2026, 10, 26);
const stops = Array.from({ length: 200 }, (_, index) => pixelShift(startMs + index * SHIFT_EVERY_MS));

test('stands still between two moves, and moves by a pixel or two in each direction', () => {
  const atMs = Math.ceil(startMs / SHIFT_EVERY_MS) * SHIFT_EVERY_MS;
  expect(pixelShift(atMs + SHIFT_EVERY_MS - 1)).toEqual(pixelShift(atMs));
  stops.slice(1).forEach(({ x, y }, index) => {
    const before = stops[index] ?? { x: Number.NaN, y: Number.NaN };
    expect(Math.max(Math.abs(x - before.x), Math.abs(y - before.y))).toBe(1);
  });
});

test('never leaves two pixels round the place of the design, and is as much on one side as on the other', () => {
  for (const axis of ['x', 'y'] as const) {
    const values = stops.map((stop) => stop[axis]);
    expect([Math.min(...values), Math.max(...values)]).toEqual([-2, 2]);
    const oneRound = values.slice(0, 14);
    expect(Math.abs(oneRound.reduce((sum, value) => sum + value, 0))).toBeLessThanOrEqual(2);
    // No row or column of pixels is covered most of the time.
    for (const value of new Set(values))
      expect(values.filter((other) => other === value).length / values.length).toBeLessThan(0.4);
  }
});

test('is written for a style sheet', () => {
  expect(shiftVariables({ x: -1, y: 2 })).toEqual({ '--shift-x': '-1px', '--shift-y': '2px' });
});
