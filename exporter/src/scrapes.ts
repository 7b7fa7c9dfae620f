import type { Writable } from 'node:stream';
import { Readable } from 'node:stream';

/** Two Prometheus and a curious person; more at once would only wait for each other. */
const maxOpen = 4;
/** Whoever asked may be gone while a collector hangs: what its scrape holds stays until that one ends, if ever. */
const maxUnended = 16;

/** The scrapes of one server: how many it answers at once, and how many may be stuck. */
export class Scrapes {
  #open = 0;
  #unended = 0;

  /** Why no other one is answered now, as a sentence. */
  get refusal(): string | undefined {
    if (this.#open >= maxOpen) return `At most ${maxOpen} scrapes at once are answered.`;
    if (this.#unended >= maxUnended)
      return `${maxUnended} scrapes that were given up have not ended: a collector hangs.`;
    return undefined;
  }

  /** What the answer is made of. Not read to its end, it keeps a place until the response is closed. */
  begin(parts: AsyncIterable<string>, response: Writable): Readable {
    // Of one that is closed already there is no 'close' to come.
    if (!response.destroyed) {
      this.#open++;
      response.once('close', () => this.#open--);
    }
    return Readable.from(this.#untilItEnds(parts));
  }

  async *#untilItEnds(parts: AsyncIterable<string>): AsyncGenerator<string> {
    this.#unended++;
    try {
      yield* parts;
    } finally {
      this.#unended--;
    }
  }
}
