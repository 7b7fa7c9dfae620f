/**
 * The relay's clock seen from this page, and the moment a painted picture reached the relay. All local times are
 * `performance.timeOrigin + performance.now()`: monotonic, so a correction of the computer's clock moves nothing.
 */

/** Samples older than this say nothing about two clocks that drift. */
const SAMPLE_LIFE_MS = 60_000;
const MOST_SAMPLES = 32;
/** So far may two clocks drift apart while a sample lives. */
const DRIFT_MS = 20;

interface Sample {
  readonly takenMs: number;
  readonly roundTripMs: number;
  readonly offsetMs: number;
}

/** Relay clock minus local clock, from the request with the shortest round trip of the last minute. One per page. */
export class RelayClock {
  #samples: Sample[] = [];

  /** The relay read `relayMs` somewhere between the local moments of request and response; the middle is the best guess. */
  add(requestMs: number, responseMs: number, relayMs: number): void {
    const roundTripMs = responseMs - requestMs;
    if (!(roundTripMs >= 0) || !Number.isFinite(relayMs)) return;
    const newest: Sample = {
      takenMs: responseMs,
      roundTripMs,
      offsetMs: relayMs - (requestMs + responseMs) / 2,
    };
    const fresh = this.#samples.filter(
      (sample) => responseMs - sample.takenMs < SAMPLE_LIFE_MS && mayBothBeTrue(sample, newest),
    );
    this.#samples = [...fresh, newest].slice(-MOST_SAMPLES);
  }

  get offsetMs(): number | undefined {
    let best: Sample | undefined;
    for (const sample of this.#samples) {
      if (best === undefined || sample.roundTripMs <= best.roundTripMs) best = sample;
    }
    return best?.offsetMs;
  }
}

/** No offset is wrong by more than half its round trip, unless this computer's clock stood still in sleep, or the relay is another. */
function mayBothBeTrue(a: Sample, b: Sample): boolean {
  return Math.abs(a.offsetMs - b.offsetMs) <= (a.roundTripMs + b.roundTripMs) / 2 + DRIFT_MS;
}

const TICKS_PER_MS = 90;

/** One frame of a session: its RTP timestamp as sent to this viewer, and when it reached the relay (relay clock). */
export type FrameMark = readonly [rtpTimestamp: number, ingestMs: number];

/** `a - b` of two 32-bit RTP timestamps that are less than 2^31 ticks (6.6 hours) apart. */
export function rtpDifference(a: number, b: number): number {
  return (a - b) | 0;
}

/** When the frame with this RTP timestamp reached the relay: live frames advance linearly, 90 ticks per ms. */
export function ingestMsOf(rtpTimestamp: number, mark: FrameMark): number {
  return mark[1] + rtpDifference(rtpTimestamp, mark[0]) / TICKS_PER_MS;
}

/** How old a picture is that was painted at the local moment `paintedMs`. */
export function pictureAgeMs(
  paintedMs: number,
  rtpTimestamp: number,
  mark: FrameMark,
  offsetMs: number,
): number {
  return paintedMs + offsetMs - ingestMsOf(rtpTimestamp, mark);
}

interface SessionClock {
  readonly relayMs: number;
  readonly mark: FrameMark | undefined;
  readonly newestMs: number | undefined;
}

/**
 * Reads the relay's `{relayMs, frames: [[rtpTimestamp, ingestMs], ...]}`; undefined when it is anything else. `mark` is
 * the frame that arrived neither early nor late compared with the others (median): one frame alone would put its own
 * jitter into every age. `newestMs`: when the newest of them arrived.
 */
export function sessionClockFrom(body: string): SessionClock | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('relayMs' in value) || !('frames' in value))
    return undefined;
  const { relayMs, frames } = value;
  if (typeof relayMs !== 'number' || !Array.isArray(frames)) return undefined;
  const marks = frames.filter(isFrameMark);
  const [first] = marks;
  if (first === undefined) return { relayMs, mark: undefined, newestMs: undefined };
  const newestMs = Math.max(...marks.map(([, ingestMs]) => ingestMs));
  const latenessMs = (mark: FrameMark) => mark[1] - ingestMsOf(mark[0], first);
  const mark = marks.sort((a, b) => latenessMs(a) - latenessMs(b))[marks.length >> 1];
  return { relayMs, mark, newestMs };
}

function isFrameMark(value: unknown): value is FrameMark {
  return Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === 'number');
}
