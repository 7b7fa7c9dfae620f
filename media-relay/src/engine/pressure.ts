/** A measured share (0..1), smoothed, that becomes high at one level and is over at a lower one, so that it does not flap. */
export interface PressureLevels {
  readonly high: number;
  readonly low: number;
  /** Weight of the newest value, 0..1; 1 smooths nothing. */
  readonly weight: number;
}

export class Pressure {
  #levels: PressureLevels;
  #value = 0;
  #isHigh = false;

  constructor(levels: PressureLevels) {
    this.#levels = levels;
  }

  get value(): number {
    return this.#value;
  }

  get isHigh(): boolean {
    return this.#isHigh;
  }

  /** Judges what is there by other levels from now on. */
  setLevels(levels: PressureLevels): void {
    this.#levels = levels;
    this.#judge();
  }

  add(share: number): void {
    const { weight } = this.#levels;
    this.#value = weight * share + (1 - weight) * this.#value;
    this.#judge();
  }

  #judge(): void {
    const { high, low } = this.#levels;
    this.#isHigh = this.#value >= (this.#isHigh ? low : high);
  }
}
