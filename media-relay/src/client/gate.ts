/** Lets at most `limit` holders in at once; the others wait their turn, first come, first served. */
export class Gate {
  readonly #limit: number;
  #inside = 0;
  readonly #waiting = new Set<() => void>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Resolves with the function that gives the place back (once; calling it again does nothing). Rejects on abort. */
  enter(signal: AbortSignal): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const refuse = () => {
        this.#waiting.delete(admit);
        reject(new Error('Left the queue'));
      };
      const admit = () => {
        signal.removeEventListener('abort', refuse);
        this.#inside++;
        let inside = true;
        resolve(() => {
          if (!inside) return;
          inside = false;
          this.#inside--;
          this.#next();
        });
      };
      if (signal.aborted) return refuse();
      signal.addEventListener('abort', refuse, { once: true });
      this.#waiting.add(admit);
      this.#next();
    });
  }

  #next(): void {
    for (const admit of this.#waiting) {
      if (this.#inside >= this.#limit) return;
      this.#waiting.delete(admit);
      admit();
    }
  }
}
