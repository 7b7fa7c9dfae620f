// RFC 3550 6.4.1 and A.3: what a receiver report says about one SSRC.

import type { ReportBlock, SenderReport } from './rtcp.ts';

/** Counts one SSRC for its report block. Losses are counted by the reorder buffer, over all SSRCs, and handed in. */
export class Reception {
  #highestSequence = -1;
  #expected = 0;
  #lostBefore = 0;
  #reportedExpected = 0;
  #reportedLost = 0;

  /** Another SSRC begins; `lostTotal` is what was lost before it. */
  begin(lostTotal: number): void {
    this.#highestSequence = -1;
    this.#expected = 0;
    this.#lostBefore = lostTotal;
    this.#reportedExpected = 0;
    this.#reportedLost = 0;
  }

  /** One packet in its place, `missing` lost ones before it. */
  delivered(sequence: number, missing: number, restart: boolean): void {
    this.#highestSequence =
      restart || this.#highestSequence === -1 ? sequence : this.#highestSequence + missing + 1;
    this.#expected += missing + 1;
  }

  /** The block for `ssrc`; begins the next interval. `senderReport` is the newest one, with its arrival. */
  report(
    ssrc: number,
    lostTotal: number,
    jitterTicks: number,
    senderReport: SenderReport | undefined,
    senderReportAgeMs: number,
  ): ReportBlock {
    const lost = lostTotal - this.#lostBefore;
    const expectedSince = this.#expected - this.#reportedExpected;
    const lostSince = lost - this.#reportedLost;
    this.#reportedExpected = this.#expected;
    this.#reportedLost = lost;
    const hasLoss = lostSince > 0 && expectedSince > 0;
    return {
      ssrc,
      fractionLost: hasLoss ? Math.min(255, Math.floor((lostSince * 256) / expectedSince)) : 0,
      cumulativeLost: lost,
      highestSequence: Math.max(0, this.#highestSequence) % 2 ** 32,
      jitterTicks: Math.min(2 ** 32 - 1, Math.floor(jitterTicks)),
      lastSr: senderReport === undefined ? 0 : middleOfNtp(senderReport),
      delaySinceLastSr: senderReport === undefined ? 0 : shortNtp(senderReportAgeMs),
    };
  }
}

function middleOfNtp({ ntpSeconds, ntpFraction }: SenderReport): number {
  return ((ntpSeconds << 16) | (ntpFraction >>> 16)) >>> 0;
}

/** Milliseconds in units of 1/65,536 s. */
function shortNtp(ms: number): number {
  return Math.min(2 ** 32 - 1, Math.max(0, Math.round(ms * 65.536)));
}
