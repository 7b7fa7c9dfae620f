/** What a small grey picture tells about itself. Pure. */

/** Full-range luma, row by row. */
export interface GrayPicture {
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
}

export interface PictureFacts {
  /** Mean luma, 0 (black) to 1 (white). */
  readonly brightness: number;
  /** Standard deviation of luma, 0 to 0.5. */
  readonly contrast: number;
  /** Share of the pixels that are nearly black (luma below 0.14). */
  readonly darkShare: number;
  /** Share of the pixels that are burnt out (luma 0.97 and above). */
  readonly brightShare: number;
  /**
   * Variance of the Laplacian (4 neighbours) over the variance of luma: how much of the contrast is in fine detail, whatever
   * the scene's contrast. 0 when there is no contrast.
   */
  readonly sharpness: number;
}

const darkLuma = 36;
const brightLuma = 248;

export function pictureFacts({ pixels, width, height }: GrayPicture): PictureFacts {
  const count = width * height;
  let sum = 0;
  let squares = 0;
  let dark = 0;
  let bright = 0;
  for (let at = 0; at < count; at++) {
    const luma = pixels[at] ?? 0;
    sum += luma;
    squares += luma * luma;
    if (luma < darkLuma) dark++;
    else if (luma >= brightLuma) bright++;
  }
  const mean = sum / count;
  const variance = Math.max(0, squares / count - mean * mean);
  return {
    brightness: mean / 255,
    contrast: Math.sqrt(variance) / 255,
    darkShare: dark / count,
    brightShare: bright / count,
    sharpness: variance < 1 ? 0 : laplacianVariance(pixels, width, height) / variance,
  };
}

function laplacianVariance(pixels: Uint8Array, width: number, height: number): number {
  let sum = 0;
  let squares = 0;
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1, at = y * width + 1; x < width - 1; x++, at++) {
      const around =
        (pixels[at - 1] ?? 0) + (pixels[at + 1] ?? 0) + (pixels[at - width] ?? 0) + (pixels[at + width] ?? 0);
      const value = around - 4 * (pixels[at] ?? 0);
      sum += value;
      squares += value * value;
    }
  }
  const count = (width - 2) * (height - 2);
  return squares / count - (sum / count) ** 2;
}
