// Transport-wide congestion control feedback: draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1 (RTPFB
// with format 15). Not implemented: writing it, and the later "feedback on request" extension.

import { ProtocolError } from '../media/protocol-error.ts';
import { byteAt, uint32At } from './packet.ts';

/** Marks a packet that did not arrive in `TransportFeedback.arrivals`. */
export const notReceived = -0x8000_0000;

/** Arrival times count in these. */
export const ticksPerMs = 4;

export interface TransportFeedback {
  readonly senderSsrc: number;
  readonly mediaSsrc: number;
  /** Transport-wide sequence number of the first packet reported, 16 bits. */
  readonly baseSeq: number;
  /** Counts feedback packets, 8 bits. */
  readonly feedbackCount: number;
  /** 24 bits in units of 64 ms of the receiver's clock; `ReferenceClock` unwraps it. */
  readonly referenceTime: number;
  /** One per sequence number from `baseSeq`: units of 250 us since the reference time, or `notReceived`. */
  readonly arrivals: Int32Array;
}

/**
 * A path at its full rate sends about 1,000 packets between two feedbacks; the format would allow 65,535, in a few bytes
 * that would cost much to read.
 */
const maxStatusCount = 2000;
const headBytes = 16;
const symbol = { lost: 0, small: 1, large: 2 } as const;

/**
 * `body` is where the SSRC of the sender stands, `end` where the packet ends without its padding. Undefined when it tells
 * of more packets than a sender remembers: the one after an outage.
 */
export function parseTransportFeedback(
  buffer: Uint8Array,
  body: number,
  end: number,
): TransportFeedback | undefined {
  if (end - body < headBytes) {
    throw new ProtocolError(
      'RTCP_BAD_LENGTH',
      `Transport feedback: ${end - body} bytes, ${headBytes} needed`,
    );
  }
  const statusCount = (byteAt(buffer, body + 10) << 8) | byteAt(buffer, body + 11);
  if (statusCount === 0)
    throw new ProtocolError('RTCP_TRANSPORT_CC_BAD_COUNT', 'Transport feedback on no packet');
  if (statusCount > maxStatusCount) return undefined;
  const timing = uint32At(buffer, body + 12);
  const arrivals = new Int32Array(statusCount);
  const deltas = readSymbols(buffer, body + headBytes, end, arrivals);
  readDeltas(buffer, deltas, end, arrivals);
  return {
    senderSsrc: uint32At(buffer, body),
    mediaSsrc: uint32At(buffer, body + 4),
    baseSeq: (byteAt(buffer, body + 8) << 8) | byteAt(buffer, body + 9),
    feedbackCount: timing & 0xff,
    referenceTime: timing >>> 8,
    arrivals,
  };
}

/** Fills `symbols` from run-length and status-vector chunks; returns where the deltas start. */
function readSymbols(buffer: Uint8Array, start: number, end: number, symbols: Int32Array): number {
  let at = start;
  let filled = 0;
  while (filled < symbols.length) {
    if (at + 2 > end) throw new ProtocolError('RTCP_BAD_LENGTH', 'Transport feedback ends within its chunks');
    const chunk = (byteAt(buffer, at) << 8) | byteAt(buffer, at + 1);
    at += 2;
    if ((chunk & 0x8000) === 0) {
      const run = chunk & 0x1fff;
      if (run === 0 || run > symbols.length - filled) {
        throw new ProtocolError(
          'RTCP_TRANSPORT_CC_BAD_CHUNK',
          `A run of ${run} where ${symbols.length - filled} packets are left`,
        );
      }
      symbols.fill(chunk >> 13, filled, filled + run);
      filled += run;
    } else {
      // The last vector may be longer than what is left to tell.
      const bits = (chunk & 0x4000) === 0 ? 1 : 2;
      for (let shift = 14 - bits; shift >= 0 && filled < symbols.length; shift -= bits) {
        symbols[filled++] = (chunk >> shift) & (bits === 1 ? 1 : 3);
      }
    }
  }
  return at;
}

/** Turns symbols into arrival times in place: each delta counts from the packet received before. */
function readDeltas(buffer: Uint8Array, start: number, end: number, arrivals: Int32Array): void {
  let at = start;
  let ticks = 0;
  for (let i = 0; i < arrivals.length; i++) {
    const kind = arrivals[i];
    if (kind === symbol.lost) {
      arrivals[i] = notReceived;
      continue;
    }
    if (kind !== symbol.small && kind !== symbol.large) {
      throw new ProtocolError('RTCP_TRANSPORT_CC_BAD_CHUNK', 'The reserved packet status 3');
    }
    if (at + kind > end) throw new ProtocolError('RTCP_BAD_LENGTH', 'Transport feedback ends in its deltas');
    ticks +=
      kind === symbol.small
        ? byteAt(buffer, at)
        : ((byteAt(buffer, at) << 24) | (byteAt(buffer, at + 1) << 16)) >> 16;
    at += kind;
    arrivals[i] = ticks;
  }
  // Up to three bytes fill the last word; senders exist that do so without the padding bit.
  if (end - at > 3) {
    throw new ProtocolError('RTCP_BAD_LENGTH', `Transport feedback: ${end - at} bytes after the last delta`);
  }
}

const referenceMs = 64;

/** Counts reference times past 2^24 (12.4 days); starts at the first one. */
export class ReferenceClock {
  #newest: number | undefined;

  /** Milliseconds of the receiver's clock. A feedback that comes late gives its own, earlier time. */
  unwrapMs(referenceTime: number): number {
    const newest = this.#newest;
    const value = newest === undefined ? referenceTime : newest + (((referenceTime - newest) << 8) >> 8);
    if (newest === undefined || value > newest) this.#newest = value;
    return value * referenceMs;
  }
}
