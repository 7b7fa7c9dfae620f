import { OfferPace } from './offer-pace.ts';

export interface GateOptions {
  readonly pace?: OfferPace;
  readonly nowMs?: () => number;
  /** The relay answers again after it did not. */
  readonly onBack?: () => void;
}

/**
 * Lets at most `limit` holders in at once, and no faster than the pace; the others wait their turn, first come, first
 * served.
 */
export class Gate {
  readonly #limit: number;
  readonly #pace: OfferPace;
  readonly #nowMs: () => number;
  readonly #onBack: () => void;
  #inside = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(limit: number, options: GateOptions = {}) {
    this.#limit = limit;
    this.#pace = options.pace ?? new OfferPace(0, Math.random);
    this.#nowMs = options.nowMs ?? (() => performance.now());
    this.#onBack = options.onBack ?? (() => undefined);
  }

  /**
   * Resolves with the function that gives the place back (once; calling it again does nothing), as an abort does. Rejects when
   * it is aborted before.
   */
  enter(signal: AbortSignal): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const refuse = () => {
        this.#waiting.delete(admit);
        if (this.#waiting.size === 0) clearTimeout(this.#timer);
        reject(new Error('Left the queue'));
      };
      const admit = () => {
        signal.removeEventListener('abort', refuse);
        this.#inside++;
        let inside = true;
        const leave = () => {
          if (!inside) return;
          inside = false;
          this.#inside--;
          this.#next();
        };
        // Also for a holder that went before it heard that it was let in.
        signal.addEventListener('abort', leave, { once: true });
        resolve(leave);
      };
      if (signal.aborted) return refuse();
      signal.addEventListener('abort', refuse, { once: true });
      this.#waiting.add(admit);
      this.#next();
    });
  }

  /** The relay did not answer the offer for `stream`, or asked everybody to wait. */
  failed(stream: string, retryAfterMs = 0): void {
    this.#pace.failed(stream, this.#nowMs(), retryAfterMs);
  }

  answered(stream: string): void {
    const isBack = this.#pace.answered(stream, this.#nowMs());
    this.#next();
    if (isBack) this.#onBack();
  }

  #next(): void {
    clearTimeout(this.#timer);
    for (const admit of this.#waiting) {
      if (this.#inside >= this.#limit) return;
      const waitMs = this.#pace.waitMs(this.#nowMs());
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#next(), waitMs);
        return;
      }
      this.#waiting.delete(admit);
      this.#pace.took(this.#nowMs());
      admit();
    }
  }
}
