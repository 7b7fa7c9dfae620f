import * as fc from 'fast-check';
import { noCaption, tileCaption } from '@sightline/media-relay/client';
import { expect, test } from 'vitest';
import { timeBox } from '../../testing/time-box.ts';
import { arrange, pageOf, turned } from './layout.ts';
import type { Rect } from './layout.ts';

const box = { width: 1600, height: 900 };
const size = fc.record({
  width: fc.integer({ min: 1, max: 4000 }),
  height: fc.integer({ min: 1, max: 3000 }),
});

function overlap(a: Rect, b: Rect): boolean {
  return (
    a.left < b.left + b.width &&
    b.left < a.left + a.width &&
    a.top < b.top + b.height &&
    b.top < a.top + a.height
  );
}

test.each(['auto', 'columns', 'spotlight'] as const)(
  '%s: every tile once, side by side, within the box',
  (layout) => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 40 }),
        size,
        fc.integer({ min: 1, max: 12 }),
        fc.constantFrom(noCaption, tileCaption(1600)),
        (count, area, columns, caption) => {
          const { rects, height } = arrange(count, area, layout, columns, caption);
          expect(rects).toHaveLength(count);
          rects.forEach((rect, index) => {
            expect(rect.left).toBeGreaterThanOrEqual(0);
            expect(rect.top).toBeGreaterThanOrEqual(0);
            if (rect.width === 0 || rect.height === 0) return;
            expect(rect.left + rect.width).toBeLessThanOrEqual(area.width);
            expect(rect.top + rect.height).toBeLessThanOrEqual(height);
            for (const other of rects.slice(index + 1)) {
              if (other.width > 0 && other.height > 0) expect(overlap(rect, other)).toBe(false);
            }
          });
        },
      ),
      timeBox,
    );
  },
);

test('fixed columns scroll rather than shrink', () => {
  const { height, rects } = arrange(12, box, 'columns', 2);
  expect(rects[0]).toMatchObject({ width: 798, height: 448 });
  expect(height).toBeGreaterThan(box.height);
});

test('a caption makes tiles higher, not narrower, where they scroll', () => {
  expect(arrange(12, box, 'columns', 2, tileCaption(1600)).rects[0]).toMatchObject({
    width: 798,
    height: 496,
  });
});

test.each([2, 5, 9, 13])('the spotlight of %i tiles is the largest by far', (count) => {
  const [large, ...others] = arrange(count, box, 'spotlight', 1).rects;
  for (const other of others) expect((large?.width ?? 0) / other.width).toBeGreaterThan(1.5);
});

test('pages wrap round, the last one is shorter', () => {
  expect(pageOf([1, 2, 3, 4, 5], 2, 0)).toEqual({ items: [1, 2], page: 0, pages: 3 });
  expect(pageOf([1, 2, 3, 4, 5], 2, 5)).toEqual({ items: [5], page: 2, pages: 3 });
  expect(pageOf([1, 2], 2, 7)).toEqual({ items: [1, 2], page: 0, pages: 1 });
  expect(pageOf([1, 2], 0, 1)).toEqual({ items: [1, 2], page: 0, pages: 1 });
});

test('the spotlight turns and keeps the order of the others', () => {
  expect(turned(['a', 'b', 'c'], 0)).toEqual(['a', 'b', 'c']);
  expect(turned(['a', 'b', 'c'], 4)).toEqual(['b', 'a', 'c']);
  expect(turned([], 3)).toEqual([]);
});
