/**
 * One continuous clock per track, whatever the source does: reconnects, restarts and clock jumps of the camera
 * become a step of the size that really passed.
 */
const MAX_DISAGREEMENT_SECONDS = 5;

export class Timeline {
  /** Ticks per second. */
  readonly clockRate: number;
  #offset = 0;
  #state: 'empty' | 'continuous' | 'restarted' = 'empty';
  #lastTicks = 0;
  #lastArrivalMs = 0;

  constructor(clockRate: number) {
    this.clockRate = clockRate;
  }

  /** Stream ticks of an access unit: never further than 5 s from what the relay's own clock says passed since the last. */
  map(sourceTicks: number, arrivalMs: number): number {
    if (this.#state === 'empty') {
      this.#offset = -sourceTicks;
    } else {
      const elapsed = Math.round(((arrivalMs - this.#lastArrivalMs) / 1000) * this.clockRate);
      const claimed = sourceTicks + this.#offset - this.#lastTicks;
      const disagreement = Math.abs(claimed - elapsed);
      if (this.#state === 'restarted' || disagreement > MAX_DISAGREEMENT_SECONDS * this.clockRate)
        this.#offset += elapsed - claimed;
    }
    this.#state = 'continuous';
    this.#lastTicks = sourceTicks + this.#offset;
    this.#lastArrivalMs = arrivalMs;
    return this.#lastTicks;
  }

  /** A new connection: its ticks have nothing to do with the old ones. */
  restart(): void {
    if (this.#state === 'continuous') this.#state = 'restarted';
  }
}
