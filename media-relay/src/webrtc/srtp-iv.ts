// Initialisation vectors of SRTP: RFC 3711 4.1.1 (AES-CM), RFC 7714 8.1 and 9.1 (AES-GCM). Never one twice under a key.

/** RFC 7714 8.1: 00 00 || SSRC || ROC || SEQ, XORed with the salt. Written out: it runs once per packet and viewer. */
export function gcmRtpIv(iv: Uint8Array, salt: Uint8Array, ssrc: number, roc: number, seq: number): void {
  iv[0] = at(salt, 0);
  iv[1] = at(salt, 1);
  iv[2] = (ssrc >>> 24) ^ at(salt, 2);
  iv[3] = (ssrc >>> 16) ^ at(salt, 3);
  iv[4] = (ssrc >>> 8) ^ at(salt, 4);
  iv[5] = ssrc ^ at(salt, 5);
  iv[6] = (roc >>> 24) ^ at(salt, 6);
  iv[7] = (roc >>> 16) ^ at(salt, 7);
  iv[8] = (roc >>> 8) ^ at(salt, 8);
  iv[9] = roc ^ at(salt, 9);
  iv[10] = (seq >>> 8) ^ at(salt, 10);
  iv[11] = seq ^ at(salt, 11);
}

/** RFC 7714 9.1: 00 00 || SSRC || 00 00 || SRTCP index, XORed with the salt. */
export function gcmRtcpIv(
  iv: Uint8Array,
  salt: Uint8Array,
  packet: Uint8Array,
  packetAt: number,
  index: number,
): void {
  iv.fill(0);
  iv.set(packet.subarray(packetAt + 4, packetAt + 8), 2);
  writeWord(iv, 8, index);
  for (let i = 0; i < 12; i++) iv[i] = at(iv, i) ^ at(salt, i);
}

/** RFC 3711 4.1.1: (salt * 2^16) XOR (SSRC * 2^64) XOR (index * 2^16); the 48-bit index comes as its top 16 and low 32 bits. */
export function cmIv(
  iv: Uint8Array,
  salt: Uint8Array,
  ssrc: number,
  indexHigh: number,
  indexLow: number,
): void {
  iv.fill(0);
  writeWord(iv, 4, ssrc);
  // 48-bit index at bytes 8..13
  iv[8] = indexHigh >>> 8;
  iv[9] = indexHigh;
  writeWord(iv, 10, indexLow);
  for (let i = 0; i < 14; i++) iv[i] = at(iv, i) ^ at(salt, i);
}

export const at = (bytes: Uint8Array, index: number): number => bytes[index] ?? 0;

export function writeWord(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 24;
  bytes[offset + 1] = value >>> 16;
  bytes[offset + 2] = value >>> 8;
  bytes[offset + 3] = value;
}

export const readWord = (bytes: Uint8Array, offset: number): number =>
  ((at(bytes, offset) << 24) |
    (at(bytes, offset + 1) << 16) |
    (at(bytes, offset + 2) << 8) |
    at(bytes, offset + 3)) >>>
  0;
