/**
 * Bits per picture. Each GOP has a budget of bitrate x its duration; after the scene took what it needs, the rest goes
 * into raw macroblocks, spread evenly over the pictures that are left. A scene that needs more gets coarser.
 */

/** mb_type, alignment and 384 samples. */
const rawMacroblockBits = 3072 + 16;
const finestQp = 20;
const coarsestQp = 38;

export interface RateOptions {
  readonly bitrateBps: number;
  readonly framesPerSecond: number;
  readonly gopFrames: number;
}

export interface PicturePlan {
  readonly isKey: boolean;
  readonly qp: number;
  readonly rawMacroblocks: number;
}

export class RateControl {
  private readonly gopBits: number;
  private readonly gopFrames: number;
  private qp = 24;
  private position = 0;
  private bitsLeft: number;
  /** What the scene alone took, smoothed, by kind of picture; unknown at first. */
  private keyNeed = Number.POSITIVE_INFINITY;
  private otherNeed = Number.POSITIVE_INFINITY;

  constructor(options: RateOptions) {
    this.gopFrames = options.gopFrames;
    this.gopBits = (options.bitrateBps / options.framesPerSecond) * options.gopFrames;
    this.bitsLeft = this.gopBits;
  }

  plan(): PicturePlan {
    const isKey = this.position === 0;
    const share = this.bitsLeft / (this.gopFrames - this.position);
    const spare = share - (isKey ? this.keyNeed : this.otherNeed);
    return { isKey, qp: this.qp, rawMacroblocks: Math.max(0, Math.round(spare / rawMacroblockBits)) };
  }

  /** What the planned picture took in the end. */
  spent(plan: PicturePlan, bits: number): void {
    const need = Math.max(0, bits - plan.rawMacroblocks * rawMacroblockBits);
    if (plan.isKey) this.keyNeed = smooth(this.keyNeed, need);
    else this.otherNeed = smooth(this.otherNeed, need);
    this.bitsLeft -= bits;
    this.position++;
    if (this.position < this.gopFrames) return;
    this.position = 0;
    this.adjustQp();
    // A debt is forgotten after one GOP: a picture that needs more than its rate takes more.
    this.bitsLeft = this.gopBits + Math.max(-this.gopBits / 10, Math.min(this.gopBits / 10, this.bitsLeft));
  }

  private adjustQp(): void {
    const needed = this.keyNeed + (this.gopFrames > 1 ? this.otherNeed * (this.gopFrames - 1) : 0);
    if (needed > this.gopBits) this.qp = Math.min(coarsestQp, this.qp + 4);
    else if (needed < this.gopBits * 0.5) this.qp = Math.max(finestQp, this.qp - 2);
  }
}

function smooth(average: number, value: number): number {
  return average === Number.POSITIVE_INFINITY ? value : average + (value - average) * 0.25;
}
