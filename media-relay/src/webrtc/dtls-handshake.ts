/**
 * What werift's DTLS server leaves out (RFC 6347 4.2, RFC 5246 7.4.8 and 7.4.9): records cut out of a datagram without
 * exceptions, handshake messages put together from fragments in any order, and the two proofs of the client: the
 * signature of CertificateVerify and the verify_data of Finished. Not implemented: signatures other than ECDSA and
 * RSA PKCS #1 with SHA-2.
 */
import { createHash, createHmac, timingSafeEqual, verify, X509Certificate } from 'node:crypto';

export const contentType = { changeCipherSpec: 20, alert: 21, handshake: 22 } as const;
export const handshakeType = {
  clientHello: 1,
  certificate: 11,
  clientKeyExchange: 16,
  certificateVerify: 15,
  finished: 20,
} as const;

const RECORD_HEADER_BYTES = 13;
const MESSAGE_HEADER_BYTES = 12;
/** Certificates of WebRTC have some 400 bytes, a ClientHello with post-quantum key shares 1,700. */
const MAX_MESSAGE_BYTES = 8192;
/** Messages ahead of the expected one that are kept: a flight has no more. */
const MAX_AHEAD = 4;

export interface DtlsRecord {
  readonly type: number;
  readonly epoch: number;
  readonly sequenceNumber: number;
  readonly fragment: Buffer;
  /** Header and fragment. */
  readonly whole: Buffer;
}

/** The records of a datagram; whatever does not look like one, and all behind it, is left out. */
export function readRecords(datagram: Buffer): DtlsRecord[] {
  const records: DtlsRecord[] = [];
  for (let at = 0; at + RECORD_HEADER_BYTES <= datagram.length;) {
    const end = at + RECORD_HEADER_BYTES + datagram.readUInt16BE(at + 11);
    if (end > datagram.length || datagram[at + 1] !== 0xfe) break;
    records.push({
      type: datagram.readUInt8(at),
      epoch: datagram.readUInt16BE(at + 3),
      sequenceNumber: datagram.readUIntBE(at + 5, 6),
      fragment: datagram.subarray(at + RECORD_HEADER_BYTES, end),
      whole: datagram.subarray(at, end),
    });
    at = end;
  }
  return records;
}

/** Of the records in a datagram, one says that all that follow are encrypted: what stands behind it is a Finished. */
export function hasChangedCipher({ buffer, byteOffset, byteLength }: Uint8Array): boolean {
  const records = readRecords(Buffer.from(buffer, byteOffset, byteLength));
  return records.some(({ type }) => type === contentType.changeCipherSpec);
}

/** An unencrypted record of epoch 0. */
export function writeRecord(type: number, sequenceNumber: number, fragment: Uint8Array): Buffer {
  const record = Buffer.alloc(RECORD_HEADER_BYTES + fragment.length);
  record.set([type, 0xfe, 0xfd]);
  record.writeUIntBE(sequenceNumber, 5, 6);
  record.writeUInt16BE(fragment.length, 11);
  record.set(fragment, RECORD_HEADER_BYTES);
  return record;
}

export interface HandshakeMessage {
  readonly type: number;
  readonly seq: number;
  readonly body: Buffer;
  /** With the header of an unfragmented message, as it counts for hashes. */
  readonly whole: Buffer;
}

interface PartialMessage {
  readonly whole: Buffer;
  readonly present: Uint8Array;
  missing: number;
}

/** Puts one side's handshake messages together and hands them out in order, each once. */
export class HandshakeAssembly {
  readonly #partial = new Map<number, PartialMessage>();
  #next = 0;

  /** Sequence number of the message to come. */
  get next(): number {
    return this.#next;
  }

  /** Takes one handshake record; true when it repeats a message that was handed out already. */
  add(fragments: Buffer): boolean {
    let repeats = false;
    for (let at = 0; at + MESSAGE_HEADER_BYTES <= fragments.length;) {
      const length = fragments.readUIntBE(at + 1, 3);
      const seq = fragments.readUInt16BE(at + 4);
      const offset = fragments.readUIntBE(at + 6, 3);
      const start = at + MESSAGE_HEADER_BYTES;
      const end = start + fragments.readUIntBE(at + 9, 3);
      if (end > fragments.length || offset + end - start > length || length > MAX_MESSAGE_BYTES) break;
      if (seq < this.#next) repeats = true;
      else if (seq < this.#next + MAX_AHEAD)
        this.#put(seq, fragments.readUInt8(at), length, offset, fragments.subarray(start, end));
      at = end;
    }
    return repeats;
  }

  /** The next message, if it is whole; undefined as long as it is not. */
  take(): HandshakeMessage | undefined {
    const seq = this.#next;
    const partial = this.#partial.get(seq);
    if (partial === undefined || partial.missing > 0) return undefined;
    this.#partial.delete(seq);
    this.#next = seq + 1;
    return readMessage(partial.whole);
  }

  /** The message handed out last was not what the handshake can use: its number is open again. */
  reject(): void {
    this.#next--;
  }

  #put(seq: number, type: number, length: number, offset: number, bytes: Buffer): void {
    let partial = this.#partial.get(seq);
    if (partial === undefined || partial.whole[0] !== type || partial.present.length !== length) {
      const whole = Buffer.alloc(MESSAGE_HEADER_BYTES + length);
      whole.writeUInt8(type, 0);
      whole.writeUIntBE(length, 1, 3);
      whole.writeUInt16BE(seq, 4);
      whole.writeUIntBE(length, 9, 3);
      partial = { whole, present: new Uint8Array(length), missing: length };
      this.#partial.set(seq, partial);
    }
    const { whole, present } = partial;
    bytes.copy(whole, MESSAGE_HEADER_BYTES + offset);
    for (let i = offset; i < offset + bytes.length; i++) {
      if (present[i] === 1) continue;
      present[i] = 1;
      partial.missing--;
    }
  }
}

/** One whole, unfragmented message; undefined when the bytes are anything else. */
export function readMessage(whole: Buffer): HandshakeMessage | undefined {
  const length = whole.length - MESSAGE_HEADER_BYTES;
  if (
    length < 0 ||
    whole.readUIntBE(1, 3) !== length ||
    whole.readUIntBE(6, 3) !== 0 ||
    whole.readUIntBE(9, 3) !== length
  )
    return undefined;
  return {
    type: whole.readUInt8(0),
    seq: whole.readUInt16BE(4),
    body: whole.subarray(MESSAGE_HEADER_BYTES),
    whole,
  };
}

/** The first certificate of a Certificate message (RFC 5246 7.4.2), in DER; undefined when there is none. */
export function firstCertificate(body: Buffer): Buffer | undefined {
  if (body.length < 6) return undefined;
  const end = 6 + body.readUIntBE(3, 3);
  return end > 6 && end <= body.length ? body.subarray(6, end) : undefined;
}

/** RFC 5246 7.4.1.4.1. SHA-1 and the rest are not offered, so a signature by them proves nothing to us. */
const hashes = new Map([
  [4, 'sha256'],
  [5, 'sha384'],
  [6, 'sha512'],
]);
const signatureAlgorithms = new Map([
  [1, 'rsa'],
  [3, 'ec'],
]);

/**
 * RFC 5246 7.4.8: true when the body of CertificateVerify is a signature over `transcript` (every handshake message
 * before it) by the key of the certificate. Without this, whoever copies a certificate passes for its owner.
 */
export function provesPossession(body: Buffer, certificateDer: Buffer, transcript: Buffer): boolean {
  const hash = hashes.get(body[0] ?? 0);
  const algorithm = signatureAlgorithms.get(body[1] ?? 0);
  if (hash === undefined || algorithm === undefined || body.length < 4) return false;
  if (body.readUInt16BE(2) !== body.length - 4) return false;
  try {
    const { publicKey } = new X509Certificate(certificateDer);
    return publicKey.asymmetricKeyType === algorithm && verify(hash, transcript, publicKey, body.subarray(4));
  } catch {
    return false; // not a certificate, or not a key that OpenSSL knows
  }
}

/** RFC 5246 7.4.9: true when `verifyData` shows that the client saw the same `transcript` and has the same secret. */
export function isClientFinished(verifyData: Buffer, masterSecret: Buffer, transcript: Buffer): boolean {
  const seed = Buffer.concat([
    Buffer.from('client finished'),
    createHash('sha256').update(transcript).digest(),
  ]);
  const a1 = createHmac('sha256', masterSecret).update(seed).digest();
  const expected = createHmac('sha256', masterSecret).update(a1).update(seed).digest().subarray(0, 12);
  return verifyData.length === expected.length && timingSafeEqual(verifyData, expected);
}
