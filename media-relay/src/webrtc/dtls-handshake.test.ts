import fc from 'fast-check';
import { createHash, createHmac, createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { timeBox } from '../testing/time-box.ts';
import { createCertificate } from './certificate.ts';
import {
  firstCertificate,
  HandshakeAssembly,
  isClientFinished,
  provesPossession,
  readMessage,
  readRecords,
  writeRecord,
} from './dtls-handshake.ts';

function fragment(seq: number, type: number, body: Uint8Array, offset = 0, end = body.length): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt8(type, 0);
  header.writeUIntBE(body.length, 1, 3);
  header.writeUInt16BE(seq, 4);
  header.writeUIntBE(offset, 6, 3);
  header.writeUIntBE(end - offset, 9, 3);
  return Buffer.concat([header, body.subarray(offset, end)]);
}

describe('records', () => {
  test('are read back as written', () => {
    const [first, second, ...others] = readRecords(
      Buffer.concat([writeRecord(22, 7, Buffer.of(1, 2)), writeRecord(21, 2 ** 40, Buffer.of())]),
    );
    expect(others).toEqual([]);
    expect(first).toMatchObject({ type: 22, epoch: 0, sequenceNumber: 7, fragment: Buffer.of(1, 2) });
    expect(second).toMatchObject({ type: 21, sequenceNumber: 2 ** 40, fragment: Buffer.of() });
  });

  test.each([
    ['a cut record', writeRecord(22, 0, Buffer.alloc(9)).subarray(0, 20)],
    ['a header alone', Buffer.of(22, 0xfe, 0xfd)],
    ['another protocol', writeRecord(22, 0, Buffer.alloc(9)).fill(3, 1, 2)],
  ])('%s is left out, and what stands before it counts', (_what, bytes) => {
    expect(readRecords(bytes)).toEqual([]);
    expect(readRecords(Buffer.concat([writeRecord(22, 0, Buffer.of(5)), bytes]))).toHaveLength(1);
  });
});

describe('assembly', () => {
  test('hands messages out in order, whatever the order of their fragments', () => {
    const assembly = new HandshakeAssembly();
    const a = Buffer.from('the first message');
    const b = Buffer.from('the second');
    for (const piece of [
      fragment(1, 16, b, 4),
      fragment(0, 11, a, 9, 17),
      fragment(0, 11, a, 4, 12),
      fragment(1, 16, b, 0, 4),
    ]) {
      expect(assembly.add(piece)).toBe(false);
      expect(assembly.take()).toBeUndefined();
    }
    assembly.add(fragment(0, 11, a, 0, 6));
    expect(assembly.take()).toEqual({ type: 11, seq: 0, body: a, whole: fragment(0, 11, a) });
    expect(assembly.take()?.body).toEqual(b);
    expect(assembly.take()).toBeUndefined();
    expect(assembly.add(fragment(0, 11, a))).toBe(true);
    expect(assembly.take()).toBeUndefined();
    expect(assembly.next).toBe(2);
  });

  test('takes a message without body, and several in one record', () => {
    const assembly = new HandshakeAssembly();
    assembly.add(Buffer.concat([fragment(0, 14, Buffer.of()), fragment(1, 20, Buffer.of(9))]));
    expect(assembly.take()?.type).toBe(14);
    expect(assembly.take()?.type).toBe(20);
  });

  test('forgets a rejected message', () => {
    const assembly = new HandshakeAssembly();
    assembly.add(fragment(0, 99, Buffer.of(1)));
    expect(assembly.take()?.type).toBe(99);
    assembly.reject();
    assembly.add(fragment(0, 1, Buffer.of(2)));
    expect(assembly.take()?.type).toBe(1);
  });

  test('keeps neither huge messages nor such that are far ahead', () => {
    const assembly = new HandshakeAssembly();
    const huge = fragment(0, 1, new Uint8Array(8193));
    assembly.add(huge);
    expect(assembly.take()).toBeUndefined();
    assembly.add(fragment(4, 1, Buffer.of(1)));
    for (let seq = 0; seq < 4; seq++) {
      assembly.add(fragment(seq, 1, Buffer.of(1)));
      expect(assembly.take()?.seq).toBe(seq);
    }
    expect(assembly.take()).toBeUndefined();
  });

  test('any bytes give messages or nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 10 }), (datagrams) => {
        const assembly = new HandshakeAssembly();
        for (const bytes of datagrams) {
          const datagram = Buffer.from(bytes);
          for (const record of readRecords(datagram)) assembly.add(record.fragment);
          assembly.add(datagram);
          for (let message = assembly.take(); message; message = assembly.take())
            expect(readMessage(message.whole)).toEqual(message);
          readMessage(datagram);
          firstCertificate(datagram);
        }
      }),
      timeBox,
    );
  });
});

describe('proofs', () => {
  const certificate = createCertificate(Date.now());
  const der = Buffer.from(certificate.der);
  const key = createPrivateKey({ key: Buffer.from(certificate.privateKeyDer), format: 'der', type: 'pkcs8' });
  const transcript = Buffer.from('every message so far');
  const proof = (hash: number, algorithm: number, signature: Buffer): Buffer =>
    Buffer.concat([Buffer.of(hash, algorithm, signature.length >> 8, signature.length & 0xff), signature]);

  test.each([
    [4, 'sha256'],
    [5, 'sha384'],
    [6, 'sha512'],
  ])('a signature by the key of the certificate (hash %i)', (id, hash) => {
    const body = proof(id, 3, sign(hash, transcript, key));
    expect(provesPossession(body, der, transcript)).toBe(true);
    expect(provesPossession(body, der, Buffer.from('other messages'))).toBe(false);
    expect(provesPossession(body, Buffer.from(createCertificate(Date.now()).der), transcript)).toBe(false);
    expect(provesPossession(body.fill(1, 1, 2), der, transcript)).toBe(false);
  });

  test('no signature, a weak hash, another key, a broken certificate', () => {
    const good = sign('sha256', transcript, key);
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    expect(provesPossession(Buffer.of(), der, transcript)).toBe(false);
    expect(provesPossession(proof(4, 3, Buffer.of()), der, transcript)).toBe(false);
    expect(provesPossession(proof(2, 3, sign('sha1', transcript, key)), der, transcript)).toBe(false);
    expect(provesPossession(proof(4, 3, sign('sha256', transcript, other)), der, transcript)).toBe(false);
    expect(provesPossession(Buffer.concat([proof(4, 3, good), Buffer.of(0)]), der, transcript)).toBe(false);
    expect(provesPossession(proof(4, 3, good), der.subarray(0, 100), transcript)).toBe(false);
  });

  test('any bytes prove nothing', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 120 }),
        fc.uint8Array({ maxLength: 20 }),
        (bytes, verifyData) => {
          expect(provesPossession(Buffer.from(bytes), der, transcript)).toBe(false);
          expect(provesPossession(proof(4, 3, Buffer.from(bytes)), der, transcript)).toBe(false);
          expect(isClientFinished(Buffer.from(verifyData), Buffer.alloc(48, 1), transcript)).toBe(false);
        },
      ),
      timeBox,
    );
  });

  test('a Finished is 12 bytes of P_SHA256 over its label and the hash of the messages', () => {
    const secret = Buffer.alloc(48, 5);
    const seed = Buffer.concat([
      Buffer.from('client finished'),
      createHash('sha256').update(transcript).digest(),
    ]);
    const hmac = (data: Buffer): Buffer => createHmac('sha256', secret).update(data).digest();
    const verifyData = hmac(Buffer.concat([hmac(seed), seed])).subarray(0, 12);
    expect(isClientFinished(verifyData, secret, transcript)).toBe(true);
    expect(isClientFinished(verifyData.subarray(0, 11), secret, transcript)).toBe(false);
    expect(isClientFinished(verifyData, Buffer.alloc(48, 6), transcript)).toBe(false);
    expect(isClientFinished(verifyData, secret, Buffer.from('other messages'))).toBe(false);
  });
});
