/** DTLS 1.2 of one WebRTC session (RFC 6347, RFC 5764): the seam. Datagrams in, datagrams out, no sockets. */
import type { SrtpProfileName } from './srtp.ts';

/** Who says the first word: the client. */
export type DtlsRole = 'client' | 'server';

export interface DtlsEvents {
  /** Send this datagram to the peer. The bytes are borrowed until the call returns. */
  readonly send: (datagram: Uint8Array) => void;
  /**
   * There are keys, and the peer has the key of the certificate whose fingerprint the offer named. As the server that
   * is the end of the handshake. As the client it is one round trip earlier, behind our Finished (as TLS False Start,
   * RFC 7918): the peer signed the key exchange, only the rest of what it said is not confirmed yet.
   */
  readonly connected: (profile: SrtpProfileName, keyingMaterial: Uint8Array) => void;
  /**
   * As the client, once: the handshake is done, but our Finished had to be sent more than once. The peer had no keys
   * for what followed the first one.
   */
  readonly confirmedLate: () => void;
  /** The peer said close_notify, the handshake failed, or the certificate was another one. Called at most once. */
  readonly ended: (reason: 'closed' | 'failed', detail: string) => void;
}

export interface Dtls {
  /** The peer can be reached: a client begins. Does nothing from the second call on, and nothing as the server. */
  start(): void;
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
  /** We can be the server in any case. */
  readonly canBeClient: boolean;
  /**
   * `peerFingerprint`: SHA-256 as in the offer, in any case. `role`: ours. A client offers AES-GCM alone, for servers choose
   * by their own taste, and browsers like the dearer ciphers better.
   */
  open(role: DtlsRole, peerFingerprint: string, events: DtlsEvents): Dtls;
  close(): void;
}
