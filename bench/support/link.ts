/** One direction of a network path, as arithmetic: when does a datagram arrive, if at all? */
export interface LinkOptions {
  readonly delayMs?: number;
  /** 0..1 of the datagrams vanish. */
  readonly lossRatio?: number;
  /** 0..1 of the datagrams come `reorderMs` later than they should. */
  readonly reorderRatio?: number;
  readonly reorderMs?: number;
  /** Of the narrowest hop, with a tail-drop queue of `queueBytes` in front of it. */
  readonly rateBps?: number;
  readonly queueBytes?: number;
}

const headerBytes = 28; // IPv4 and UDP

export class Link {
  readonly #options: LinkOptions;
  readonly #random: () => number;
  #freeAtMs = 0;
  datagrams = 0;
  lost = 0;
  /** Of `lost`, those that found the queue full. */
  droppedByQueue = 0;

  constructor(options: LinkOptions, random: () => number) {
    this.#options = options;
    this.#random = random;
  }

  /** Arrival of a datagram that is sent now, or undefined when it is lost. */
  arrivalMs(payloadBytes: number, nowMs: number): number | undefined {
    const {
      delayMs = 0,
      lossRatio = 0,
      reorderRatio = 0,
      reorderMs = 10,
      rateBps,
      queueBytes = 64_000,
    } = this.#options;
    // Both dice are thrown for every datagram, so that one option does not shift the other's sequence.
    this.datagrams++;
    const isLost = this.#random() < lossRatio;
    const isLate = this.#random() < reorderRatio;
    if (isLost) {
      this.lost++;
      return undefined;
    }
    let departureMs = nowMs;
    if (rateBps !== undefined) {
      const bytes = payloadBytes + headerBytes;
      const waitingBytes = (Math.max(0, this.#freeAtMs - nowMs) * rateBps) / 8000;
      if (waitingBytes + bytes > queueBytes) {
        this.lost++;
        this.droppedByQueue++;
        return undefined;
      }
      departureMs = Math.max(nowMs, this.#freeAtMs) + (bytes * 8000) / rateBps;
      this.#freeAtMs = departureMs;
    }
    return departureMs + delayMs + (isLate ? reorderMs : 0);
  }
}
