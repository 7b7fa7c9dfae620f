/**
 * The panel as a picture. What Grafana does by itself copies the DOM, and a video with a stream in it has no content there;
 * so pictures and the most important words are drawn here.
 */
import type { PanelScreenshotContext } from '@grafana/data';
import { testIds } from './test-ids.ts';

const JPEG_QUALITY = 0.9;

export async function takeScreenshot({ element, format }: PanelScreenshotContext): Promise<Blob | null> {
  const tiles = [...element.querySelectorAll<HTMLElement>(`[data-testid="${testIds.tile}"]`)];
  const box = element.getBoundingClientRect();
  if (tiles.length === 0 || box.width === 0) return null;
  const canvas = document.createElement('canvas');
  const scale = devicePixelRatio;
  canvas.width = Math.round(box.width * scale);
  canvas.height = Math.round(box.height * scale);
  const context = canvas.getContext('2d');
  if (context === null) return null;
  context.scale(scale, scale);
  context.fillStyle = opaqueBackground(element);
  context.fillRect(0, 0, box.width, box.height);
  for (const tile of tiles) drawTile(context, tile, box);
  return new Promise((resolve) => canvas.toBlob(resolve, `image/${format}`, JPEG_QUALITY));
}

function drawTile(context: CanvasRenderingContext2D, tile: HTMLElement, box: DOMRect): void {
  const rect = tile.getBoundingClientRect();
  const x = rect.x - box.x;
  const y = rect.y - box.y;
  context.save();
  context.beginPath();
  context.rect(x, y, rect.width, rect.height);
  context.clip();
  context.fillStyle = getComputedStyle(tile).backgroundColor;
  context.fillRect(x, y, rect.width, rect.height);
  const shown = [...tile.querySelectorAll<HTMLVideoElement | HTMLCanvasElement>('video, canvas')].find(
    (candidate) => getComputedStyle(candidate).visibility === 'visible',
  );
  if (shown !== undefined) drawPicture(context, shown, { x, y, width: rect.width, height: rect.height });
  for (const text of tile.querySelectorAll<HTMLElement>('span, strong, p')) drawText(context, text, box);
  context.restore();
}

interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function drawPicture(
  context: CanvasRenderingContext2D,
  picture: HTMLVideoElement | HTMLCanvasElement,
  place: Place,
): void {
  const width = picture instanceof HTMLVideoElement ? picture.videoWidth : picture.width;
  const height = picture instanceof HTMLVideoElement ? picture.videoHeight : picture.height;
  if (width === 0 || height === 0) return;
  const style = getComputedStyle(picture);
  const scales = [place.width / width, place.height / height];
  const scale = style.objectFit === 'cover' ? Math.max(...scales) : Math.min(...scales);
  context.filter = style.filter;
  context.drawImage(
    picture,
    place.x + (place.width - width * scale) / 2,
    place.y + (place.height - height * scale) / 2,
    width * scale,
    height * scale,
  );
  context.filter = 'none';
}

/** Leaves of the text only: what holds other elements is drawn by them. */
function drawText(context: CanvasRenderingContext2D, element: HTMLElement, box: DOMRect): void {
  const text = element.childElementCount === 0 ? element.textContent.trim() : '';
  const rect = element.getBoundingClientRect();
  if (text === '' || rect.width === 0) return;
  const style = getComputedStyle(element);
  context.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  context.fillStyle = style.color;
  context.shadowColor = '#000c';
  context.shadowBlur = 2;
  context.textBaseline = 'middle';
  context.fillText(text, rect.x - box.x, rect.y - box.y + rect.height / 2, rect.width + 1);
  context.shadowBlur = 0;
}

function opaqueBackground(element: Element | null): string {
  for (let at = element; at !== null; at = at.parentElement) {
    const { backgroundColor } = getComputedStyle(at);
    if (backgroundColor !== '' && !/^(transparent|rgba\(.*, 0\))$/.test(backgroundColor))
      return backgroundColor;
  }
  return '#000';
}
