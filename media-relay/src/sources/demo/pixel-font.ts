/** Small capitals of 5x7 pixels: one base-32 digit per row, its five bits from left to right. */
import type { Canvas } from './canvas.ts';

// prettier-ignore
const shapes: Readonly<Record<string, string>> = {
  ' ': '0000000', '!': '4444404', '#': 'aavavaa', '%': 'op248j3', "'": 'c480000', '(': '2488842', ')': '8422248',
  '+': '044v440', ',': '0000c48', '-': '000v000', '.': '00000cc', '/': '01248g0', ':': '0cc0cc0', '=': '00v0v00',
  '?': 'eh12404', '_': '000000v',
  '0': 'ehjlphe', '1': '4c4444e', '2': 'eh1248v', '3': 'v2421he', '4': '26aiv22',
  '5': 'vgu11he', '6': '68guhhe', '7': 'v124888', '8': 'ehhehhe', '9': 'ehhf12c',
  A: 'ehhvhhh', B: 'uhhuhhu', C: 'ehggghe', D: 'uhhhhhu', E: 'vgguggv', F: 'vgguggg', G: 'ehgnhhf',
  H: 'hhhvhhh', I: 'e44444e', J: '72222ic', K: 'hikokih', L: 'ggggggv', M: 'hrllhhh', N: 'hhpljhh',
  O: 'ehhhhhe', P: 'uhhuggg', Q: 'ehhhlid', R: 'uhhukih', S: 'fgge11u', T: 'v444444', U: 'hhhhhhe',
  V: 'hhhhha4', W: 'hhhllla', X: 'hha4ahh', Y: 'hhha444', Z: 'v1248gv',
};
/** What has no shape is a hollow box. */
const unknownShape = 'vhhhhhv';

export const fontRows = 7;
const advance = 6;

/** Width of a text in font pixels. */
export function textColumns(text: string): number {
  return Math.max(0, text.length * advance - 1);
}

/** Paints over the luma of what is there; lower case appears as capitals. `scale`: canvas pixels per font pixel. */
export function drawText(
  canvas: Canvas,
  text: string,
  left: number,
  top: number,
  scale: number,
  luma: number,
): void {
  for (const [index, character] of [...text.toUpperCase()].entries()) {
    const shape = shapes[character] ?? unknownShape;
    for (let row = 0; row < fontRows; row++) {
      const bits = Number.parseInt(shape.charAt(row), 32);
      for (let column = 0; column < 5; column++) {
        if (((bits >> (4 - column)) & 1) === 0) continue;
        fillLuma(canvas, left + (index * advance + column) * scale, top + row * scale, scale, scale, luma);
      }
    }
  }
}

export function fillLuma(
  canvas: Canvas,
  left: number,
  top: number,
  width: number,
  height: number,
  luma: number,
): void {
  const right = Math.min(left + width, canvas.stride);
  const bottom = Math.min(top + height, canvas.paddedHeight);
  for (let y = Math.max(0, top); y < bottom; y++) {
    for (let x = Math.max(0, left); x < right; x++) canvas.setLuma(x, y, luma);
  }
}
