/** SRTP and SRTCP by the OpenSSL inside Node.js: RFC 7714 (AES-128-GCM), RFC 3711 (AES-CM with HMAC-SHA1-80). */
import { timingSafeEqual } from 'node:crypto';
import type { Arena, Block } from '../native/arena.ts';
import { control, type OpenSsl } from '../native/openssl.ts';
import { cmIv, gcmRtcpIv, readWord, writeWord } from './srtp-iv.ts';
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

/** Scratch memory that all ciphers of one engine share: nothing here outlives one call. */
interface Scratch {
  readonly arena: Arena;
  readonly openssl: OpenSsl;
  readonly out: Block;
  readonly iv: Block;
  readonly key: Block;
  readonly word: Block;
  readonly digest: Block;
  readonly rtcp: Block;
  readonly plain: Block;
}

/** `sendBuffer` is where sealed packets are made; the egress sends from it. */
export function nativeSrtp(openssl: OpenSsl, arena: Arena, sendBuffer: Block): SrtpCipherFactory {
  const scratch: Scratch = {
    arena,
    openssl,
    out: sendBuffer,
    iv: arena.allocate(16),
    key: arena.allocate(64),
    word: arena.allocate(4),
    digest: arena.allocate(64),
    rtcp: arena.allocate(MAX_RTCP_BYTES + 64),
    plain: arena.allocate(MAX_RTCP_BYTES + 64),
  };
  return {
    create: (profile, local, remote) =>
      profile === 'aes128gcm' ? new GcmCipher(scratch, local, remote) : new CmCipher(scratch, local, remote),
  };
}

class GcmCipher implements SrtpCipher {
  readonly profile: SrtpProfileName = 'aes128gcm';
  readonly rtpTagBytes = srtpProfiles.aes128gcm.rtpTagBytes;
  readonly #s: Scratch;
  readonly #rtp: number;
  readonly #rtcpOut: number;
  readonly #rtcpIn: number;
  readonly #local: SrtpSessionKeys;
  readonly #remote: SrtpSessionKeys;
  readonly #replay = new ReplayWindows();
  /** Its own, so that most of it stands from the packet before. */
  readonly #iv: { readonly block: Block; readonly address: number; readonly view: DataView };
  readonly #salt0: number;
  readonly #salt2: number;
  readonly #salt6: number;
  readonly #salt10: number;
  #ivSsrc = -1;
  #rtcpIndex = 0;

  constructor(scratch: Scratch, local: SrtpSessionKeys, remote: SrtpSessionKeys) {
    this.#s = scratch;
    this.#local = local;
    this.#remote = remote;
    const block = scratch.arena.allocate(12);
    this.#iv = {
      block,
      address: block.address,
      view: new DataView(block.bytes.buffer, block.bytes.byteOffset, 12),
    };
    const salt = Buffer.from(local.rtp.salt);
    this.#salt0 = salt.readUInt16BE(0);
    this.#salt2 = salt.readUInt32BE(2);
    this.#salt6 = salt.readUInt32BE(6);
    this.#salt10 = salt.readUInt16BE(10);
    const gcm = scratch.openssl.EVP_aes_128_gcm();
    this.#rtp = keyedContext(scratch, gcm, local.rtp.key, 1);
    this.#rtcpOut = keyedContext(scratch, gcm, local.rtcp.key, 1);
    this.#rtcpIn = keyedContext(scratch, gcm, remote.rtcp.key, 0);
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
    const { openssl, out } = this.#s;
    this.#writeIv(ssrc, roc, seq);
    const context = this.#rtp;
    const packet = out.address + packetAt;
    const payload = packet + headerBytes;
    openssl.cipherIv(context, 0, 0, this.#iv.address);
    openssl.cipherData(context, 0, packet, headerBytes);
    openssl.cipherData(context, payload, source.address + sourceAt, sourceBytes);
    openssl.cipherData(context, 0, 0, 0);
    openssl.cipherControl(context, control.EVP_CTRL_AEAD_GET_TAG, 16, payload + sourceBytes);
    return headerBytes + sourceBytes + 16;
  }

  /** RFC 7714 8.1: 00 00 || SSRC || ROC || SEQ, XORed with the salt. Only what changed is written. */
  #writeIv(ssrc: number, roc: number, seq: number): void {
    const { view } = this.#iv;
    if (ssrc !== this.#ivSsrc) {
      this.#ivSsrc = ssrc;
      view.setUint16(0, this.#salt0);
      view.setUint32(2, ssrc ^ this.#salt2);
    }
    view.setUint32(6, roc ^ this.#salt6);
    view.setUint16(10, seq ^ this.#salt10);
  }

  sealRtcp(packetAt: number, length: number): number {
    const { openssl, iv, out, word } = this.#s;
    const index = this.#rtcpIndex;
    this.#rtcpIndex = (index + 1) % ENCRYPTED;
    gcmRtcpIv(iv.bytes, this.#local.rtcp.salt, out.bytes, packetAt, index);
    writeWord(word.bytes, 0, ENCRYPTED + index);
    const packet = out.address + packetAt;
    openssl.EVP_CipherInit_ex(this.#rtcpOut, 0, 0, 0, iv.address, -1);
    openssl.EVP_Cipher(this.#rtcpOut, 0, packet, 8);
    openssl.EVP_Cipher(this.#rtcpOut, 0, word.address, 4);
    openssl.EVP_Cipher(this.#rtcpOut, packet + 8, packet + 8, length - 8);
    openssl.EVP_Cipher(this.#rtcpOut, 0, 0, 0);
    openssl.EVP_CIPHER_CTX_ctrl(this.#rtcpOut, control.EVP_CTRL_AEAD_GET_TAG, 16, packet + length);
    out.bytes.set(word.bytes, packetAt + length + 16);
    return length + 20;
  }

  openRtcp(datagram: Uint8Array): Uint8Array | undefined {
    const sealed = datagram.length - 8 - 16 - 4;
    if (sealed < 0 || datagram.length > MAX_RTCP_BYTES) return undefined;
    const { openssl, iv, rtcp, plain, word } = this.#s;
    const index = readWord(datagram, datagram.length - 4);
    // RFC 7714 9.3 would allow unencrypted SRTCP; nobody sends it and we do not accept it.
    if (index < ENCRYPTED) return undefined;
    rtcp.bytes.set(datagram);
    gcmRtcpIv(iv.bytes, this.#remote.rtcp.salt, datagram, 0, index - ENCRYPTED);
    writeWord(word.bytes, 0, index);
    openssl.EVP_CipherInit_ex(this.#rtcpIn, 0, 0, 0, iv.address, -1);
    openssl.EVP_CIPHER_CTX_ctrl(this.#rtcpIn, control.EVP_CTRL_AEAD_SET_TAG, 16, rtcp.address + 8 + sealed);
    openssl.EVP_Cipher(this.#rtcpIn, 0, rtcp.address, 8);
    openssl.EVP_Cipher(this.#rtcpIn, 0, word.address, 4);
    if (sealed > 0) openssl.EVP_Cipher(this.#rtcpIn, plain.address + 8, rtcp.address + 8, sealed);
    if (openssl.EVP_Cipher(this.#rtcpIn, 0, 0, 0) < 0) return undefined;
    if (!this.#replay.accept(readWord(datagram, 4), index - ENCRYPTED)) return undefined;
    plain.bytes.set(datagram.subarray(0, 8));
    return plain.bytes.subarray(0, 8 + sealed);
  }

  close(): void {
    for (const context of [this.#rtp, this.#rtcpOut, this.#rtcpIn])
      this.#s.openssl.EVP_CIPHER_CTX_free(context);
    this.#s.arena.free(this.#iv.block);
  }
}

class CmCipher implements SrtpCipher {
  readonly profile: SrtpProfileName = 'aes128cmSha1';
  readonly rtpTagBytes = srtpProfiles.aes128cmSha1.rtpTagBytes;
  readonly #s: Scratch;
  readonly #local: SrtpSessionKeys;
  readonly #remote: SrtpSessionKeys;
  readonly #rtp: number;
  readonly #rtpMac: number;
  readonly #rtcpOut: number;
  readonly #rtcpOutMac: number;
  readonly #rtcpIn: number;
  readonly #rtcpInMac: number;
  readonly #replay = new ReplayWindows();
  #rtcpIndex = 0;

  constructor(scratch: Scratch, local: SrtpSessionKeys, remote: SrtpSessionKeys) {
    this.#s = scratch;
    this.#local = local;
    this.#remote = remote;
    const ctr = scratch.openssl.EVP_aes_128_ctr();
    // Counter mode is its own inverse: all three contexts encrypt.
    this.#rtp = keyedContext(scratch, ctr, local.rtp.key, 1);
    this.#rtcpOut = keyedContext(scratch, ctr, local.rtcp.key, 1);
    this.#rtcpIn = keyedContext(scratch, ctr, remote.rtcp.key, 1);
    this.#rtpMac = keyedMac(scratch, local.rtp.auth);
    this.#rtcpOutMac = keyedMac(scratch, local.rtcp.auth);
    this.#rtcpInMac = keyedMac(scratch, remote.rtcp.auth);
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
    const { openssl, iv, out, word, digest } = this.#s;
    cmIv(iv.bytes, this.#local.rtp.salt, ssrc, roc >>> 16, ((roc & 0xffff) << 16) | seq);
    const packet = out.address + packetAt;
    const length = headerBytes + sourceBytes;
    openssl.EVP_CipherInit_ex(this.#rtp, 0, 0, 0, iv.address, -1);
    openssl.EVP_Cipher(this.#rtp, packet + headerBytes, source.address + sourceAt, sourceBytes);
    writeWord(word.bytes, 0, roc);
    this.#mac(this.#rtpMac, packet, length, word.address);
    out.bytes.set(digest.bytes.subarray(0, 10), packetAt + length);
    return length + 10;
  }

  sealRtcp(packetAt: number, length: number): number {
    const { openssl, iv, out, digest } = this.#s;
    const index = this.#rtcpIndex;
    this.#rtcpIndex = (index + 1) % ENCRYPTED;
    cmIv(iv.bytes, this.#local.rtcp.salt, readWord(out.bytes, packetAt + 4), 0, index);
    const packet = out.address + packetAt;
    openssl.EVP_CipherInit_ex(this.#rtcpOut, 0, 0, 0, iv.address, -1);
    openssl.EVP_Cipher(this.#rtcpOut, packet + 8, packet + 8, length - 8);
    writeWord(out.bytes, packetAt + length, ENCRYPTED + index);
    this.#mac(this.#rtcpOutMac, packet, length + 4, 0);
    out.bytes.set(digest.bytes.subarray(0, 10), packetAt + length + 4);
    return length + 14;
  }

  openRtcp(datagram: Uint8Array): Uint8Array | undefined {
    const length = datagram.length - 14;
    if (length < 8 || datagram.length > MAX_RTCP_BYTES) return undefined;
    const { openssl, iv, rtcp, plain, digest } = this.#s;
    rtcp.bytes.set(datagram);
    this.#mac(this.#rtcpInMac, rtcp.address, length + 4, 0);
    if (!timingSafeEqual(digest.bytes.subarray(0, 10), datagram.subarray(length + 4))) return undefined;
    const word = readWord(datagram, length);
    const index = word % ENCRYPTED;
    if (!this.#replay.accept(readWord(datagram, 4), index)) return undefined;
    plain.bytes.set(datagram.subarray(0, length));
    if (word >= ENCRYPTED) {
      cmIv(iv.bytes, this.#remote.rtcp.salt, readWord(datagram, 4), 0, index);
      openssl.EVP_CipherInit_ex(this.#rtcpIn, 0, 0, 0, iv.address, -1);
      openssl.EVP_Cipher(this.#rtcpIn, plain.address + 8, rtcp.address + 8, length - 8);
    }
    return plain.bytes.subarray(0, length);
  }

  /** HMAC-SHA1 over `length` bytes and, unless `word` is 0, the four bytes there; the result stands in `digest`. */
  #mac(mac: number, address: number, length: number, word: number): void {
    const { openssl, digest } = this.#s;
    openssl.HMAC_Init_ex(mac, 0, 0, 0, 0);
    openssl.HMAC_Update(mac, address, length);
    if (word !== 0) openssl.HMAC_Update(mac, word, 4);
    openssl.HMAC_Final(mac, digest.address, 0);
  }

  close(): void {
    for (const context of [this.#rtp, this.#rtcpOut, this.#rtcpIn])
      this.#s.openssl.EVP_CIPHER_CTX_free(context);
    for (const mac of [this.#rtpMac, this.#rtcpOutMac, this.#rtcpInMac]) this.#s.openssl.HMAC_CTX_free(mac);
  }
}

function keyedContext(
  { openssl, key: block, iv }: Scratch,
  cipher: number,
  key: Uint8Array,
  encrypt: 0 | 1,
): number {
  const context = openssl.EVP_CIPHER_CTX_new();
  block.bytes.set(key);
  openssl.EVP_CipherInit_ex(context, cipher, 0, block.address, iv.address, encrypt);
  block.bytes.fill(0);
  return context;
}

function keyedMac({ openssl, key: block }: Scratch, key: Uint8Array): number {
  const mac = openssl.HMAC_CTX_new();
  block.bytes.set(key);
  openssl.HMAC_Init_ex(mac, block.address, key.length, openssl.EVP_sha1(), 0);
  block.bytes.fill(0);
  return mac;
}
