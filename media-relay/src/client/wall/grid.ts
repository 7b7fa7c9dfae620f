export interface Grid {
  readonly columns: number;
  readonly rows: number;
  readonly tileWidth: number;
  readonly tileHeight: number;
}

/**
 * The columns that make `count` tiles largest in a box of CSS pixels. A tile is a picture of this aspect (width / height)
 * with a caption of `captionHeight` below it.
 */
export function largestTiles(
  count: number,
  box: { readonly width: number; readonly height: number },
  gap: number,
  aspect: number,
  captionHeight = 0,
): Grid {
  let best: Grid = { columns: 1, rows: Math.max(1, count), tileWidth: 0, tileHeight: 0 };
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const cellWidth = (box.width - gap * (columns - 1)) / columns;
    const cellHeight = (box.height - gap * (rows - 1)) / rows;
    const tileWidth = Math.max(0, Math.floor(Math.min(cellWidth, (cellHeight - captionHeight) * aspect)));
    if (tileWidth > best.tileWidth) {
      best = { columns, rows, tileWidth, tileHeight: Math.floor(tileWidth / aspect) + captionHeight };
    }
  }
  return best;
}

export type Direction = 'left' | 'right' | 'up' | 'down' | 'first' | 'last';

/** The tile that an arrow key, Home or End leads to; stays where it is at an edge. */
export function neighbour(index: number, direction: Direction, count: number, columns: number): number {
  const last = count - 1;
  switch (direction) {
    case 'first':
      return 0;
    case 'last':
      return last;
    case 'left':
      return Math.max(0, index - 1);
    case 'right':
      return Math.min(last, index + 1);
    case 'up':
      return index >= columns ? index - columns : index;
    case 'down':
      // From the row above a last row that is not full, down leads to its last tile.
      return Math.floor(index / columns) < Math.floor(last / columns)
        ? Math.min(last, index + columns)
        : index;
  }
}
