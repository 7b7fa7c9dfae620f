/** What one viewer's receiver reports tell (RFC 3550 6.4.2), and which sender reports they answer. Pure. */
import { unixMsToNtp } from '../rtp/clock.ts';
import type { ReportBlock } from '../rtp/rtcp.ts';
import type { ViewerPath, ViewerTransport } from '../stream/path-statistics.ts';

const TICKS_PER_SECOND = 90_000;
/** A report answers the newest sender report that had arrived; one per second leaves. */
const REMEMBERED = 8;
/** A viewer's clock may stand still while its machine sleeps: what looks longer is the sleep. */
const LONGEST_ROUND_TRIP_MS = 5000;

export class ViewerReports {
  readonly #sent: { readonly middleNtp: number; readonly atMs: number }[] = [];
  #lossRatio: number | undefined;
  #jitterSeconds: number | undefined;
  #roundTripMs: number | undefined;

  get roundTripMs(): number | undefined {
    return this.#roundTripMs;
  }

  /** With what the session knows of the path besides. */
  path(isLimited: boolean, transport: ViewerTransport | undefined): ViewerPath {
    return {
      transport,
      lossRatio: this.#lossRatio,
      jitterSeconds: this.#jitterSeconds,
      roundTripSeconds: this.#roundTripMs === undefined ? undefined : this.#roundTripMs / 1000,
      isLimited,
    };
  }

  /** A sender report with this wall clock left now. The clock may be the camera's, which is not ours. */
  sent(unixMs: number, nowMs: number): void {
    this.#sent.push({ middleNtp: middleNtp(unixMs), atMs: nowMs });
    if (this.#sent.length > REMEMBERED) this.#sent.shift();
  }

  /** What has left went there by another path than its answer will come back. */
  pathChanged(): void {
    this.#sent.length = 0;
    this.#roundTripMs = undefined;
  }

  /** Returns the round trip in ms when the report tells it (RFC 3550 6.4.1, with what left instead of LSR itself). */
  received(report: ReportBlock, nowMs: number): number | undefined {
    this.#lossRatio = report.fractionLost / 256;
    this.#jitterSeconds = report.jitterTicks / TICKS_PER_SECOND;
    const answered = this.#sent.findLast(({ middleNtp }) => middleNtp === report.lastSr);
    if (report.lastSr === 0 || answered === undefined) return undefined;
    const roundTripMs = nowMs - answered.atMs - (report.delaySinceLastSr / 65_536) * 1000;
    if (roundTripMs > LONGEST_ROUND_TRIP_MS) return undefined;
    // The viewer rounds, and its clock may run faster.
    if (roundTripMs > -1) this.#roundTripMs = Math.max(0, roundTripMs);
    return this.#roundTripMs;
  }
}

/** The middle 32 bits of an NTP timestamp. */
function middleNtp(unixMs: number): number {
  const { seconds, fraction } = unixMsToNtp(unixMs);
  return ((seconds << 16) | (fraction >>> 16)) >>> 0;
}
