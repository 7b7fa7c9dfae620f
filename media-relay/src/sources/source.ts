import type { AccessUnit } from '../media/access-unit.ts';
import type { Track } from '../media/track.ts';

/**
 * One way to get pictures, chosen by URL scheme. `run` is the life of one connection: it resolves or rejects when
 * that connection is over (rejecting with `SourceError`), and ends at once when `signal` aborts. It never retries;
 * `supervise` (supervisor.ts) does, for every kind of source alike.
 */
export interface Source {
  /** For people: the URL without its credentials. */
  readonly label: string;
  run(sink: SourceSink, signal: AbortSignal): Promise<void>;
}

export interface SourceSink {
  /** The tracks are known: before the first access unit, and again when anything about them changed. */
  tracks(tracks: readonly Track[]): void;
  /** Borrowed: see AccessUnit. Must not throw. */
  accessUnit(unit: AccessUnit): void;
  /** What was received since the last call (about once a second; exact, never negative). */
  received(report: ReceiveReport): void;
}

export interface ReceiveReport {
  readonly packets: number;
  readonly bytes: number;
  /** RTP packets that never came (net of late arrivals). */
  readonly lost: number;
  readonly reordered: number;
  /** Access units handed on with a hole or thrown away because of one. */
  readonly broken: number;
  /** Interarrival jitter of the video track, seconds (RFC 3550 6.4.1); undefined where it has no meaning. */
  readonly jitterSeconds: number | undefined;
  /** Round trip to the camera in seconds when the protocol shows it (RTSP keep-alive). */
  readonly roundTripSeconds: number | undefined;
  /** 'tcp' | 'udp' | 'local'. */
  readonly transport: string;
}

/** Why a connection ended. The set is bounded: it is a metric label. */
export const sourceErrorCodes = [
  'unreachable',
  'timeout',
  'unauthorized',
  'not-found',
  'refused-by-peer',
  'protocol',
  'tls',
  'ended',
  'stalled',
  'unsupported-codec',
  'internal',
] as const;
export type SourceErrorCode = (typeof sourceErrorCodes)[number];

export class SourceError extends Error {
  override readonly name = 'SourceError';
  readonly code: SourceErrorCode;

  constructor(code: SourceErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
