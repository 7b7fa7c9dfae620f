/** SRTP (RFC 3711) with AES-128-GCM (RFC 7714) or AES-CM and HMAC-SHA1-80: the seam between our packets and a cipher. */
import type { Block } from '../native/arena.ts';

/** DTLS-SRTP protection profiles (RFC 5764 4.1.2, RFC 7714 14.2), best first. */
export const srtpProfiles = {
  aes128gcm: {
    id: 0x0007,
    openSslName: 'SRTP_AEAD_AES_128_GCM',
    keyBytes: 16,
    saltBytes: 12,
    rtpTagBytes: 16,
  },
  aes128cmSha1: {
    id: 0x0001,
    openSslName: 'SRTP_AES128_CM_SHA1_80',
    keyBytes: 16,
    saltBytes: 14,
    rtpTagBytes: 10,
  },
} as const;
export type SrtpProfileName = keyof typeof srtpProfiles;

export const profileById = (id: number): SrtpProfileName | undefined =>
  id === srtpProfiles.aes128gcm.id
    ? 'aes128gcm'
    : id === srtpProfiles.aes128cmSha1.id
      ? 'aes128cmSha1'
      : undefined;

/** Session keys of one direction, derived from its master key (RFC 3711 4.3). `auth` keys only for AES-CM. */
export interface SrtpSessionKeys {
  readonly rtp: { readonly key: Uint8Array; readonly auth: Uint8Array; readonly salt: Uint8Array };
  readonly rtcp: { readonly key: Uint8Array; readonly auth: Uint8Array; readonly salt: Uint8Array };
}

/** Largest trailer that sealing adds behind an RTCP packet: tag and index word. */
export const SRTCP_TRAILER_BYTES = 20;

/** One viewer's keys at work. The caller never lets one (ssrc, roc, seq) cover two different packets. */
export interface SrtpCipher {
  readonly profile: SrtpProfileName;
  readonly rtpTagBytes: number;
  /**
   * Makes an SRTP packet in the send buffer. The RTP header of `headerBytes` already stands at `packetAt`; the
   * payload is read from `source`, which stays as it is. Returns the packet's whole length.
   */
  sealRtp(
    packetAt: number,
    headerBytes: number,
    source: Block,
    sourceAt: number,
    sourceBytes: number,
    ssrc: number,
    roc: number,
    seq: number,
  ): number;
  /** Encrypts in place the compound RTCP packet of `length` bytes at `packetAt` of the send buffer; returns its new length. */
  sealRtcp(packetAt: number, length: number): number;
  /** Authenticates and decrypts one received SRTCP packet; undefined when it is forged, damaged or a replay. */
  openRtcp(datagram: Uint8Array): Uint8Array | undefined;
  close(): void;
}

export interface SrtpCipherFactory {
  create(profile: SrtpProfileName, local: SrtpSessionKeys, remote: SrtpSessionKeys): SrtpCipher;
}

/** A viewer needs one for pictures and one for sound; some send each kind of feedback under one of its own. */
const MAX_SENDERS = 16;

/**
 * Which SRTCP packets of a viewer have come. Each SSRC that it sends under counts by itself (RFC 3711 3.2.3), so what a
 * browser reports of the sound says nothing about its reports on the pictures.
 */
export class ReplayWindows {
  readonly #windows = new Map<number, ReplayWindow>();

  /** True when this SSRC's `index` was not seen before; only call it for packets that proved authentic. */
  accept(ssrc: number, index: number): boolean {
    let window = this.#windows.get(ssrc);
    if (window === undefined) {
      // None is forgotten, or its packets could come again.
      if (this.#windows.size >= MAX_SENDERS) return false;
      window = new ReplayWindow();
      this.#windows.set(ssrc, window);
    }
    return window.accept(index);
  }
}

/** Sliding window over SRTCP indices (RFC 3711 3.3.2): 64 wide. */
class ReplayWindow {
  #newest = -1;
  #seen = 0n;

  accept(index: number): boolean {
    if (index > this.#newest) {
      const shift = index - this.#newest;
      this.#seen = shift >= 64 ? 1n : ((this.#seen << BigInt(shift)) | 1n) & 0xffff_ffff_ffff_ffffn;
      this.#newest = index;
      return true;
    }
    const age = this.#newest - index;
    if (age >= 64) return false;
    const bit = 1n << BigInt(age);
    if (this.#seen & bit) return false;
    this.#seen |= bit;
    return true;
  }
}
