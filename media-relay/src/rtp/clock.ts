// RFC 3550 6.4.1 (sender report timestamps) and A.8 (interarrival jitter).

import { TimestampUnwrapper, timestampSteps } from './sequence.ts';

/** A sender clock further than this from ours was never set, so it tells nothing. */
const maxClockErrorMs = 5 * 365 * 86_400_000;
const msPer32BitSeconds = 2 ** 32 * 1000;
const unixEpochInNtpSeconds = 2_208_988_800;
/** A sender that reports once and never again: carried on before 2^31 ticks (6.6 h of 90 kHz) read as a step back. */
const maxSinceReport = 2 ** 30;

/** Unix milliseconds of an NTP timestamp, in the NTP era nearest to `nearMs` (RFC 5905 6: 32-bit seconds wrap in 2036). */
export function ntpToUnixMs(seconds: number, fraction: number, nearMs: number): number {
  const ms = (seconds - unixEpochInNtpSeconds) * 1000 + (fraction / 2 ** 32) * 1000;
  return ms + Math.round((nearMs - ms) / msPer32BitSeconds) * msPer32BitSeconds;
}

export function unixMsToNtp(unixMs: number): { seconds: number; fraction: number } {
  const wholeSeconds = Math.floor(unixMs / 1000);
  const fraction = Math.min(2 ** 32 - 1, Math.round(((unixMs - wholeSeconds * 1000) / 1000) * 2 ** 32));
  return { seconds: (wholeSeconds + unixEpochInNtpSeconds) % 2 ** 32, fraction };
}

/** The three clocks of one RTP stream: its own ticks, the sender's wall clock (RTCP SR), our arrival times. */
export class RtpClock {
  readonly #clockRate: number;
  readonly #unwrapper = new TimestampUnwrapper();
  #reportTicks: number | undefined;
  #reportUnixMs = 0;
  #lastTimestamp: number | undefined;
  #lastArrivalMs = 0;
  #jitterTicks = 0;

  constructor(clockRate: number) {
    this.#clockRate = clockRate;
  }

  /** Unwrapped ticks of a 32-bit timestamp; call in decoding order. */
  ticks(timestamp: number): number {
    return this.#unwrapper.unwrap(timestamp);
  }

  /**
   * Takes the pair of clocks in a sender report that arrived at `arrivalUnixMs`, Unix time; a clock that says nothing (0) or was
   * never set is left aside.
   */
  senderReport(ntpSeconds: number, ntpFraction: number, rtpTimestamp: number, arrivalUnixMs: number): void {
    const unixMs = ntpToUnixMs(ntpSeconds, ntpFraction, arrivalUnixMs);
    const isSet = ntpSeconds !== 0 && Math.abs(unixMs - arrivalUnixMs) < maxClockErrorMs;
    this.#reportTicks = isSet ? this.#unwrapper.peek(rtpTimestamp) : undefined;
    this.#reportUnixMs = unixMs;
  }

  /** When the sender sampled `ticks`, by its own wall clock. */
  captureMs(ticks: number): number | undefined {
    if (this.#reportTicks === undefined) return undefined;
    // Modulo 2^32, because a report may come before the first packet fixed where the ticks start.
    const sinceReport = timestampSteps(this.#reportTicks, ticks);
    const unixMs = this.#reportUnixMs + (sinceReport * 1000) / this.#clockRate;
    if (sinceReport > maxSinceReport) {
      this.#reportTicks = ticks;
      this.#reportUnixMs = unixMs;
    }
    return unixMs;
  }

  /**
   * A.8, once per timestamp: the packets of one picture share theirs, and their spread is the picture's size,
   * not the network's doing.
   */
  arrived(timestamp: number, arrivalMs: number): void {
    if (timestamp === this.#lastTimestamp) return;
    if (this.#lastTimestamp !== undefined) {
      const arrivalTicks = ((arrivalMs - this.#lastArrivalMs) * this.#clockRate) / 1000;
      const difference = Math.abs(arrivalTicks - timestampSteps(this.#lastTimestamp, timestamp));
      // More than 10 s is a timestamp that jumped, not a network: the last report maps nothing any more.
      if (difference < this.#clockRate * 10) this.#jitterTicks += (difference - this.#jitterTicks) / 16;
      else this.#reportTicks = undefined;
    }
    this.#lastTimestamp = timestamp;
    this.#lastArrivalMs = arrivalMs;
  }

  get jitterTicks(): number {
    return this.#jitterTicks;
  }

  get jitterSeconds(): number {
    return this.#jitterTicks / this.#clockRate;
  }

  reset(): void {
    this.#unwrapper.reset();
    this.#reportTicks = undefined;
    this.#lastTimestamp = undefined;
    this.#jitterTicks = 0;
  }
}
