/** Where tiles stand, in CSS pixels of the panel's box. Pure. */
import { captionHeight, largestTiles, noCaption } from '@sightline/media-relay/client';
import type { Caption } from '@sightline/media-relay/client';
import type { Layout } from '../options.ts';

export const GAP = 4;
export const ASPECT = 16 / 9;

export interface Box {
  readonly width: number;
  readonly height: number;
}

export interface Rect extends Box {
  readonly left: number;
  readonly top: number;
}

export interface Arrangement {
  readonly rects: readonly Rect[];
  /** For arrow keys: tiles of one row. */
  readonly columns: number;
  /** More than the box's where the tiles need scrolling. */
  readonly height: number;
}

/** `caption`: what each tile has below its picture. */
export function arrange(
  count: number,
  box: Box,
  layout: Layout,
  columns: number,
  caption: Caption = noCaption,
): Arrangement {
  if (count === 0) return { rects: [], columns: 1, height: box.height };
  switch (layout) {
    case 'auto':
      return grid(count, box, caption);
    case 'columns':
      return fixedColumns(count, box, Math.max(1, Math.min(columns, count)), caption);
    case 'spotlight':
      return count === 1
        ? grid(count, box, caption)
        : // Tiles of two sizes stand edge to edge: all have one shape, and a small one's picture a narrow margin.
          (spotlight(count, { ...box, aspect: 1 / (1 / ASPECT + caption.share) }) ??
            grid(count, box, caption));
  }
}

/** The columns that make tiles largest; the rows are centred, a last row that is not full begins at the left. */
function grid(count: number, box: Box, caption: Caption): Arrangement {
  const { columns, rows, tileWidth, tileHeight } = largestTiles(count, box, GAP, ASPECT, caption);
  const left = Math.max(0, Math.floor((box.width - columns * tileWidth - (columns - 1) * GAP) / 2));
  const top = Math.max(0, Math.floor((box.height - rows * tileHeight - (rows - 1) * GAP) / 2));
  const rects = Array.from({ length: count }, (_, index) => ({
    left: left + (index % columns) * (tileWidth + GAP),
    top: top + Math.floor(index / columns) * (tileHeight + GAP),
    width: tileWidth,
    height: tileHeight,
  }));
  return { rects, columns, height: box.height };
}

function fixedColumns(count: number, box: Box, columns: number, caption: Caption): Arrangement {
  const width = Math.max(0, Math.floor((box.width - (columns - 1) * GAP) / columns));
  const height = Math.floor(width / ASPECT + captionHeight(width, caption));
  const rows = Math.ceil(count / columns);
  const needed = rows * height + (rows - 1) * GAP;
  const top = Math.max(0, Math.floor((box.height - needed) / 2));
  const rects = Array.from({ length: count }, (_, index) => ({
    left: (index % columns) * (width + GAP),
    top: top + Math.floor(index / columns) * (height + GAP),
    width,
    height,
  }));
  return { rects, columns, height: Math.max(box.height, needed) };
}

interface ShapedBox extends Box {
  /** Of every tile, caption included: width / height. */
  readonly aspect: number;
}

/** The first one large, the others beside or below it in one strip, whichever leaves the large one more room. */
function spotlight(count: number, box: ShapedBox): Arrangement | undefined {
  const others = count - 1;
  const beside = strip(others, box, 'beside');
  const below = strip(others, box, 'below');
  return area(beside) >= area(below) ? (beside ?? below) : below;
}

function area(arrangement: Arrangement | undefined): number {
  const large = arrangement?.rects[0];
  return large === undefined ? 0 : large.width * large.height;
}

function strip(others: number, box: ShapedBox, where: 'beside' | 'below'): Arrangement | undefined {
  let best: Arrangement | undefined;
  // More lanes make the strip's tiles larger and the large one smaller; three are as many as a glance takes in.
  for (let lanes = 1; lanes <= Math.min(3, others); lanes++) {
    const perLane = Math.ceil(others / lanes);
    const large = largeBesides(box, perLane, lanes, where);
    const candidate = stripOf(others, box, large, perLane, lanes, where);
    const smallest = candidate.rects[1];
    if (smallest === undefined || smallest.width < 1) continue;
    // The large tile keeps at least half of the area that it would have alone.
    if (best === undefined || area(candidate) >= area(best) * 0.75) best = candidate;
  }
  return best;
}

function largeBesides(box: ShapedBox, perLane: number, lanes: number, where: 'beside' | 'below'): Box {
  if (where === 'beside') {
    const small = Math.max(0, (box.height - (perLane - 1) * GAP) / perLane) * box.aspect;
    const room = box.width - lanes * (Math.min(small, box.width / (lanes * 2 + 1)) + GAP);
    const width = Math.max(0, Math.floor(Math.min(room, box.height * box.aspect)));
    return { width, height: Math.floor(width / box.aspect) };
  }
  const small = Math.max(0, (box.width - (perLane - 1) * GAP) / perLane) / box.aspect;
  const room = box.height - lanes * (Math.min(small, box.height / (lanes * 2 + 1)) + GAP);
  const height = Math.max(0, Math.floor(Math.min(room, box.width / box.aspect)));
  return { width: Math.floor(height * box.aspect), height };
}

function stripOf(
  others: number,
  box: ShapedBox,
  large: Box,
  perLane: number,
  lanes: number,
  where: 'beside' | 'below',
): Arrangement {
  const rest =
    where === 'beside'
      ? { width: box.width - large.width - GAP, height: box.height }
      : { width: box.width, height: box.height - large.height - GAP };
  const across = where === 'beside' ? { columns: lanes, rows: perLane } : { columns: perLane, rows: lanes };
  const cellWidth = (rest.width - (across.columns - 1) * GAP) / across.columns;
  const cellHeight = (rest.height - (across.rows - 1) * GAP) / across.rows;
  const width = Math.max(0, Math.floor(Math.min(cellWidth, cellHeight * box.aspect)));
  const height = Math.floor(width / box.aspect);
  const stripWidth = across.columns * (width + GAP) - GAP;
  const stripHeight = Math.ceil(others / across.columns) * (height + GAP) - GAP;
  const total =
    where === 'beside'
      ? { width: large.width + GAP + stripWidth, height: Math.max(large.height, stripHeight) }
      : { width: Math.max(large.width, stripWidth), height: large.height + GAP + stripHeight };
  const left = Math.max(0, Math.floor((box.width - total.width) / 2));
  const top = Math.max(0, Math.floor((box.height - total.height) / 2));
  const largeRect: Rect = {
    ...large,
    left: where === 'beside' ? left : left + Math.floor((total.width - large.width) / 2),
    top: where === 'beside' ? top + Math.floor((total.height - large.height) / 2) : top,
  };
  const origin =
    where === 'beside'
      ? { left: left + large.width + GAP, top: top + Math.floor((total.height - stripHeight) / 2) }
      : { left: left + Math.floor((total.width - stripWidth) / 2), top: top + large.height + GAP };
  const small = Array.from({ length: others }, (_, index) => ({
    left: origin.left + (index % across.columns) * (width + GAP),
    top: origin.top + Math.floor(index / across.columns) * (height + GAP),
    width,
    height,
  }));
  return { rects: [largeRect, ...small], columns: across.columns, height: box.height };
}

/** One page of the tiles; the last one may be shorter. `page` counts from 0 and wraps round. */
export function pageOf<T>(
  items: readonly T[],
  perPage: number,
  page: number,
): { readonly items: readonly T[]; readonly page: number; readonly pages: number } {
  if (perPage <= 0 || items.length <= perPage) return { items, page: 0, pages: 1 };
  const pages = Math.ceil(items.length / perPage);
  const current = page % pages;
  return { items: items.slice(current * perPage, (current + 1) * perPage), page: current, pages };
}

/** The spotlight's turn: the item at `turn` comes first, the others keep their order. */
export function turned<T>(items: readonly T[], turn: number): readonly T[] {
  const at = items.length === 0 ? 0 : turn % items.length;
  const first = items[at];
  return first === undefined || at === 0 ? items : [first, ...items.slice(0, at), ...items.slice(at + 1)];
}
