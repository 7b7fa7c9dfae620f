/**
 * A self-signed X.509 v3 certificate (RFC 5280) on P-256 for DTLS, made anew at each start: who we are is told by its
 * fingerprint in the answer (RFC 8122), so it needs no name and no authority. DER (X.690) just as far as this needs.
 */
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

export interface Certificate {
  readonly der: Uint8Array;
  /** PKCS #8. */
  readonly privateKeyDer: Uint8Array;
  /** SHA-256 as in SDP: upper-case hex pairs with colons. */
  readonly fingerprint: string;
}

const DAY_MS = 86_400_000;

export function createCertificate(nowMs: number, lifetimeDays = 3650): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ecdsaWithSha256 = sequence(oid([0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]));
  const name = sequence(tlv(0x31, sequence(oid([0x55, 0x04, 0x03]), tlv(0x0c, Buffer.from('sightline')))));
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40; // positive, and no leading zero
  const toBeSigned = sequence(
    tlv(0xa0, tlv(0x02, Buffer.from([2]))), // version 3
    tlv(0x02, serial),
    ecdsaWithSha256,
    name,
    // A day early, for viewers whose clock is behind.
    sequence(utcTime(nowMs - DAY_MS), utcTime(nowMs + lifetimeDays * DAY_MS)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  const signature = sign('sha256', toBeSigned, privateKey);
  const der = sequence(toBeSigned, ecdsaWithSha256, tlv(0x03, Buffer.concat([Buffer.from([0]), signature])));
  return {
    der,
    privateKeyDer: privateKey.export({ type: 'pkcs8', format: 'der' }),
    fingerprint: fingerprintOf(der),
  };
}

export const fingerprintOf = (der: Uint8Array): string =>
  formatFingerprint(createHash('sha256').update(der).digest());

export const formatFingerprint = (digest: Uint8Array): string =>
  (Buffer.from(digest).toString('hex').toUpperCase().match(/../g) ?? []).join(':');

function tlv(tag: number, content: Uint8Array): Buffer {
  const { length } = content;
  const head =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >>> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}

const sequence = (...parts: readonly Uint8Array[]): Buffer => tlv(0x30, Buffer.concat(parts));

const oid = (bytes: readonly number[]): Buffer => tlv(0x06, Buffer.from(bytes));

/** UTCTime, good until 2049 (RFC 5280 4.1.2.5.1). */
const utcTime = (ms: number): Buffer =>
  tlv(0x17, Buffer.from(`${new Date(ms).toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`));
