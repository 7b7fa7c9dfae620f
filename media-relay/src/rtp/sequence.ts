// RFC 3550 A.1: sequence numbers of 16 bits and timestamps of 32 that wrap around.

/** Signed steps from one 16-bit sequence number to another the short way round: -32,768 to 32,767. */
export function sequenceSteps(from: number, to: number): number {
  return ((to - from) << 16) >> 16;
}

export function nextSequence(sequence: number): number {
  return (sequence + 1) & 0xffff;
}

/** Signed ticks from one 32-bit timestamp to another the short way round. */
export function timestampSteps(from: number, to: number): number {
  return (to - from) | 0;
}

/** RFC 3550 A.1: a step ahead up to this is loss, beyond it a sender that began anew. */
export const maxDropout = 3000;
/** RFC 3550 A.1: a step back up to this is a late packet or a duplicate. */
export const maxMisorder = 100;

/** Counts 16-bit sequence numbers past 2^16; a late one gives its own, smaller number. Starts at the first one. */
export class SequenceUnwrapper {
  #highest: number | undefined;

  unwrap(sequence: number): number {
    const highest = this.#highest;
    if (highest === undefined) return (this.#highest = sequence);
    const value = highest + sequenceSteps(highest & 0xffff, sequence);
    if (value > highest) this.#highest = value;
    return value;
  }

  reset(): void {
    this.#highest = undefined;
  }
}

/** Counts 32-bit RTP timestamps past 2^32, relative to the newest one unwrapped; starts at the first one. */
export class TimestampUnwrapper {
  #newest: number | undefined;

  unwrap(timestamp: number): number {
    return (this.#newest = this.peek(timestamp));
  }

  /** As `unwrap`, without taking it as the newest (sender reports). */
  peek(timestamp: number): number {
    const newest = this.#newest;
    if (newest === undefined) return timestamp;
    // `| 0` reduces modulo 2^32 whatever the size of `newest`, which stays exact up to 2^53.
    return newest + timestampSteps(newest, timestamp);
  }

  reset(): void {
    this.#newest = undefined;
  }
}
