/**
 * SRTP and SRTCP by node:crypto alone: RFC 7714 (AES-128-GCM), RFC 3711 (AES-CM with HMAC-SHA1-80). Bit for bit what
 * the native half makes. Keys are KeyObjects: with a Buffer as key, Node 24 spends 10 us more on each packet.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  timingSafeEqual,
  type KeyObject,
} from 'node:crypto';
import type { Block } from '../native/arena.ts';
import { cmIv, gcmRtcpIv, gcmRtpIv, readWord, writeWord } from './srtp-iv.ts';
import {
  ReplayWindows,
  srtpProfiles,
  type SrtpCipher,
  type SrtpCipherFactory,
  type SrtpProfileName,
  type SrtpSessionKeys,
} from './srtp.ts';

const MAX_RTCP_BYTES = 1500;
const ENCRYPTED = 0x8000_0000;
const GCM_TAG_BYTES = 16;
const HMAC_TAG_BYTES = 10;
const gcmOptions = { authTagLength: GCM_TAG_BYTES } as const;

/** `sendBuffer` is where sealed packets are made; the egress sends from it. */
export function portableSrtp(sendBuffer: Block): SrtpCipherFactory {
  return {
    create: (profile, local, remote) =>
      profile === 'aes128gcm'
        ? new GcmCipher(sendBuffer.bytes, local, remote)
        : new CmCipher(sendBuffer.bytes, local, remote),
  };
}

class GcmCipher implements SrtpCipher {
  readonly profile: SrtpProfileName = 'aes128gcm';
  readonly rtpTagBytes = srtpProfiles.aes128gcm.rtpTagBytes;
  readonly #out: Uint8Array;
  readonly #local: SrtpSessionKeys;
  readonly #remote: SrtpSessionKeys;
  readonly #rtpKey: KeyObject;
  readonly #rtcpOutKey: KeyObject;
  readonly #rtcpInKey: KeyObject;
  readonly #iv = new Uint8Array(12);
  readonly #word = new Uint8Array(4);
  readonly #replay = new ReplayWindows();
  #rtcpIndex = 0;

  constructor(out: Uint8Array, local: SrtpSessionKeys, remote: SrtpSessionKeys) {
    this.#out = out;
    this.#local = local;
    this.#remote = remote;
    this.#rtpKey = createSecretKey(local.rtp.key);
    this.#rtcpOutKey = createSecretKey(local.rtcp.key);
    this.#rtcpInKey = createSecretKey(remote.rtcp.key);
  }

  sealRtp(
    packetAt: number,
    headerBytes: number,
    source: Block,
    sourceAt: number,
    sourceBytes: number,
    ssrc: number,
    roc: number,
    seq: number,
  ): number {
    gcmRtpIv(this.#iv, this.#local.rtp.salt, ssrc, roc, seq);
    const payloadAt = packetAt + headerBytes;
    const cipher = createCipheriv('aes-128-gcm', this.#rtpKey, this.#iv, gcmOptions);
    cipher.setAAD(this.#out.subarray(packetAt, payloadAt));
    this.#out.set(cipher.update(source.bytes.subarray(sourceAt, sourceAt + sourceBytes)), payloadAt);
    cipher.final();
    this.#out.set(cipher.getAuthTag(), payloadAt + sourceBytes);
    return headerBytes + sourceBytes + GCM_TAG_BYTES;
  }

  sealRtcp(packetAt: number, length: number): number {
    const out = this.#out;
    const index = this.#rtcpIndex;
    this.#rtcpIndex = (index + 1) % ENCRYPTED;
    gcmRtcpIv(this.#iv, this.#local.rtcp.salt, out, packetAt, index);
    writeWord(this.#word, 0, ENCRYPTED + index);
    const cipher = createCipheriv('aes-128-gcm', this.#rtcpOutKey, this.#iv, gcmOptions);
    cipher.setAAD(Buffer.concat([out.subarray(packetAt, packetAt + 8), this.#word]));
    out.set(cipher.update(out.subarray(packetAt + 8, packetAt + length)), packetAt + 8);
    cipher.final();
    out.set(cipher.getAuthTag(), packetAt + length);
    out.set(this.#word, packetAt + length + GCM_TAG_BYTES);
    return length + GCM_TAG_BYTES + 4;
  }

  openRtcp(datagram: Uint8Array): Uint8Array | undefined {
    const sealed = datagram.length - 8 - GCM_TAG_BYTES - 4;
    if (sealed < 0 || datagram.length > MAX_RTCP_BYTES) return undefined;
    const index = readWord(datagram, datagram.length - 4);
    // RFC 7714 9.3 would allow unencrypted SRTCP; nobody sends it and we do not accept it.
    if (index < ENCRYPTED) return undefined;
    gcmRtcpIv(this.#iv, this.#remote.rtcp.salt, datagram, 0, index - ENCRYPTED);
    const head = datagram.subarray(0, 8);
    const decipher = createDecipheriv('aes-128-gcm', this.#rtcpInKey, this.#iv, gcmOptions);
    decipher.setAAD(Buffer.concat([head, datagram.subarray(datagram.length - 4)]));
    decipher.setAuthTag(datagram.subarray(8 + sealed, 8 + sealed + GCM_TAG_BYTES));
    const plain = decipher.update(datagram.subarray(8, 8 + sealed));
    try {
      decipher.final();
    } catch {
      return undefined; // forged or damaged
    }
    if (!this.#replay.accept(readWord(datagram, 4), index - ENCRYPTED)) return undefined;
    return Buffer.concat([head, plain]);
  }

  /** The keys go with the last reference to them. */
  close(): void {}
}

class CmCipher implements SrtpCipher {
  readonly profile: SrtpProfileName = 'aes128cmSha1';
  readonly rtpTagBytes = srtpProfiles.aes128cmSha1.rtpTagBytes;
  readonly #out: Uint8Array;
  readonly #local: SrtpSessionKeys;
  readonly #remote: SrtpSessionKeys;
  readonly #rtpKey: KeyObject;
  readonly #rtpMacKey: KeyObject;
  readonly #rtcpOutKey: KeyObject;
  readonly #rtcpOutMacKey: KeyObject;
  readonly #rtcpInKey: KeyObject;
  readonly #rtcpInMacKey: KeyObject;
  readonly #iv = new Uint8Array(16);
  readonly #word = new Uint8Array(4);
  readonly #replay = new ReplayWindows();
  #rtcpIndex = 0;

  constructor(out: Uint8Array, local: SrtpSessionKeys, remote: SrtpSessionKeys) {
    this.#out = out;
    this.#local = local;
    this.#remote = remote;
    this.#rtpKey = createSecretKey(local.rtp.key);
    this.#rtpMacKey = createSecretKey(local.rtp.auth);
    this.#rtcpOutKey = createSecretKey(local.rtcp.key);
    this.#rtcpOutMacKey = createSecretKey(local.rtcp.auth);
    this.#rtcpInKey = createSecretKey(remote.rtcp.key);
    this.#rtcpInMacKey = createSecretKey(remote.rtcp.auth);
  }

  sealRtp(
    packetAt: number,
    headerBytes: number,
    source: Block,
    sourceAt: number,
    sourceBytes: number,
    ssrc: number,
    roc: number,
    seq: number,
  ): number {
    const out = this.#out;
    cmIv(this.#iv, this.#local.rtp.salt, ssrc, roc >>> 16, ((roc & 0xffff) << 16) | seq);
    const length = headerBytes + sourceBytes;
    const cipher = createCipheriv('aes-128-ctr', this.#rtpKey, this.#iv);
    out.set(cipher.update(source.bytes.subarray(sourceAt, sourceAt + sourceBytes)), packetAt + headerBytes);
    writeWord(this.#word, 0, roc);
    const mac = createHmac('sha1', this.#rtpMacKey);
    mac.update(out.subarray(packetAt, packetAt + length));
    out.set(mac.update(this.#word).digest().subarray(0, HMAC_TAG_BYTES), packetAt + length);
    return length + HMAC_TAG_BYTES;
  }

  sealRtcp(packetAt: number, length: number): number {
    const out = this.#out;
    const index = this.#rtcpIndex;
    this.#rtcpIndex = (index + 1) % ENCRYPTED;
    cmIv(this.#iv, this.#local.rtcp.salt, readWord(out, packetAt + 4), 0, index);
    const cipher = createCipheriv('aes-128-ctr', this.#rtcpOutKey, this.#iv);
    out.set(cipher.update(out.subarray(packetAt + 8, packetAt + length)), packetAt + 8);
    writeWord(out, packetAt + length, ENCRYPTED + index);
    const mac = createHmac('sha1', this.#rtcpOutMacKey).update(out.subarray(packetAt, packetAt + length + 4));
    out.set(mac.digest().subarray(0, HMAC_TAG_BYTES), packetAt + length + 4);
    return length + 4 + HMAC_TAG_BYTES;
  }

  openRtcp(datagram: Uint8Array): Uint8Array | undefined {
    const length = datagram.length - 4 - HMAC_TAG_BYTES;
    if (length < 8 || datagram.length > MAX_RTCP_BYTES) return undefined;
    const mac = createHmac('sha1', this.#rtcpInMacKey).update(datagram.subarray(0, length + 4));
    const tag = mac.digest().subarray(0, HMAC_TAG_BYTES);
    if (!timingSafeEqual(tag, datagram.subarray(length + 4))) return undefined;
    const word = readWord(datagram, length);
    const index = word % ENCRYPTED;
    if (!this.#replay.accept(readWord(datagram, 4), index)) return undefined;
    const plain = Uint8Array.from(datagram.subarray(0, length));
    if (word >= ENCRYPTED) {
      cmIv(this.#iv, this.#remote.rtcp.salt, readWord(datagram, 4), 0, index);
      // Counter mode is its own inverse.
      plain.set(createCipheriv('aes-128-ctr', this.#rtcpInKey, this.#iv).update(plain.subarray(8)), 8);
    }
    return plain;
  }

  /** The keys go with the last reference to them. */
  close(): void {}
}
