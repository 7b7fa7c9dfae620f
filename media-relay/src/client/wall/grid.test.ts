import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { timeBox } from '../../testing/time-box.ts';
import { captionHeight, largestTiles, neighbour, noCaption, tileCaption } from './grid.ts';

test.each([
  [1, 1],
  [2, 2],
  [3, 2],
  [4, 2],
  [9, 3],
  [16, 4],
  [20, 5],
])('%i tiles in a wide window stand in %i columns', (count, columns) => {
  expect(largestTiles(count, { width: 1920, height: 1040 }, 4, 16 / 9).columns).toBe(columns);
});

test('a tall window stacks them', () => {
  expect(largestTiles(3, { width: 400, height: 900 }, 4, 16 / 9)).toMatchObject({ columns: 1, rows: 3 });
});

test('no other number of columns gives larger tiles, and all fit', () => {
  const size = fc.integer({ min: 0, max: 5000 });
  const captions = fc.constantFrom(noCaption, tileCaption(1920), { share: 0.2, min: 5, max: 60 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), size, size, captions, (count, width, height, caption) => {
      const gap = 6;
      const grid = largestTiles(count, { width, height }, gap, 16 / 9, caption);
      expect(grid.columns * grid.rows).toBeGreaterThanOrEqual(count);
      const usedWidth = grid.tileWidth * grid.columns + gap * (grid.columns - 1);
      const usedHeight = grid.tileHeight * grid.rows + gap * (grid.rows - 1);
      expect(grid.tileWidth === 0 || (usedWidth <= width && usedHeight <= height)).toBe(true);
      for (let columns = 1; columns <= count; columns++) {
        const rows = Math.ceil(count / columns);
        const cellWidth = (width - gap * (columns - 1)) / columns;
        const cellHeight = (height - gap * (rows - 1)) / rows;
        // One pixel wider than the best would not fit into these cells.
        const wider = grid.tileWidth + 1;
        const isTooHigh = wider / (16 / 9) + captionHeight(wider, caption) > cellHeight - 1e-6;
        expect(wider > cellWidth - 1e-6 || isTooHigh).toBe(true);
      }
    }),
    timeBox,
  );
});

test('a caption grows with its tile, within limits', () => {
  expect([100, 600, 3000].map((width) => captionHeight(width, tileCaption(2000)))).toEqual([22, 36, 60]);
  expect(captionHeight(3000, tileCaption(400))).toBe(22);
  expect(captionHeight(600, noCaption)).toBe(0);
});

test('arrow keys move within the grid and stop at its edges', () => {
  // 0 1 2
  // 3 4
  expect(neighbour(0, 'right', 5, 3)).toBe(1);
  expect(neighbour(2, 'right', 5, 3)).toBe(3);
  expect(neighbour(4, 'right', 5, 3)).toBe(4);
  expect(neighbour(0, 'left', 5, 3)).toBe(0);
  expect(neighbour(1, 'down', 5, 3)).toBe(4);
  expect(neighbour(2, 'down', 5, 3)).toBe(4);
  expect(neighbour(4, 'down', 5, 3)).toBe(4);
  expect(neighbour(4, 'up', 5, 3)).toBe(1);
  expect(neighbour(1, 'up', 5, 3)).toBe(1);
  expect(neighbour(3, 'first', 5, 3)).toBe(0);
  expect(neighbour(0, 'last', 5, 3)).toBe(4);
});
