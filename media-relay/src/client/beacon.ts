/**
 * What a viewer tells the relay of its own picture: differences of the browser's counters since the last report, every 10 s and
 * once soon after the first picture. Works on plain numbers; whep-session.ts reads and sends.
 */

const EVERY_MS = 10_000;
const FIRST_AFTER_MS = 2_000;
/** The relay takes no longer ones; a page that slept reports what it has, in its place. */
const MOST_SECONDS = 60;

/** The browser's counters at one moment (W3C webrtc-stats: inbound-rtp of the video, the nominated candidate pair). */
export interface BeaconCounters {
  readonly framesDecoded: number;
  readonly framesDropped: number;
  readonly freezeCount: number;
  readonly totalFreezesDurationSeconds: number;
  readonly packetsReceived: number;
  readonly packetsLost: number;
  readonly jitterBufferDelaySeconds: number;
  readonly jitterBufferEmittedCount: number;
  readonly roundTripSeconds: number | undefined;
}

/** As the relay's `POST /api/v1/sessions/{id}/quality` takes it. */
export interface BeaconReport {
  readonly seconds: number;
  readonly framesDecoded: number;
  readonly framesDropped: number;
  readonly freezes: number;
  readonly freezeSeconds: number;
  readonly packetsReceived: number;
  readonly packetsLost: number;
  readonly roundTripMs?: number;
  readonly jitterBufferMs?: number;
  readonly firstFrameMs?: number;
  readonly delayMs?: number;
}

const none: BeaconCounters = {
  framesDecoded: 0,
  framesDropped: 0,
  freezeCount: 0,
  totalFreezesDurationSeconds: 0,
  packetsReceived: 0,
  packetsLost: 0,
  jitterBufferDelaySeconds: 0,
  jitterBufferEmittedCount: 0,
  roundTripSeconds: undefined,
};

export class Beacon {
  readonly #beganMs: number;
  #firstFrameMs: number | undefined;
  #isFirstFrameTold = false;
  #delayMs: number | undefined;
  #lastMs: number | undefined;
  #last = none;

  /** @param nowMs the moment of the wish to watch */
  constructor(nowMs: number) {
    this.#beganMs = nowMs;
  }

  painted(nowMs: number): void {
    this.#firstFrameMs ??= nowMs;
  }

  /** Median age of the newest pictures. */
  delay(delayMs: number | undefined): void {
    this.#delayMs = delayMs ?? this.#delayMs;
  }

  /** What is to be sent now; undefined while nothing is due. */
  due(nowMs: number, counters: BeaconCounters): BeaconReport | undefined {
    // Before the first picture there is nothing to watch.
    if (this.#firstFrameMs === undefined) return undefined;
    const dueMs = this.#lastMs === undefined ? this.#firstFrameMs + FIRST_AFTER_MS : this.#lastMs + EVERY_MS;
    if (nowMs < dueMs) return undefined;

    const seconds = Math.min(MOST_SECONDS, (nowMs - (this.#lastMs ?? this.#firstFrameMs)) / 1000);
    const last = this.#last;
    const grown = (field: Exclude<keyof BeaconCounters, 'roundTripSeconds'>): number =>
      Math.max(0, counters[field] - last[field]);
    const emitted = grown('jitterBufferEmittedCount');
    const report: BeaconReport = {
      seconds,
      framesDecoded: grown('framesDecoded'),
      framesDropped: grown('framesDropped'),
      freezes: grown('freezeCount'),
      freezeSeconds: grown('totalFreezesDurationSeconds'),
      packetsReceived: grown('packetsReceived'),
      // Late packets make it fall.
      packetsLost: grown('packetsLost'),
      ...(counters.roundTripSeconds !== undefined && { roundTripMs: counters.roundTripSeconds * 1000 }),
      ...(emitted > 0 && { jitterBufferMs: (grown('jitterBufferDelaySeconds') / emitted) * 1000 }),
      ...(!this.#isFirstFrameTold && { firstFrameMs: Math.max(0, this.#firstFrameMs - this.#beganMs) }),
      ...(this.#delayMs !== undefined && { delayMs: Math.max(0, this.#delayMs) }),
    };
    this.#isFirstFrameTold = true;
    this.#delayMs = undefined;
    this.#lastMs = nowMs;
    this.#last = counters;
    return report;
  }
}

/** Out of a getStats report; undefined until the browser counts a video. */
export function beaconCounters(report: Iterable<readonly [string, unknown]>): BeaconCounters | undefined {
  let video: unknown;
  let roundTripSeconds: number | undefined;
  for (const [, entry] of report) {
    const type = fieldOf(entry, 'type');
    if (type === 'inbound-rtp' && fieldOf(entry, 'kind') === 'video') video = entry;
    if (type === 'candidate-pair' && fieldOf(entry, 'nominated') === true)
      roundTripSeconds = numberOf(entry, 'currentRoundTripTime') ?? roundTripSeconds;
  }
  if (video === undefined) return undefined;
  const count = (name: string): number => numberOf(video, name) ?? 0;
  return {
    framesDecoded: count('framesDecoded'),
    framesDropped: count('framesDropped'),
    freezeCount: count('freezeCount'),
    totalFreezesDurationSeconds: count('totalFreezesDuration'),
    packetsReceived: count('packetsReceived'),
    packetsLost: count('packetsLost'),
    jitterBufferDelaySeconds: count('jitterBufferDelay'),
    jitterBufferEmittedCount: count('jitterBufferEmittedCount'),
    roundTripSeconds,
  };
}

function fieldOf(entry: unknown, name: string): unknown {
  return typeof entry === 'object' && entry !== null ? Reflect.get(entry, name) : undefined;
}

function numberOf(entry: unknown, name: string): number | undefined {
  const value = fieldOf(entry, name);
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
