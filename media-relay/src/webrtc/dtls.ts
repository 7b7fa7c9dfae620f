/** DTLS 1.2 server side of one WebRTC session (RFC 6347, RFC 5764): the seam. Datagrams in, datagrams out, no sockets. */
import type { SrtpProfileName } from './srtp.ts';

export interface DtlsEvents {
  /** Send this datagram to the peer. The bytes are borrowed until the call returns. */
  readonly send: (datagram: Uint8Array) => void;
  /** The handshake is done and the peer's certificate is the one whose fingerprint the offer named. */
  readonly connected: (profile: SrtpProfileName, keyingMaterial: Uint8Array) => void;
  /** The peer said close_notify, the handshake failed, or the certificate was another one. Called at most once. */
  readonly ended: (reason: 'closed' | 'failed', detail: string) => void;
}

export interface Dtls {
  /** One datagram from the peer. Never throws. */
  handle(datagram: Uint8Array): void;
  /** Milliseconds until `handleTimeout` should run; undefined when no retransmission is pending. */
  timeoutMs(): number | undefined;
  handleTimeout(): void;
  /** Sends close_notify when connected, and frees everything. Idempotent. */
  close(): void;
}

export interface DtlsFactory {
  /** SHA-256 fingerprint of our certificate, as in SDP. */
  readonly fingerprint: string;
  /** `peerFingerprint`: SHA-256 as in the offer, in any case. */
  accept(peerFingerprint: string, events: DtlsEvents): Dtls;
  close(): void;
}
