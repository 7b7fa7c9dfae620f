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
  // A picture of the past comes last and lies above.
  const shown = [...tile.querySelectorAll<HTMLVideoElement | HTMLCanvasElement>('video, canvas')].findLast(
    (candidate) => getComputedStyle(candidate).visibility === 'visible',
  );
  if (shown !== undefined) drawPicture(context, shown, box);
  for (const element of tile.querySelectorAll<HTMLElement>('span, a, strong, p')) {
    drawBackground(context, element, box);
    drawText(context, element, box);
  }
  context.restore();
}

function drawPicture(
  context: CanvasRenderingContext2D,
  picture: HTMLVideoElement | HTMLCanvasElement,
  box: DOMRect,
): void {
  const width = picture instanceof HTMLVideoElement ? picture.videoWidth : picture.width;
  const height = picture instanceof HTMLVideoElement ? picture.videoHeight : picture.height;
  if (width === 0 || height === 0) return;
  const style = getComputedStyle(picture);
  const place = picture.getBoundingClientRect();
  const x = place.x - box.x;
  const y = place.y - box.y;
  const scales = [place.width / width, place.height / height];
  const scale = style.objectFit === 'cover' ? Math.max(...scales) : Math.min(...scales);
  context.save();
  context.beginPath();
  context.rect(x, y, place.width, place.height);
  context.clip();
  context.fillStyle = '#000';
  context.fillRect(x, y, place.width, place.height);
  context.filter = style.filter;
  context.drawImage(
    picture,
    x + (place.width - width * scale) / 2,
    y + (place.height - height * scale) / 2,
    width * scale,
    height * scale,
  );
  context.restore();
}

function drawBackground(context: CanvasRenderingContext2D, element: HTMLElement, box: DOMRect): void {
  const { backgroundColor } = getComputedStyle(element);
  if (isTransparent(backgroundColor)) return;
  const rect = element.getBoundingClientRect();
  context.fillStyle = backgroundColor;
  context.fillRect(rect.x - box.x, rect.y - box.y, rect.width, rect.height);
}

/** Of the element's own text, whatever else stands beside it; lines are broken where the page breaks them. */
function drawText(context: CanvasRenderingContext2D, element: HTMLElement, box: DOMRect): void {
  const style = getComputedStyle(element);
  context.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  context.fillStyle = style.color;
  context.textBaseline = 'middle';
  for (const node of element.childNodes) {
    if (!(node instanceof Text)) continue;
    for (const { text, left, right, middle } of linesOf(node)) {
      if (right > left && isVisibleAt(middle, element))
        context.fillText(text, left - box.x, middle - box.y, right - left + 1);
    }
  }
}

interface Line {
  readonly text: string;
  readonly left: number;
  readonly right: number;
  readonly middle: number;
}

function linesOf(node: Text): readonly Line[] {
  const range = document.createRange();
  const lines: Line[] = [];
  for (const { 0: word, index } of node.data.matchAll(/\S+\s*/g)) {
    range.setStart(node, index);
    range.setEnd(node, index + word.length);
    const { left, right, top, height } = range.getBoundingClientRect();
    const middle = top + height / 2;
    const before = lines.at(-1);
    if (before !== undefined && Math.abs(before.middle - middle) < height / 2)
      lines[lines.length - 1] = { ...before, text: before.text + word, right };
    else lines.push({ text: word, left, right, middle });
  }
  return lines;
}

/** What does not fit is cut off below its box or its parent's. */
function isVisibleAt(y: number, element: HTMLElement): boolean {
  return [element, element.parentElement ?? element].every((each) => {
    const { top, bottom } = each.getBoundingClientRect();
    return y >= top && y <= bottom;
  });
}

function opaqueBackground(element: Element | null): string {
  for (let at = element; at !== null; at = at.parentElement) {
    const { backgroundColor } = getComputedStyle(at);
    if (!isTransparent(backgroundColor)) return backgroundColor;
  }
  return '#000';
}

function isTransparent(color: string): boolean {
  return color === '' || /^(transparent|rgba\(.*, 0\))$/.test(color);
}
