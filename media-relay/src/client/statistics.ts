/** What one tile knows about its own picture, once a second, from two readings of the browser's counters. */

/** The browser's counters at one moment (W3C webrtc-stats, inbound-rtp of the video). */
export interface Counters {
  readonly atMs: number;
  readonly framesDecoded: number;
  readonly framesDropped: number;
  readonly bytesReceived: number;
  readonly packetsReceived: number;
  readonly packetsLost: number;
  readonly freezeCount: number;
  readonly jitterBufferDelaySeconds: number;
  readonly jitterBufferEmittedCount: number;
  readonly width: number | undefined;
  readonly height: number | undefined;
  /** As in SDP, without the kind: 'H264'. */
  readonly codec: string | undefined;
}

export interface TileStatistics {
  readonly fps: number;
  readonly bitrateBps: number;
  /** Mean time that the frames of the last second spent in the jitter buffer. */
  readonly jitterBufferMs: number | undefined;
  /** Since the session began, like the next two. */
  readonly framesDropped: number;
  readonly freezeCount: number;
  readonly packetsLost: number;
  readonly width: number | undefined;
  readonly height: number | undefined;
  readonly codec: string | undefined;
  /** Age of the painted picture: from its arrival at the relay. Undefined while unknown. */
  readonly delayMs: number | undefined;
}

/** Undefined when the two readings are of different sessions (a counter went backwards) or of one moment. */
export function statisticsBetween(
  before: Counters,
  after: Counters,
  delayMs: number | undefined,
): TileStatistics | undefined {
  const seconds = (after.atMs - before.atMs) / 1000;
  const frames = after.framesDecoded - before.framesDecoded;
  const bytes = after.bytesReceived - before.bytesReceived;
  if (seconds <= 0 || frames < 0 || bytes < 0) return undefined;
  const emitted = after.jitterBufferEmittedCount - before.jitterBufferEmittedCount;
  const bufferedSeconds = after.jitterBufferDelaySeconds - before.jitterBufferDelaySeconds;
  return {
    fps: frames / seconds,
    bitrateBps: (bytes * 8) / seconds,
    jitterBufferMs: emitted > 0 ? (bufferedSeconds / emitted) * 1000 : undefined,
    framesDropped: after.framesDropped,
    freezeCount: after.freezeCount,
    packetsLost: after.packetsLost,
    width: after.width,
    height: after.height,
    codec: after.codec,
    delayMs,
  };
}
