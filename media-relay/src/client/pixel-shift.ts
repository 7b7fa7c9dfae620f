/** Against burn-in: what stands on a display for months moves by a pixel now and then. Pure. */

/** In CSS pixels, from where the design has it. */
export interface PixelShift {
  readonly x: number;
  readonly y: number;
}

export const SHIFT_EVERY_MS = 180_000;

/** A way round in single steps, so that nobody sees one; every row and column of it is visited and left again. */
const way: readonly PixelShift[] = [
  { x: 0, y: 0 },
  { x: 1, y: 0 },
  { x: 2, y: 1 },
  { x: 1, y: 2 },
  { x: 0, y: 1 },
  { x: -1, y: 2 },
  { x: -2, y: 1 },
  { x: -1, y: 0 },
  { x: -2, y: -1 },
  { x: -1, y: -2 },
  { x: 0, y: -1 },
  { x: 1, y: -2 },
  { x: 2, y: -1 },
  { x: 1, y: 0 },
];

/** Where everything that stands still is to stand now. All pages of a wall move together; `nowMs` in Unix ms. */
export function pixelShift(nowMs: number): PixelShift {
  const stop = Math.floor(nowMs / SHIFT_EVERY_MS) % way.length;
  return way[stop] ?? { x: 0, y: 0 };
}

/** For styles that read `translate: var(--shift-x) var(--shift-y)`. */
export function shiftVariables({ x, y }: PixelShift): Readonly<Record<'--shift-x' | '--shift-y', string>> {
  return { '--shift-x': `${x}px`, '--shift-y': `${y}px` };
}
