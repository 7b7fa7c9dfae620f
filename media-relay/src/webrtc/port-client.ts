import type { Destination } from './egress.ts';

/** What a session is to the media port, whose datagrams it gets. */
export interface PortClient {
  readonly localUfrag: string;
  /** A STUN packet; returns true when it proved that this address belongs to the session. */
  onStun(datagram: Uint8Array, from: Destination, nowMs: number): boolean;
  onDtls(datagram: Uint8Array, from: Destination): void;
  onRtcp(datagram: Uint8Array, from: Destination, nowMs: number): void;
  /** This host lost the address of this path for now: it may lead nowhere. */
  onPathDoubtful(path: Destination): void;
  /** This path is now another session's, or gone. */
  onPathLost(path: Destination): void;
}

/** A browser has a handful of addresses; more than this for one session is not a browser. */
export const MAX_PATHS = 16;

/** Nothing authentic from the viewer for this long, all in all or by one path: it is gone (RFC 7675). */
export const SILENCE_MS = 30_000;

/** RFC 7983: the first byte tells what a datagram is. */
export function datagramKind(datagram: Uint8Array): 'stun' | 'dtls' | 'rtp' | 'unknown' {
  const first = datagram[0] ?? 255;
  if (first < 4) return 'stun';
  if (first >= 20 && first < 64) return 'dtls';
  return first >= 128 && first < 192 ? 'rtp' : 'unknown';
}
