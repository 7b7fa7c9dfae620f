/** Where the tiles stand, which one has the focus, and which one fills the screen. */
import { largestTiles, neighbour, tileCaption } from './grid.ts';
import type { Direction } from './grid.ts';
import type { TileView } from './tile-view.ts';

const ASPECT = 16 / 9;
const GAP = 6;

const directions: Readonly<Record<string, Direction>> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
  Home: 'first',
  End: 'last',
};

export class GridView {
  readonly #grid: HTMLElement;
  readonly #stage: HTMLElement;
  #tiles: readonly TileView[] = [];
  #columns = 1;
  /** The one tile in the tab order. */
  #current: TileView | undefined;
  #solo: TileView | undefined;

  constructor(grid: HTMLElement, stage: HTMLElement) {
    this.#grid = grid;
    this.#stage = stage;
    new ResizeObserver(() => this.#arrange()).observe(stage);
    grid.addEventListener('keydown', (event) => this.#onKey(event));
    grid.addEventListener('click', (event) => this.#onClick(event.target));
    grid.addEventListener('focusin', (event) => this.#setCurrent(this.#tileAt(event.target)));
    document.addEventListener('fullscreenchange', () => {
      if (document.fullscreenElement === null) this.#leaveSolo();
    });
  }

  get tiles(): readonly TileView[] {
    return this.#tiles;
  }

  /** Elements that stay are never moved: a video that is taken out of the document pauses. */
  show(tiles: readonly TileView[]): void {
    this.#tiles = tiles;
    tiles.forEach((tile, index) => {
      if (tile.element.parentElement !== this.#grid) this.#grid.append(tile.element);
      tile.element.style.order = String(index);
    });
    if (this.#solo !== undefined && !tiles.includes(this.#solo)) this.#leaveSolo();
    if (this.#current === undefined || !tiles.includes(this.#current)) this.#setCurrent(tiles[0]);
    this.#arrange();
  }

  #arrange(): void {
    const box = { width: this.#stage.clientWidth, height: this.#stage.clientHeight };
    const { columns, tileWidth, tileHeight } = largestTiles(
      this.#tiles.length,
      box,
      GAP,
      ASPECT,
      tileCaption(innerWidth),
    );
    this.#columns = columns;
    this.#grid.style.gridTemplateColumns = `repeat(${columns}, ${tileWidth}px)`;
    this.#grid.style.gridAutoRows = `${tileHeight}px`;
    this.#grid.style.gap = `${GAP}px`;
  }

  #onKey(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === 'Escape') return this.#leaveSolo();
    const direction = directions[event.key];
    if (direction === undefined || this.#current === undefined) return;
    event.preventDefault();
    const index = this.#tiles.indexOf(this.#current);
    // One tile fills the screen: all keys leaf through the cameras, in their order.
    const columns = this.#solo === undefined ? this.#columns : 1;
    const target = this.#tiles[neighbour(index, direction, this.#tiles.length, columns)];
    if (target === undefined) return;
    if (this.#solo !== undefined) this.#setSolo(target);
    target.button.focus();
  }

  #onClick(target: EventTarget | null): void {
    const tile = this.#tileAt(target);
    if (tile === undefined) return;
    if (this.#solo === undefined) this.#enterSolo(tile);
    else this.#leaveSolo();
  }

  #enterSolo(tile: TileView): void {
    this.#setSolo(tile);
    // Where the browser refuses, the tile fills the window instead.
    document.documentElement.requestFullscreen({ navigationUI: 'hide' }).catch(() => undefined);
  }

  #leaveSolo(): void {
    const tile = this.#solo;
    if (tile === undefined) return;
    this.#setSolo(undefined);
    if (document.fullscreenElement !== null) document.exitFullscreen().catch(() => undefined);
    tile.button.focus();
  }

  #setSolo(tile: TileView | undefined): void {
    this.#solo = tile;
    document.body.classList.toggle('solo', tile !== undefined);
    for (const each of this.#tiles) {
      each.element.classList.toggle('chosen', each === tile);
      each.element.inert = tile !== undefined && each !== tile;
    }
  }

  #setCurrent(tile: TileView | undefined): void {
    if (tile === undefined || tile === this.#current) return;
    if (this.#current !== undefined) this.#current.button.tabIndex = -1;
    this.#current = tile;
    tile.button.tabIndex = 0;
  }

  #tileAt(target: EventTarget | null): TileView | undefined {
    return this.#tiles.find((tile) => target instanceof Node && tile.element.contains(target));
  }
}
