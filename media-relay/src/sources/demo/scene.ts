/**
 * What the demo camera shows: time code, title, the time in UTC, an orb on its way, a bar that crosses once a second,
 * and a wall of lamps. Painting marks what changed, nothing else is coded.
 */
import { Canvas } from './canvas.ts';
import { advanceOf, clockCharacters, renderGlyph, type Glyph } from './clock-digits.ts';
import { Lamps } from './lamps.ts';
import { Bar, Orb, type Area } from './movers.ts';
import { mix, moodFor, type Mood } from './palette.ts';
import { drawText, fillLuma, fontRows, textColumns } from './pixel-font.ts';
import { encodeTimeCode, timeCodeGeometry, type TimeCodeGeometry } from './time-code.ts';

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
  private shownDate = '';
  private readonly dateTop: number;
  private readonly textScale: number;
  private readonly margin: number;
  private readonly orb: Orb;
  private readonly bar: Bar;

  constructor(options: SceneOptions, timeMs: number) {
    const { width, height, title } = options;
    this.mood = moodFor(title);
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
    const barHeight = Math.max(6, Math.round(textHeight * 0.9));
    const trackTop = height - lampRows * 16 - Math.round(barHeight * 1.8);
    const right = width - this.margin;
    const track: Area = { left: this.margin, top: trackTop, right, bottom: trackTop + barHeight };
    const lane: Area = { left: this.margin, top: this.dateTop + textHeight, right, bottom: trackTop };

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
    this.drawTitle(title, code);
    this.drawCaption(options.caption);
    this.drawTrack(track);
    this.background = copyOf(this.canvas);
    this.orb = new Orb(this.canvas, this.background, this.mood.orb, lane);
    this.bar = new Bar(this.canvas, this.background, this.mood.orb, track);
    this.lamps.drawAll(timeMs);
  }

  /** Everything but the lamps as of `timeMs`, Unix milliseconds. */
  paint(timeMs: number): void {
    this.paintTimeCode(timeMs);
    const moment = new Date(timeMs).toISOString();
    this.paintClock(moment.slice(11, 23));
    this.paintDate(moment.slice(0, 10));
    this.orb.paint(timeMs);
    this.bar.paint(timeMs);
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

  /** To the right of the time code, as large as fits. */
  private drawTitle(title: string, code: TimeCodeGeometry): void {
    const { canvas, textScale } = this;
    const block = code.blockPixels;
    const room = canvas.width - (code.columns + 3) * block;
    const scale = Math.min(textScale, Math.floor(room / Math.max(1, textColumns(title))));
    if (scale < 1) return;
    const left = canvas.width - block - textColumns(title) * scale;
    drawText(canvas, title, left, block + ((code.rows * block - fontRows * scale) >> 1), scale, white);
  }

  /** At the right end of the date's line, if there is room for both. */
  private drawCaption(caption: string): void {
    const { canvas, margin, dateTop, textScale: scale } = this;
    const left = canvas.width - margin - textColumns(caption) * scale;
    if (left < margin + textColumns('2026-01-01 UTC  ') * scale) return;
    drawText(canvas, caption, left, dateTop, scale, grey);
  }

  /** A line with a mark at every tenth of a second. */
  private drawTrack(track: Area): void {
    const { left, right, top, bottom } = track;
    const height = bottom - top;
    const line = Math.max(1, Math.round(height / 12));
    fillLuma(this.canvas, left, top + ((height - line) >> 1), right - left, line, grey >> 1);
    for (let tenth = 0; tenth <= 10; tenth++) {
      const x = Math.round(left + ((right - left) * tenth) / 10);
      const mark = tenth % 5 === 0 ? height : height >> 1;
      fillLuma(this.canvas, x - line, top + ((height - mark) >> 1), 2 * line, mark, grey);
    }
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
