/** What is in a JPEG, by an ffmpeg of the test's own. */
import { spawnSync } from 'node:child_process';

export interface Image {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue and 255 for each pixel, row by row. */
  readonly rgba: Uint8Array;
}

export function readJpeg(jpeg: Uint8Array): Image {
  const args = '-v error -f mjpeg -i pipe:0 -frames:v 1 -pix_fmt rgb24 -c:v ppm -f image2pipe pipe:1';
  const { stdout, stderr } = spawnSync('ffmpeg', args.split(' '), { input: jpeg, maxBuffer: 64 * 2 ** 20 });
  // Portable pixmap: "P6\nWIDTH HEIGHT\n255\n", then three bytes for each pixel.
  const head = /^P6\n(\d+) (\d+)\n255\n/.exec(stdout.toString('latin1', 0, 40));
  if (head === null) throw new Error(`no JPEG: ${String(stderr)}`);
  const pixels = stdout.subarray(head[0].length);
  const rgba = new Uint8Array((pixels.length / 3) * 4).fill(255);
  for (let i = 0; i * 3 < pixels.length; i++) rgba.set(pixels.subarray(i * 3, i * 3 + 3), i * 4);
  return { width: Number(head[1]), height: Number(head[2]), rgba };
}

/** Mean red, green and blue, 0 to 255. */
export function meanColour({ rgba }: Image): readonly number[] {
  const sums = [0, 0, 0];
  for (let at = 0; at < rgba.length; at++)
    if (at % 4 < 3) sums[at % 4] = (sums[at % 4] ?? 0) + (rgba[at] ?? 0);
  return sums.map((sum) => Math.round((sum * 4) / rgba.length));
}
