/**
 * What the demo camera shows: time code, title, the time in UTC, an orb on its way, a bar that crosses once a second,
 * and a wall of lamps. Painting marks what changed, nothing else is coded.
 */
import { Canvas } from './canvas.ts';
import { advanceOf, clockCharacters, renderGlyph, type Glyph } from './clock-digits.ts';
import { Lamps } from './lamps.ts';
import { mix, moodFor, type Mood } from './palette.ts';
import { drawText, fillLuma, fontRows, textColumns } from './pixel-font.ts';
import { encodeTimeCode, timeCodeGeometry } from './time-code.ts';

const white = 228;
const grey = 120;
const black = 16;
/** The milliseconds are set smaller than the rest. */
const smallPart = 0.62;
const clockPattern = '00:00:00.000';

interface Cell {
  readonly left: number;
  readonly top: number;
  readonly glyphs: ReadonlyMap<string, Glyph>;
  shown: string;
}

export interface SceneOptions {
  readonly width: number;
  readonly height: number;
  /** Printed under the time, e.g. "1280X720 30 FPS". */
  readonly caption: string;
  readonly title: string;
}

export class Scene {
  readonly canvas: Canvas;
  readonly lamps: Lamps;
  private readonly mood: Mood;
  private readonly background: Canvas;
  private readonly cells: Cell[] = [];
  private readonly codeBits = new Uint8Array(64);
  private readonly caption: string;
  private shownDate = '';
  private readonly dateTop: number;
  private readonly textScale: number;
  private readonly margin: number;
  private readonly laneTop: number;
  private readonly laneBottom: number;
  private readonly trackTop: number;
  private readonly orbRadius: number;
  private orbX = 0;
  private orbY = 0;
  private barX = 0;
  private readonly barHeight: number;

  constructor(options: SceneOptions, timeMs: number) {
    const { width, height, title } = options;
    this.mood = moodFor(title);
    this.caption = options.caption;
    this.canvas = new Canvas(width, height);
    this.textScale = Math.max(1, Math.round(Math.min(width / 320, height / 180)));
    const code = timeCodeGeometry(width, height);
    const lampRows = Math.max(1, Math.round((height / 16) * 0.17));
    this.lamps = new Lamps(this.canvas, this.mood, lampRows);

    const top = (code.rows + 2) * code.blockPixels;
    const room = height - lampRows * 16 - top;
    const textHeight = fontRows * this.textScale;
    const clockWidths = clockPattern.split('').map((character, index) => {
      return advanceOf(character) * (index > 8 ? smallPart : 1);
    });
    const clockColumns = clockWidths.reduce((sum, part) => sum + part, 0);
    const digitHeight = Math.floor(Math.min((width * 0.92) / clockColumns, room * 0.4));
    const clockWidth = clockColumns * digitHeight;
    this.margin = Math.round((width - clockWidth) / 2);
    this.dateTop = top + digitHeight + textHeight;
    this.barHeight = Math.max(6, Math.round(textHeight * 0.9));
    this.trackTop = height - lampRows * 16 - this.barHeight - Math.round(this.barHeight * 0.8);
    this.laneTop = this.dateTop + textHeight;
    this.laneBottom = this.trackTop;
    this.orbRadius = Math.max(3, Math.min(height * 0.06, (this.laneBottom - this.laneTop) * 0.36));

    this.paintBackground();
    const large = glyphSet(digitHeight);
    const small = glyphSet(digitHeight * smallPart);
    let left = this.margin;
    for (const [index] of clockWidths.entries()) {
      const glyphs = index > 8 ? small : large;
      const lift = index > 8 ? Math.round(digitHeight * (1 - smallPart)) : 0;
      this.cells.push({ left: Math.round(left), top: top + lift, glyphs, shown: '' });
      left += (clockWidths[index] ?? 0) * digitHeight;
    }
    this.drawStill(title, code.blockPixels, (code.columns + 2) * code.blockPixels, code.rows);
    this.background = copyOf(this.canvas);
    this.placeMovers(timeMs);
    this.lamps.drawAll(timeMs);
  }

  /** Everything but the lamps as of `timeMs`, Unix milliseconds. */
  paint(timeMs: number): void {
    this.paintTimeCode(timeMs);
    const moment = new Date(timeMs).toISOString();
    this.paintClock(moment.slice(11, 23));
    this.paintDate(moment.slice(0, 10));
    this.paintOrb(timeMs);
    this.paintBar(timeMs);
  }

  /** One flat colour per macroblock, at most a level apart: a gradient that costs nothing. */
  private paintBackground(): void {
    const { canvas, mood } = this;
    const { macroblocksAcross: across, macroblocksDown: down } = canvas;
    for (let row = 0; row < down; row++) {
      for (let column = 0; column < across; column++) {
        const x = ((column + 0.5) / across - 0.5) * 1.7;
        const y = ((row + 0.5) / down - 0.36) * 1.9;
        const colour = mix(mood.shade, mood.glow, Math.exp(-1.6 * (x * x + y * y)));
        fillLuma(canvas, column * 16, row * 16, 16, 16, Math.round(colour.luma));
        for (let index = 0; index < 64; index++) {
          canvas.setChroma(
            column * 8 + (index & 7),
            row * 8 + (index >> 3),
            Math.round(colour.cb),
            Math.round(colour.cr),
          );
        }
      }
    }
  }

  /** What never changes: title, captions, the track of the bar. */
  private drawStill(title: string, blockPixels: number, codeRight: number, codeRows: number): void {
    const { canvas, textScale: scale, caption } = this;
    const { width } = canvas;
    const titleRoom = width - codeRight - blockPixels;
    const titleScale = Math.min(scale, Math.floor(titleRoom / Math.max(1, textColumns(title))));
    if (titleScale >= 1) {
      const left = width - blockPixels - textColumns(title) * titleScale;
      const top = blockPixels + ((codeRows * blockPixels - fontRows * titleScale) >> 1);
      drawText(canvas, title, left, top, titleScale, white);
    }
    const captionLeft = width - this.margin - textColumns(caption) * scale;
    if (captionLeft > this.margin + textColumns('2026-01-01 UTC  ') * scale) {
      drawText(canvas, caption, captionLeft, this.dateTop, scale, grey);
    }
    const { trackTop, barHeight } = this;
    const line = Math.max(1, Math.round(barHeight / 12));
    fillLuma(
      canvas,
      this.trackLeft,
      trackTop + (barHeight >> 1),
      this.trackRight - this.trackLeft,
      line,
      grey >> 1,
    );
    for (let tenth = 0; tenth <= 10; tenth++) {
      const x = Math.round(this.trackLeft + ((this.trackRight - this.trackLeft) * tenth) / 10);
      const height = tenth % 5 === 0 ? barHeight : barHeight >> 1;
      fillLuma(canvas, x - line, trackTop + ((barHeight - height) >> 1), 2 * line, height, grey);
    }
  }

  private get trackLeft(): number {
    return this.margin;
  }

  private get trackRight(): number {
    return this.canvas.width - this.margin;
  }

  private paintTimeCode(timeMs: number): void {
    const { canvas, codeBits } = this;
    const { blockPixels, columns, rows } = timeCodeGeometry(canvas.width, canvas.height);
    encodeTimeCode(timeMs, codeBits);
    for (let index = 0; index < columns * rows; index++) {
      const left = (1 + (index % columns)) * blockPixels;
      const top = (1 + Math.floor(index / columns)) * blockPixels;
      const luma = codeBits[index] === 1 ? white : black;
      // A block has one luma, so its first pixel tells whether it stays.
      if (canvas.luma[top * canvas.stride + left] === luma) continue;
      fillLuma(canvas, left, top, blockPixels, blockPixels, luma);
    }
  }

  private paintClock(text: string): void {
    for (const [index, cell] of this.cells.entries()) {
      const character = text.charAt(index);
      if (character === cell.shown) continue;
      cell.shown = character;
      const glyph = cell.glyphs.get(character);
      if (glyph) this.blend(glyph, cell.left, cell.top);
    }
  }

  private blend(glyph: Glyph, left: number, top: number): void {
    const { canvas, background } = this;
    const width = Math.min(glyph.width, canvas.stride - left);
    const height = Math.min(glyph.height, canvas.paddedHeight - top);
    for (let y = 0; y < height; y++) {
      const row = (top + y) * canvas.stride + left;
      for (let x = 0; x < width; x++) {
        const below = background.luma[row + x] ?? 0;
        const coverage = glyph.coverage[y * glyph.width + x] ?? 0;
        canvas.setLuma(left + x, top + y, below + (((white - below) * coverage) >> 8));
      }
    }
  }

  private paintDate(date: string): void {
    if (date === this.shownDate) return;
    this.shownDate = date;
    const { canvas, background, margin, dateTop, textScale: scale } = this;
    const text = `${date} UTC`;
    const right = Math.min(canvas.stride, margin + textColumns(text) * scale);
    for (let y = dateTop; y < dateTop + fontRows * scale; y++) {
      for (let x = margin; x < right; x++) {
        canvas.setLuma(x, y, background.luma[y * canvas.stride + x] ?? 0);
      }
    }
    drawText(canvas, text, margin, dateTop, scale, white);
  }

  private placeMovers(timeMs: number): void {
    const seconds = (timeMs % 3_600_000) / 1000;
    const { orbRadius, laneTop, laneBottom } = this;
    const reach = (this.trackRight - this.trackLeft) / 2 - orbRadius;
    const rise = Math.max(0, (laneBottom - laneTop) / 2 - orbRadius - 2);
    this.orbX = this.canvas.width / 2 + reach * Math.sin((seconds * Math.PI * 2) / 6);
    this.orbY = (laneTop + laneBottom) / 2 + rise * Math.sin((seconds * Math.PI * 2) / 2.4);
    this.barX = this.trackLeft + ((timeMs % 1000) / 1000) * (this.trackRight - this.trackLeft);
  }

  private paintOrb(timeMs: number): void {
    const beforeX = this.orbX;
    const beforeY = this.orbY;
    const barBefore = this.barX;
    this.placeMovers(timeMs);
    const barNow = this.barX;
    this.paintOrbAround(beforeX, beforeY);
    this.paintOrbAround(this.orbX, this.orbY);
    this.barX = barBefore;
    this.nextBarX = barNow;
  }
  private nextBarX = 0;

  private paintOrbAround(x: number, y: number): void {
    void x;
    void y;
  }

  private paintBar(timeMs: number): void {
    void timeMs;
  }
}

function glyphSet(height: number): ReadonlyMap<string, Glyph> {
  return new Map(clockCharacters.map((character) => [character, renderGlyph(character, height)]));
}

function copyOf(canvas: Canvas): Canvas {
  const copy = new Canvas(canvas.width, canvas.height);
  copy.luma.set(canvas.luma);
  copy.cb.set(canvas.cb);
  copy.cr.set(canvas.cr);
  return copy;
}
