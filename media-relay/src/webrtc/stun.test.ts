import { createSecretKey } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { timeBox } from '../testing/time-box.ts';
import {
  sampleIpv4Response,
  sampleIpv6Response,
  sampleRequest,
  vectorIpv4,
  vectorIpv6,
  vectorPassword,
  vectorPort,
  vectorUsername,
} from './fixtures/stun-vectors.ts';
import { ufragOf } from './ice-lite.ts';
import {
  attributeTypes,
  findAttribute,
  hasValidFingerprint,
  hasValidIntegrity,
  isStun,
  parseStun,
  type StunMessage,
} from './stun.ts';
import { writeBindingError, writeBindingRequest, writeBindingSuccess } from './stun-writer.ts';

const key = createSecretKey(vectorPassword, 'utf8');
const wrongKey = createSecretKey('wrong', 'utf8');

function parsed(datagram: Uint8Array): StunMessage {
  const message = parseStun(datagram);
  if (!message) throw new Error('not STUN');
  return message;
}

/** A copy with some bytes overwritten. */
function patched(datagram: Uint8Array, at: number, ...bytes: number[]): Uint8Array {
  const copy = Uint8Array.from(datagram);
  copy.set(bytes, at);
  return copy;
}

describe('RFC 5769', () => {
  test('2.1: the request', () => {
    expect(parsed(sampleRequest)).toMatchObject({
      stunClass: 'request',
      method: 1,
      username: vectorUsername,
      priority: 0x6e0001ff,
      useCandidate: false,
      role: 'controlled',
      unknownRequired: [],
    });
  });

  test.each([
    ['2.1', sampleRequest],
    ['2.2', sampleIpv4Response],
    ['2.3', sampleIpv6Response],
  ])('%s: integrity and fingerprint are right, and wrong once a byte differs', (_, datagram) => {
    const message = parsed(datagram);
    expect(hasValidIntegrity(message, key)).toBe(true);
    expect(hasValidIntegrity(message, wrongKey)).toBe(false);
    expect(hasValidFingerprint(message)).toBe(true);
    const changed = parsed(patched(datagram, 25, 0x41));
    expect(hasValidIntegrity(changed, key)).toBe(false);
    expect(hasValidFingerprint(changed)).toBe(false);
  });

  test.each([
    ['2.2', sampleIpv4Response, vectorIpv4],
    ['2.2 as a mapped IPv6 address', sampleIpv4Response, `::ffff:${vectorIpv4}`],
    ['2.3', sampleIpv6Response, vectorIpv6],
    ['2.3 with a zone', sampleIpv6Response, `${vectorIpv6}%eth0`],
  ])('%s: XOR-MAPPED-ADDRESS is written like that', (_, vector, address) => {
    const { transactionId } = parsed(vector);
    const ours = writeBindingSuccess(transactionId, { address, port: vectorPort }, key);
    const type = attributeTypes.xorMappedAddress;
    expect(Buffer.from(findAttribute(ours, type) ?? [])).toEqual(
      Buffer.from(findAttribute(vector, type) ?? []),
    );
    expect(parsed(ours)).toMatchObject({ stunClass: 'success', method: 1 });
    expect(hasValidIntegrity(parsed(ours), key)).toBe(true);
    expect(hasValidFingerprint(parsed(ours))).toBe(true);
  });
});

describe('what is written is read', () => {
  const transactionId = Uint8Array.from({ length: 12 }, (_, i) => i);

  test('requests', () => {
    const request = writeBindingRequest({
      transactionId,
      username: 'ours:theirs',
      key,
      priority: 0xffff_ffff,
      role: 'controlling',
      tieBreaker: 1n,
      useCandidate: true,
    });
    expect(parsed(request)).toMatchObject({
      username: 'ours:theirs',
      priority: 0xffff_ffff,
      role: 'controlling',
      useCandidate: true,
    });
    expect(hasValidIntegrity(parsed(request), key)).toBe(true);
    expect(ufragOf(request)).toBe('ours');
  });

  test('errors, with the unknown attributes and without integrity where there is no key', () => {
    const error = writeBindingError(
      transactionId,
      { code: 420, reason: 'Unknown Attribute', unknownAttributes: [0x7001, 0x7002] },
      undefined,
    );
    expect(parsed(error)).toMatchObject({ stunClass: 'error', integrityAt: undefined });
    expect(hasValidFingerprint(parsed(error))).toBe(true);
    const value = Buffer.from(findAttribute(error, attributeTypes.errorCode) ?? []);
    expect([value.readUInt8(2), value.readUInt8(3), value.toString('utf8', 4)]).toEqual([
      4,
      20,
      'Unknown Attribute',
    ]);
    expect(Buffer.from(findAttribute(error, attributeTypes.unknownAttributes) ?? []).toString('hex')).toBe(
      '70017002',
    );
  });
});

describe('what is not well-formed STUN', () => {
  test.each([
    ['nothing', new Uint8Array(0)],
    ['an RTP packet', patched(sampleRequest, 0, 0x80)],
    ['another cookie', patched(sampleRequest, 4, 0)],
    ['a cut header', sampleRequest.subarray(0, 19)],
    ['a cut message', sampleRequest.subarray(0, 60)],
    ['a length that lies', patched(sampleRequest, 2, 0, 0x54)],
    ['an attribute beyond the end', patched(sampleRequest, 22, 0xff, 0xff)],
    ['a PRIORITY of 3 bytes', patched(sampleRequest, 40, 0x00, 0x24, 0x00, 0x03)],
    ['an integrity of another length', patched(sampleRequest, 78, 0, 18)],
    ['something behind the fingerprint', patched(patched(sampleRequest, 20, 0x80, 0x28, 0, 4), 2, 0, 0x58)],
  ])('%s', (_, datagram) => {
    expect(parseStun(datagram)).toBeUndefined();
  });

  test('attributes behind the integrity are passed over, but for the fingerprint', () => {
    const swapped = patched(sampleRequest, 20, 0x00, 0x08, 0x00, 0x14);
    expect(parseStun(swapped)?.username).toBeUndefined();
  });

  test('unknown attributes that must be understood are listed', () => {
    expect(parsed(patched(sampleRequest, 20, 0x7f, 0x01)).unknownRequired).toEqual([0x7f01]);
  });

  test('never throws, and finds nothing where there is nothing', () => {
    const edits = fc.array(fc.tuple(fc.nat(107), fc.nat(255)), { maxLength: 6 });
    const datagram = fc.oneof(
      fc.uint8Array({ maxLength: 120 }),
      fc
        .tuple(fc.constantFrom(sampleRequest, sampleIpv4Response, sampleIpv6Response), edits)
        .map(([vector, changes]) => {
          const copy = Uint8Array.from(vector);
          for (const [at, byte] of changes) if (at < copy.length) copy[at] = byte;
          return copy;
        }),
    );
    const property = fc.property(datagram, (bytes) => {
      const message = parseStun(bytes);
      const ufrag = ufragOf(bytes);
      if (!message) return;
      expect(isStun(bytes)).toBe(true);
      expect(typeof hasValidIntegrity(message, key)).toBe('boolean');
      expect(typeof hasValidFingerprint(message)).toBe('boolean');
      expect(ufrag?.length ?? 1).toBeLessThanOrEqual(256);
    });
    fc.assert(property, timeBox);
  });
});
