/** Both ends of a DTLS handshake in memory, for tests of either half of the seam. */
import { createCertificate, type Certificate } from '../webrtc/certificate.ts';
import type { Dtls, DtlsFactory, DtlsRole } from '../webrtc/dtls.ts';
import type { DtlsPeer, PeerCertificate } from './dtls-peer.ts';

export interface Outcome {
  readonly dtls: Dtls;
  /** Datagrams that it sent and nobody has taken yet. */
  readonly sent: Uint8Array[];
  connected: { profile: string; keyingMaterial: Uint8Array } | undefined;
  ended: { reason: string; detail: string } | undefined;
  confirmedLate: number;
  /** Calls of `ended`. */
  endings: number;
}

/** Our end, whose peer is to have this fingerprint; a client has begun. */
export function open(factory: DtlsFactory, role: DtlsRole, fingerprint: string): Outcome {
  const sent: Uint8Array[] = [];
  const outcome: Outcome = {
    sent,
    connected: undefined,
    ended: undefined,
    confirmedLate: 0,
    endings: 0,
    dtls: factory.open(role, fingerprint, {
      send: (datagram) => void sent.push(datagram.slice()),
      connected: (profile, keyingMaterial) => (outcome.connected = { profile, keyingMaterial }),
      confirmedLate: () => outcome.confirmedLate++,
      ended: (reason, detail) => {
        outcome.ended = { reason, detail };
        outcome.endings++;
      },
    }),
  };
  outcome.dtls.start();
  return outcome;
}

/** Hands datagrams to our end, and waits for what it does after the call returned. */
export async function deliver(outcome: Outcome, datagrams: readonly Uint8Array[]): Promise<void> {
  for (const datagram of datagrams) outcome.dtls.handle(datagram);
  await new Promise(setImmediate);
}

/**
 * Carries datagrams both ways until nobody has anything to say. `onPath` may change what the peer sends.
 * Returns the peer's last flight.
 */
export async function converse(
  peer: DtlsPeer,
  outcome: Outcome,
  onPath: (datagrams: Uint8Array[]) => Uint8Array[] = (datagrams) => datagrams,
): Promise<Uint8Array[]> {
  let last: Uint8Array[] = [];
  let flight = peer.advance(...outcome.sent.splice(0));
  for (let round = 0; round < 20 && flight.length > 0; round++) {
    globalThis.gc?.();
    last = flight;
    await deliver(outcome, onPath(flight));
    flight = peer.advance(...outcome.sent.splice(0));
  }
  return last;
}

/** The victim's certificate with a key that names the victim's public point but holds another secret. */
export function impostor(victim: Certificate): PeerCertificate {
  const other = createCertificate(Date.now());
  const point = (der: Uint8Array): Buffer => {
    const all = Buffer.from(der);
    const at = all.indexOf(Buffer.from([0x03, 0x42, 0x00, 0x04]));
    return all.subarray(at + 3, at + 3 + 65);
  };
  const forged = Buffer.from(other.privateKeyDer);
  const at = forged.indexOf(point(forged));
  point(Buffer.from(victim.privateKeyDer)).copy(forged, at);
  return { der: victim.der, privateKeyDer: forged };
}

/** Order of P-256's group. */
const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/**
 * Replaces the signature (r, s) of a CertificateVerify on the path by (r, n - s), which is as valid: only the client's
 * Finished tells that the message is another one.
 */
export function mirrorSignature(datagrams: Uint8Array[]): Uint8Array[] {
  return mapHandshakes(datagrams, (record, message) => {
    if (message[0] !== 15) return [Buffer.concat([record, message])];
    const signature = message.subarray(16);
    const rLength = signature.readUInt8(3);
    const r = signature.subarray(2, 4 + rLength);
    const s = BigInt(`0x${signature.subarray(6 + rLength).toString('hex')}`);
    const mirrored = (P256_ORDER - s).toString(16).padStart(64, '0');
    const bytes = Buffer.from(mirrored.replace(/^(00)+(?=[0-7])/, ''), 'hex');
    const positive = (bytes[0] ?? 0) > 0x7f ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
    const points = Buffer.concat([r, Buffer.of(2, positive.length), positive]);
    const der = Buffer.concat([Buffer.of(0x30, points.length), points]);
    const body = Buffer.concat([message.subarray(12, 14), Buffer.of(0, der.length), der]);
    const header = Buffer.from(message.subarray(0, 12));
    header.writeUIntBE(body.length, 1, 3);
    header.writeUIntBE(body.length, 9, 3);
    const recordHeader = Buffer.from(record);
    recordHeader.writeUInt16BE(12 + body.length, 11);
    return [Buffer.concat([recordHeader, header, body])];
  });
}

/** Makes another CertificateRequest on the path, which no signature covers: only the Finished messages do. */
export function renameCertificateTypes(datagrams: Uint8Array[]): Uint8Array[] {
  return mapHandshakes(datagrams, (record, message) => {
    const changed = Buffer.from(message);
    if (changed[0] === 13) changed.writeUInt8(changed.readUInt8(13) ^ 2, 13); // rsa_sign (1) to rsa_fixed_dh (3), RFC 5246 7.4.4
    return [Buffer.concat([record, changed])];
  });
}

/** A path that cuts handshake messages into pieces, sends each twice and the last one first; encrypted records stay last. */
export function scatteringPath(pieceBytes = 70): (datagrams: Uint8Array[]) => Uint8Array[] {
  let recordNumber = 0; // a record comes once
  return (datagrams) => {
    const pieces: Uint8Array[] = [];
    const rest = mapHandshakes(datagrams, (record, message) => {
      for (let at = 12; at < Math.max(message.length, 13); at += pieceBytes) {
        const piece = message.subarray(at, at + pieceBytes);
        const header = Buffer.from(message.subarray(0, 12));
        header.writeUIntBE(at - 12, 6, 3);
        header.writeUIntBE(piece.length, 9, 3);
        const recordHeader = Buffer.from(record);
        recordHeader.writeUInt16BE(12 + piece.length, 11);
        const whole = Buffer.concat([recordHeader, header, piece]);
        pieces.unshift(whole, Buffer.from(whole));
      }
      return [];
    });
    return [...pieces, ...rest].map((record) => {
      const renumbered = Buffer.from(record);
      if (renumbered.readUInt16BE(3) === 0) renumbered.writeUIntBE(recordNumber++, 5, 6);
      return renumbered;
    });
  };
}

/** One datagram per record; those of epoch 0 that hold one handshake message each go through `map`. */
function mapHandshakes(
  datagrams: Uint8Array[],
  map: (recordHeader: Buffer, message: Buffer) => Uint8Array[],
): Uint8Array[] {
  return datagrams.flatMap((datagram) => {
    const all = Buffer.from(datagram);
    const records: Uint8Array[] = [];
    for (let at = 0; at < all.length;) {
      const end = at + 13 + all.readUInt16BE(at + 11);
      const record = all.subarray(at, end);
      const isPlainHandshake = record[0] === 22 && record.readUInt16BE(3) === 0;
      records.push(...(isPlainHandshake ? map(record.subarray(0, 13), record.subarray(13)) : [record]));
      at = end;
    }
    return records;
  });
}
