/**
 * The wall of lamps along the bottom: a level meter drawn by a pen that sweeps from left to right, one macroblock per
 * lamp. Every lamp it draws is sent raw, 3,100 bits each, so the pen's speed is what is left of the bitrate.
 */
import { raw, type Canvas } from './canvas.ts';
import { mix, type Colour, type Mood } from './palette.ts';

export class Lamps {
  private readonly canvas: Canvas;
  private readonly mood: Mood;
  private readonly firstRow: number;
  private readonly rows: number;
  private next = 0;
  private grain = 0x1234567;
  /** Coverage of a lamp by pixel: a rounded square. */
  private readonly mask = lampMask();

  constructor(canvas: Canvas, mood: Mood, rows: number) {
    this.canvas = canvas;
    this.mood = mood;
    // The last, partly hidden macroblock row carries lamps only if most of it is seen.
    const visibleRows = Math.floor((canvas.height + 4) / 16);
    this.rows = Math.min(rows, visibleRows);
    this.firstRow = visibleRows - this.rows;
  }

  get count(): number {
    return this.rows * this.canvas.macroblocksAcross;
  }

  drawAll(timeMs: number): void {
    for (let index = 0; index < this.count; index++) this.drawLamp(index, timeMs);
  }

  /** Draws the next `wanted` lamps and has them sent raw; beyond all lamps, other macroblocks are sent raw as they are. */
  advance(wanted: number, timeMs: number): void {
    const { canvas } = this;
    const lamps = Math.min(wanted, this.count);
    for (let done = 0; done < lamps; done++) {
      const macroblock = this.drawLamp(this.next, timeMs);
      canvas.damage[macroblock] = raw;
      this.next = (this.next + 1) % this.count;
    }
    let left = wanted - lamps;
    for (let macroblock = 0; left > 0 && macroblock < canvas.damage.length; macroblock++) {
      if (canvas.damage[macroblock] === raw) continue;
      canvas.damage[macroblock] = raw;
      left--;
    }
  }

  /** Column by column, each from the bottom; returns the macroblock. */
  private drawLamp(index: number, timeMs: number): number {
    const { canvas, mood, rows } = this;
    const column = Math.floor(index / rows);
    const fromBottom = index % rows;
    const row = this.firstRow + rows - 1 - fromBottom;
    const seconds = (timeMs % 3_600_000) / 1000;
    const wave =
      0.5 +
      0.26 * Math.sin(column * 0.21 - seconds * 1.1) +
      0.16 * Math.sin(column * 0.53 + seconds * 1.9) +
      0.08 * Math.sin(column * 1.31 - seconds * 2.7);
    const lit = Math.min(1, Math.max(0, wave * rows - fromBottom));
    const height = rows === 1 ? wave : fromBottom / (rows - 1);
    const on = mix(mood.low, mood.high, height);
    this.paint(column, row, mix(mix(mood.shade, mood.low, 0.22), on, lit));
    return row * canvas.macroblocksAcross + column;
  }

  private paint(column: number, row: number, colour: Colour): void {
    const { canvas, mask } = this;
    const { shade } = this.mood;
    for (let y = 0; y < 16; y++) {
      for (let x = 0; x < 16; x++) {
        this.grain = (Math.imul(this.grain, 1_664_525) + 1_013_904_223) | 0;
        const grain = (this.grain >> 29) * 0.75 * (mask[y * 16 + x] ?? 0);
        const luma = shade.luma + (colour.luma - shade.luma) * (mask[y * 16 + x] ?? 0) + grain;
        canvas.setLuma(column * 16 + x, row * 16 + y, Math.round(luma));
      }
    }
    const cb = Math.round(colour.cb);
    const cr = Math.round(colour.cr);
    for (let y = 0; y < 8; y++) {
      for (let x = 0; x < 8; x++) canvas.setChroma(column * 8 + x, row * 8 + y, cb, cr);
    }
  }
}

function lampMask(): Float32Array {
  const half = 6.5;
  const corner = 2.5;
  return Float32Array.from({ length: 256 }, (_, index) => {
    const x = Math.max(0, Math.abs((index & 15) - 7.5) - half + corner);
    const y = Math.max(0, Math.abs((index >> 4) - 7.5) - half + corner);
    return Math.min(1, Math.max(0, corner - Math.hypot(x, y) + 0.5));
  });
}
