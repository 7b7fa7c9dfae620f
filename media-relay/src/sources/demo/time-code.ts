/**
 * The capture time as black and white blocks at the top left of the picture, for machines: four blocks of sync
 * (white, black, white, black), Unix milliseconds in 44 bits, and their CRC-16, most significant bit first, row by row.
 * Everything is measured in blocks, margins too, so the code is found again after the picture was scaled.
 * Free of Node: browsers import it as it is.
 */
export interface TimeCodeGeometry {
  /** Side of a block in pixels. The code starts one block from the left and one from the top. */
  readonly blockPixels: number;
  readonly columns: number;
  readonly rows: number;
}

const syncBits = [1, 0, 1, 0] as const;
const timeBits = 44;
const checkBits = 16;
export const timeCodeBits = syncBits.length + timeBits + checkBits;
const layouts = [32, 16] as const;

/** Blocks are whole macroblocks wherever the picture has room; a tiny one gets blocks of 8 pixels. */
export function timeCodeGeometry(width: number, height: number): TimeCodeGeometry {
  const columns = width >= 34 * 16 ? 32 : 16;
  const rows = timeCodeBits / columns;
  if (width >= 1600 && height >= 640) return { blockPixels: 32, columns, rows };
  const fits = width >= (columns + 2) * 16 && height >= (rows + 2) * 32;
  return { blockPixels: fits || columns === 32 ? 16 : 8, columns, rows };
}

/** The bits of a time in whole Unix milliseconds (below 2^44), into `bits` when given. */
export function encodeTimeCode(unixMs: number, bits = new Uint8Array(timeCodeBits)): Uint8Array {
  const high = Math.floor(unixMs / 2 ** 22);
  const low = unixMs % 2 ** 22;
  bits.set(syncBits);
  for (let index = 0; index < 22; index++) {
    bits[4 + index] = (high >>> (21 - index)) & 1;
    bits[26 + index] = (low >>> (21 - index)) & 1;
  }
  const check = crc16(bits);
  for (let index = 0; index < checkBits; index++) bits[48 + index] = (check >>> (15 - index)) & 1;
  return bits;
}

/**
 * The time that a picture shows, in Unix milliseconds, or undefined when no valid code is found. `luma` is the whole
 * picture, at any scale that leaves a block about 3 pixels.
 */
export function readTimeCode(
  luma: Uint8Array | Uint8ClampedArray,
  stride: number,
  width: number,
  height: number,
): number | undefined {
  return find(width, height, (x, y) => luma[y * stride + x] ?? 0);
}

/** The same for the pixels of a canvas (`ImageData.data`). */
export function readTimeCodeRgba(
  rgba: Uint8Array | Uint8ClampedArray,
  width: number,
  height: number,
): number | undefined {
  return find(width, height, (x, y) => rgba[(y * width + x) * 4 + 1] ?? 0);
}

type Sample = (x: number, y: number) => number;

function find(width: number, height: number, sample: Sample): number | undefined {
  const own = timeCodeGeometry(width, height);
  const direct = readAt(own.blockPixels, own.columns, width, height, sample);
  if (direct !== undefined) return direct;
  // Scaled: only the size of a block is unknown. A step of 0.5 % moves the last column by a sixth of a block.
  for (const columns of layouts) {
    for (let pitch = width / (columns + 1); pitch >= 2; pitch /= 1.005) {
      const time = readAt(pitch, columns, width, height, sample);
      if (time !== undefined) return time;
    }
  }
  return undefined;
}

function readAt(
  pitch: number,
  columns: number,
  width: number,
  height: number,
  sample: Sample,
): number | undefined {
  if (pitch * (columns + 1) > width + 1 || pitch * (timeCodeBits / columns + 1) > height + 1)
    return undefined;
  const level = (index: number): number =>
    blockLevel(pitch, 1 + (index % columns), 1 + Math.floor(index / columns), sample);
  const white = (level(0) + level(2)) / 2;
  const black = (level(1) + level(3)) / 2;
  if (white - black < 48) return undefined;
  const threshold = (white + black) / 2;
  const bits = new Uint8Array(timeCodeBits);
  for (let index = 0; index < timeCodeBits; index++) bits[index] = level(index) > threshold ? 1 : 0;
  if (syncBits.some((bit, index) => bits[index] !== bit)) return undefined;
  if (crc16(bits) !== number(bits, 48, checkBits)) return undefined;
  return number(bits, 4, 22) * 2 ** 22 + number(bits, 26, 22);
}

/** Mean of the inner part of a block: its edges may be blurred by scaling. */
function blockLevel(pitch: number, column: number, row: number, sample: Sample): number {
  const left = Math.floor((column + 0.35) * pitch);
  const top = Math.floor((row + 0.35) * pitch);
  const right = Math.max(left, Math.ceil((column + 0.65) * pitch) - 1);
  const bottom = Math.max(top, Math.ceil((row + 0.65) * pitch) - 1);
  let sum = 0;
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) sum += sample(x, y);
  }
  return sum / ((right - left + 1) * (bottom - top + 1));
}

function number(bits: Uint8Array, from: number, count: number): number {
  let value = 0;
  for (let index = from; index < from + count; index++) value = value * 2 + (bits[index] ?? 0);
  return value;
}

/** CRC-16/CCITT (polynomial 0x1021, start 0xffff) over the time bits. */
function crc16(bits: Uint8Array): number {
  let crc = 0xffff;
  for (let index = syncBits.length; index < syncBits.length + timeBits; index++) {
    const carry = ((crc >>> 15) & 1) ^ (bits[index] ?? 0);
    crc = ((crc << 1) & 0xffff) ^ (carry === 1 ? 0x1021 : 0);
  }
  return crc;
}
