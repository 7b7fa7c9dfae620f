export interface Grid {
  readonly columns: number;
  readonly rows: number;
  readonly tileWidth: number;
  readonly tileHeight: number;
}

/** What stands below a picture: its height grows with the tile, so that a display on a wall can be read from afar. CSS pixels. */
export interface Caption {
  /** Of the tile's width. */
  readonly share: number;
  readonly min: number;
  readonly max: number;
}

/** As wall.css and the panel's styles have it: `clamp(22px, 6cqw, 3vw)`, so that one large tile does not shout. */
export function tileCaption(viewportWidth: number): Caption {
  return { share: 0.06, min: 22, max: Math.max(22, viewportWidth * 0.03) };
}

export const noCaption: Caption = { share: 0, min: 0, max: 0 };

export function captionHeight(tileWidth: number, { share, min, max }: Caption): number {
  return Math.max(min, Math.min(max, tileWidth * share));
}

/** The widest tile, a picture of this aspect (width / height) with its caption, that is not higher than `height`. */
export function widestTile(height: number, aspect: number, { share, min, max }: Caption): number {
  const width = Math.max((height - max) * aspect, height / (1 / aspect + share));
  return Math.max(0, Math.min((height - min) * aspect, width));
}

/** The columns that make `count` tiles largest in a box of CSS pixels. A tile is a picture of this aspect and its caption. */
export function largestTiles(
  count: number,
  box: { readonly width: number; readonly height: number },
  gap: number,
  aspect: number,
  caption: Caption = noCaption,
): Grid {
  let best: Grid = { columns: 1, rows: Math.max(1, count), tileWidth: 0, tileHeight: 0 };
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const cellWidth = (box.width - gap * (columns - 1)) / columns;
    const cellHeight = (box.height - gap * (rows - 1)) / rows;
    const tileWidth = Math.max(0, Math.floor(Math.min(cellWidth, widestTile(cellHeight, aspect, caption))));
    if (tileWidth > best.tileWidth) {
      const tileHeight = Math.floor(tileWidth / aspect + captionHeight(tileWidth, caption));
      best = { columns, rows, tileWidth, tileHeight };
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
