/**
 * What moves over the still picture: an orb in its lane, and a bar with a tail that crosses its track once a second.
 * Each repaints where it was and where it is from the background, so the canvas sees only real changes.
 */
import type { Canvas } from './canvas.ts';
import type { Colour } from './palette.ts';

/** Pixels; right and bottom are outside. */
export interface Area {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** How much of the colour covers a point (0..1), and how bright the colour is there (1 is as given). */
type Coverage = (x: number, y: number) => number;
type Light = (x: number, y: number) => number;

/** Colour over background within an area. Two planes, one rule: chroma is sampled at the middle of its four pixels. */
function paintArea(
  canvas: Canvas,
  background: Canvas,
  area: Area,
  colour: Colour,
  coverage: Coverage,
  light: Light,
): void {
  const left = Math.max(0, Math.floor(area.left / 2));
  const top = Math.max(0, Math.floor(area.top / 2));
  const right = Math.min(canvas.stride / 2, Math.ceil(area.right / 2));
  const bottom = Math.min(canvas.paddedHeight / 2, Math.ceil(area.bottom / 2));
  const { stride } = canvas;
  for (let y = top * 2; y < bottom * 2; y++) {
    for (let x = left * 2; x < right * 2; x++) {
      const below = background.luma[y * stride + x] ?? 0;
      const part = coverage(x + 0.5, y + 0.5);
      const luma = part === 0 ? below : below + (colour.luma * light(x + 0.5, y + 0.5) - below) * part;
      canvas.setLuma(x, y, Math.min(235, luma + 0.5) | 0);
    }
  }
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const index = y * (stride >> 1) + x;
      const cb = background.cb[index] ?? 0;
      const cr = background.cr[index] ?? 0;
      const part = coverage(2 * x + 1, 2 * y + 1);
      canvas.setChroma(
        x,
        y,
        (cb + (colour.cb - cb) * part + 0.5) | 0,
        (cr + (colour.cr - cr) * part + 0.5) | 0,
      );
    }
  }
}

const fullCircle = Math.PI * 2;
const orbCrossingMs = 6000;
const orbBobMs = 2500;

export class Orb {
  private readonly canvas: Canvas;
  private readonly background: Canvas;
  private readonly colour: Colour;
  private readonly lane: Area;
  private readonly radius: number;
  private x = 0;
  private y = 0;
  private shown: Area | undefined;

  constructor(canvas: Canvas, background: Canvas, colour: Colour, lane: Area) {
    this.canvas = canvas;
    this.background = background;
    this.colour = colour;
    this.lane = lane;
    this.radius = Math.max(3, Math.min(canvas.height * 0.065, (lane.bottom - lane.top) * 0.32));
  }

  paint(timeMs: number): void {
    const { lane, radius } = this;
    const reach = (lane.right - lane.left) / 2 - radius;
    const rise = Math.max(0, (lane.bottom - lane.top) / 2 - radius - 2);
    this.x =
      (lane.left + lane.right) / 2 +
      reach * Math.sin(((timeMs % orbCrossingMs) / orbCrossingMs) * fullCircle);
    this.y = (lane.top + lane.bottom) / 2 + rise * Math.sin(((timeMs % orbBobMs) / orbBobMs) * fullCircle);
    const area: Area = {
      left: this.x - radius - 1,
      top: this.y - radius - 1,
      right: this.x + radius + 1,
      bottom: this.y + radius + 1,
    };
    if (this.shown) this.paintWithin(this.shown);
    this.paintWithin(area);
    this.shown = area;
  }

  private paintWithin(area: Area): void {
    paintArea(this.canvas, this.background, area, this.colour, this.coverage, this.light);
  }

  private readonly coverage: Coverage = (x, y) => {
    const squared = (x - this.x) ** 2 + (y - this.y) ** 2;
    const outer = this.radius + 0.5;
    if (squared >= outer * outer) return 0;
    return Math.min(1, outer - Math.sqrt(squared));
  };

  /** Lit from the upper left. */
  private readonly light: Light = (x, y) => {
    const dx = (x - this.x) / this.radius + 0.35;
    const dy = (y - this.y) / this.radius + 0.4;
    return Math.max(0.3, 1.18 - 0.34 * (dx * dx + dy * dy));
  };
}

const barCrossingMs = 1000;

export class Bar {
  private readonly canvas: Canvas;
  private readonly background: Canvas;
  private readonly colour: Colour;
  private readonly track: Area;
  private readonly halfWidth: number;
  private readonly tail: number;
  private x = 0;
  private shown: Area | undefined;

  constructor(canvas: Canvas, background: Canvas, colour: Colour, track: Area) {
    this.canvas = canvas;
    this.background = background;
    this.colour = colour;
    this.track = track;
    this.halfWidth = Math.max(1.5, canvas.width / 320);
    this.tail = canvas.width / 16;
  }

  /** The bar stands at the fraction of the second, so two screens side by side show their difference. */
  paint(timeMs: number): void {
    const { track } = this;
    this.x = track.left + ((timeMs % barCrossingMs) / barCrossingMs) * (track.right - track.left);
    const area: Area = {
      left: this.x - this.tail,
      top: track.top,
      right: this.x + this.halfWidth + 1,
      bottom: track.bottom,
    };
    if (this.shown) this.paintWithin(this.shown);
    this.paintWithin(area);
    this.shown = area;
  }

  private paintWithin(area: Area): void {
    paintArea(this.canvas, this.background, area, this.colour, this.coverage, fullLight);
  }

  private readonly coverage: Coverage = (x) => {
    const distance = Math.abs(x - this.x);
    const core = Math.min(1, Math.max(0, this.halfWidth + 0.5 - distance));
    if (core === 1 || x > this.x) return core;
    const fade = Math.max(0, 1 - distance / this.tail);
    return Math.max(core, 0.45 * fade * fade);
  };
}

const fullLight: Light = () => 1;
