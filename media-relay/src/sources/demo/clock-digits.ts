/** Digits as round strokes with soft edges, drawn once for a size. A shape lies in a box of 1 (height) by its width. */

export interface Glyph {
  readonly width: number;
  readonly height: number;
  /** Coverage 0..255, row by row. */
  readonly coverage: Uint8Array;
}

type Point = readonly [x: number, y: number];
type Path = readonly Point[];

const strokeRadius = 0.072;
const digitSpan = 0.52;
const digitAdvance = digitSpan + 2 * strokeRadius + 0.13;
const separatorAdvance = 0.34;

/** Angles in degrees, clockwise from the right as y grows downwards. */
function arc(x: number, y: number, radiusX: number, radiusY: number, from: number, to: number): Path {
  const steps = 24;
  return Array.from({ length: steps + 1 }, (_, index): Point => {
    const angle = ((from + ((to - from) * index) / steps) * Math.PI) / 180;
    return [x + radiusX * Math.cos(angle), y + radiusY * Math.sin(angle)];
  });
}

function turnedRound(path: Path): Path {
  return path.map(([x, y]): Point => [digitSpan - x, 1 - y]);
}

const half = digitSpan / 2;
const six: readonly Path[] = [
  arc(half, 0.69, half, 0.31, 0, 360),
  [...arc(half + 0.16, 0.69, half + 0.16, 0.69, 180, 268)],
];
const shapes: Readonly<Record<string, readonly Path[]>> = {
  '0': [[...arc(half, half, half, half, 180, 360), ...arc(half, 1 - half, half, half, 0, 180), [0, half]]],
  '1': [
    [
      [0.07, 0.18],
      [half + 0.05, 0],
      [half + 0.05, 1],
    ],
  ],
  '2': [[...arc(half, 0.28, half, 0.28, 190, 385), [0.01, 1], [digitSpan, 1]]],
  '3': [[...arc(half - 0.01, 0.245, 0.24, 0.245, 200, 450), ...arc(half, 0.745, half, 0.255, 270, 520)]],
  '4': [
    [
      [0.4, 1],
      [0.4, 0],
      [0, 0.69],
      [digitSpan + 0.03, 0.69],
    ],
  ],
  '5': [[[0.48, 0], [0.07, 0], [0.03, 0.46], ...arc(half - 0.01, 0.69, half + 0.01, 0.31, 222, 510)]],
  '6': six,
  '7': [
    [
      [0, 0],
      [digitSpan, 0],
      [0.17, 1],
    ],
  ],
  '8': [arc(half, 0.245, 0.225, 0.245, 0, 360), arc(half, 0.745, half, 0.255, 0, 360)],
  '9': six.map(turnedRound),
  ':': [[[0, 0.3]], [[0, 0.78]]],
  '.': [[[0, 1]]],
};

export const clockCharacters = Object.keys(shapes);

/** Horizontal room of a character in units of the digits' height. */
export function advanceOf(character: string): number {
  return /\d/.test(character) ? digitAdvance : separatorAdvance;
}

/** A cell of `advanceOf(character)` by 1 plus the stroke, with the shape in its middle. `heightPixels` of a digit. */
export function renderGlyph(character: string, heightPixels: number): Glyph {
  const paths = shapes[character] ?? [];
  const isDigit = /\d/.test(character);
  const scale = heightPixels / (1 + 2 * strokeRadius);
  const width = Math.ceil(advanceOf(character) * scale);
  const height = Math.ceil(heightPixels);
  const radius = (isDigit ? strokeRadius : strokeRadius * 1.25) * scale;
  const left = (width - (isDigit ? digitSpan * scale : 0)) / 2;
  const top = strokeRadius * scale;
  const segments = paths.flatMap((path) =>
    path.map(([x, y], index) => {
      const [endX, endY] = path[index + 1] ?? [x, y];
      return [left + x * scale, top + y * scale, (endX - x) * scale, (endY - y) * scale] as const;
    }),
  );
  const coverage = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let nearest = Number.POSITIVE_INFINITY;
      for (const [fromX, fromY, alongX, alongY] of segments) {
        const dx = x + 0.5 - fromX;
        const dy = y + 0.5 - fromY;
        const squared = alongX * alongX + alongY * alongY;
        const part = squared === 0 ? 0 : Math.min(1, Math.max(0, (dx * alongX + dy * alongY) / squared));
        nearest = Math.min(nearest, (dx - part * alongX) ** 2 + (dy - part * alongY) ** 2);
      }
      coverage[y * width + x] = 255 * Math.min(1, Math.max(0, radius - Math.sqrt(nearest) + 0.5));
    }
  }
  return { width, height, coverage };
}
