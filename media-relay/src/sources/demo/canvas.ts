/** A 4:2:0 picture in whole macroblocks that remembers which of them were painted differently. */
export class Canvas {
  /** Displayed size; the planes go on to the next multiple of 16. */
  readonly width: number;
  readonly height: number;
  readonly macroblocksAcross: number;
  readonly macroblocksDown: number;
  readonly stride: number;
  readonly luma: Uint8Array;
  readonly cb: Uint8Array;
  readonly cr: Uint8Array;
  /** By macroblock: `clean`, `changed` or `raw`. */
  readonly damage: Uint8Array;

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.macroblocksAcross = Math.ceil(width / 16);
    this.macroblocksDown = Math.ceil(height / 16);
    this.stride = this.macroblocksAcross * 16;
    const macroblocks = this.macroblocksAcross * this.macroblocksDown;
    this.luma = new Uint8Array(macroblocks * 256);
    this.cb = new Uint8Array(macroblocks * 64).fill(128);
    this.cr = new Uint8Array(macroblocks * 64).fill(128);
    this.damage = new Uint8Array(macroblocks);
  }

  get paddedHeight(): number {
    return this.macroblocksDown * 16;
  }

  setLuma(x: number, y: number, value: number): void {
    const index = y * this.stride + x;
    if (this.luma[index] === value) return;
    this.luma[index] = value;
    this.markChanged((y >> 4) * this.macroblocksAcross + (x >> 4));
  }

  /** At chroma coordinates: half the luma ones. */
  setChroma(x: number, y: number, cb: number, cr: number): void {
    const index = y * (this.stride >> 1) + x;
    if (this.cb[index] === cb && this.cr[index] === cr) return;
    this.cb[index] = cb;
    this.cr[index] = cr;
    this.markChanged((y >> 3) * this.macroblocksAcross + (x >> 3));
  }

  private markChanged(macroblock: number): void {
    this.damage[macroblock] = (this.damage[macroblock] ?? 0) | changed;
  }
}

/** Values of `Canvas.damage`. A raw macroblock is to be sent sample by sample, changed or not. */
export const clean = 0;
export const changed = 1;
export const raw = 2;
