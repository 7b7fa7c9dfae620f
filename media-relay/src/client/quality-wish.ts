/** What a player asks of a relay that has two renditions of a stream (docs/API.md, two qualities). Pure. */
import type { Quality } from '../stream/states.ts';

/** What the relay takes. */
const LARGEST_PIXELS = 16_384;

export interface Tile {
  readonly width: number;
  readonly height: number;
}

export function devicePixels(cssWidth: number, cssHeight: number, ratio: number): Tile | undefined {
  const [width, height] = [cssWidth, cssHeight].map((length) =>
    Math.min(LARGEST_PIXELS, Math.round(length * ratio)),
  );
  return width && height ? { width, height } : undefined;
}

/** The address to post the offer to. */
export function offerUrl(whepUrl: string, quality: Quality, tile: Tile | undefined): string {
  const url = new URL(whepUrl);
  url.searchParams.set('quality', quality);
  if (tile !== undefined) {
    url.searchParams.set('width', String(tile.width));
    url.searchParams.set('height', String(tile.height));
  }
  return url.href;
}
