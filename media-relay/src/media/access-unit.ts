import type { Track } from './track.ts';

/**
 * The one thing that crosses the house: one coded picture or one audio frame of one track.
 *
 * The bytes are *borrowed*: they are valid until the call that hands the access unit over returns, so that a
 * source can reuse its buffer. Whoever keeps it, copies it.
 */
export interface AccessUnit {
  readonly track: Track;
  /** Sampling instant in ticks of `track.clockRate`, unwrapped: it starts anywhere and grows past 2^32. */
  readonly ticks: number;
  /** When its last byte reached the relay: milliseconds since the Unix epoch on the relay's monotonic clock. */
  readonly arrivalMs: number;
  /** Sampling instant by the sender's own wall clock (RTCP SR), milliseconds since the Unix epoch, when known. */
  readonly captureMs: number | undefined;
  /** Decoding can start here: an IDR picture with its parameter sets in front. True for every audio frame. */
  readonly isKey: boolean;
  /** Packets of it were lost: decoding it would show damage. */
  readonly isBroken: boolean;
  /** Video: NAL units without start codes, back to back. Audio: one frame. */
  readonly data: Uint8Array;
  /** End offset in `data` of each unit; the first starts at 0. Audio has one. */
  readonly unitEnds: readonly number[];
}
