// Textual IP addresses (RFC 4291 2.2, RFC 5952) to bytes and back, without zone ids.
import { isIPv4, isIPv6 } from 'node:net';

/** 4 or 16 bytes in network order; undefined for anything that is not an address, zone ids included. */
export function ipToBytes(address: string): Uint8Array | undefined {
  if (isIPv4(address)) return Uint8Array.from(address.split('.'), Number);
  if (!isIPv6(address) || address.includes('%')) return undefined;
  const embedded = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const text = embedded
    ? `${embedded[1]}${hexPair(embedded[2], embedded[3])}:${hexPair(embedded[4], embedded[5])}`
    : address;
  const [head = '', tail] = text.split('::');
  const before = groups(head);
  const after = groups(tail ?? '');
  const bytes = new Uint8Array(16);
  writeGroups(bytes, 0, before);
  writeGroups(bytes, 16 - 2 * after.length, after);
  return bytes;
}

/** Dotted decimal for 4 bytes; for 16 the canonical form of RFC 5952. */
export function bytesToIp(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const words = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0));
  const { start, length } = longestZeros(words);
  const hex = words.map((word) => word.toString(16));
  if (length < 2) return hex.join(':');
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`;
}

/** The bytes of ::ffff:a.b.c.d as the four of a.b.c.d; any other address as it is. */
export function unmapIpv4(bytes: Uint8Array): Uint8Array {
  const isMapped =
    bytes.length === 16 &&
    bytes[10] === 0xff &&
    bytes[11] === 0xff &&
    bytes.subarray(0, 10).every((byte) => byte === 0);
  return isMapped ? bytes.subarray(12) : bytes;
}

function hexPair(high: string | undefined, low: string | undefined): string {
  return ((Number(high) << 8) | Number(low)).toString(16);
}

function groups(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}

function writeGroups(bytes: Uint8Array, at: number, words: readonly number[]): void {
  for (const [index, word] of words.entries()) {
    bytes[at + 2 * index] = word >>> 8;
    bytes[at + 2 * index + 1] = word & 0xff;
  }
}

function longestZeros(words: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (const [index, word] of words.entries()) {
    if (word !== 0) start = index + 1;
    else if (index + 1 - start > best.length) best = { start, length: index + 1 - start };
  }
  return best;
}
