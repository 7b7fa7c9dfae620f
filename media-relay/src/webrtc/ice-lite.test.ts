import { createSecretKey, type KeyObject } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { timeBox } from '../testing/time-box.ts';
import { newIceCredentials, type IceCredentials } from './ice-credentials.ts';
import { IceLite, ufragOf } from './ice-lite.ts';
import {
  attributeTypes,
  findAttribute,
  fingerprintOf,
  hasValidIntegrity,
  integrityOf,
  parseStun,
  type StunMessage,
} from './stun.ts';
import { writeBindingRequest, type BindingRequest } from './stun-writer.ts';

const local: IceCredentials = { ufrag: 'ourUfrag', pwd: 'ourPassword-with-24-chars' };
const renewed: IceCredentials = { ufrag: 'newUfrag', pwd: 'newPassword-with-24-chars' };
const from = { address: '192.0.2.9', port: 50000 };
const keyOf = ({ pwd }: IceCredentials): KeyObject => createSecretKey(pwd, 'utf8');

function request(overrides: Partial<BindingRequest> = {}): Uint8Array {
  return writeBindingRequest({
    transactionId: Uint8Array.from({ length: 12 }, (_, i) => 100 + i),
    username: 'ourUfrag:them',
    key: keyOf(local),
    priority: 1000,
    role: 'controlling',
    tieBreaker: 7n,
    useCandidate: false,
    ...overrides,
  });
}

function newSession(): IceLite {
  return new IceLite({ local, remoteUfrag: 'them' });
}

function parsedResponse(response: Uint8Array | undefined): StunMessage {
  const message = response && parseStun(response);
  if (!message) throw new Error('no response');
  return message;
}

function errorCode(response: Uint8Array | undefined): number {
  const value = Buffer.from((response && findAttribute(response, attributeTypes.errorCode)) ?? []);
  return value.readUInt8(2) * 100 + value.readUInt8(3);
}

describe('IceLite', () => {
  test('answers a check with the address it came from, under the same transaction, signed', () => {
    const ice = newSession();
    expect(ice.lastConsentMs).toBeUndefined();
    const result = ice.handle(request(), from, 1234);
    expect(result).toMatchObject({ valid: true, nominated: false });
    expect(ice.lastConsentMs).toBe(1234);
    const response = parsedResponse(result.response);
    expect(response.stunClass).toBe('success');
    expect(Buffer.from(response.transactionId)).toEqual(Buffer.from(request().subarray(8, 20)));
    expect(hasValidIntegrity(response, keyOf(local))).toBe(true);
  });

  test('nominates with USE-CANDIDATE only', () => {
    const ice = newSession();
    expect(ice.handle(request({ useCandidate: true }), from, 1).nominated).toBe(true);
    expect(ice.handle(request(), from, 2)).toMatchObject({ valid: true, nominated: false });
  });

  test.each([
    ['a wrong password', request({ key: keyOf(renewed) }), 401],
    ['another ufrag of ours', request({ username: 'other:them' }), 401],
    ['another ufrag of theirs', request({ username: 'ourUfrag:other' }), 401],
    ['no integrity', withoutIntegrity(), 400],
  ])('%s: %d error without integrity, and no consent', (_, datagram, code) => {
    const ice = newSession();
    const result = ice.handle(datagram, from, 5);
    expect(result).toMatchObject({ valid: false, nominated: false });
    expect(errorCode(result.response)).toBe(code);
    expect(parsedResponse(result.response).integrityAt).toBeUndefined();
    expect(ice.lastConsentMs).toBeUndefined();
  });

  test('tells a player that claims to be controlled to switch', () => {
    const ice = newSession();
    const result = ice.handle(request({ role: 'controlled', useCandidate: true }), from, 5);
    expect(result).toMatchObject({ valid: false, nominated: false });
    expect(errorCode(result.response)).toBe(487);
    expect(hasValidIntegrity(parsedResponse(result.response), keyOf(local))).toBe(true);
  });

  test('lists what it does not understand', () => {
    const result = newSession().handle(withUnknownAttribute(), from, 0);
    expect(errorCode(result.response)).toBe(420);
    const listed = result.response && findAttribute(result.response, attributeTypes.unknownAttributes);
    expect(Buffer.from(listed ?? []).toString('hex')).toBe('7f01');
  });

  test.each([
    ['a bad fingerprint', Buffer.concat([request().subarray(0, -1), Buffer.from([0])])],
    ['a response', parsedResponse(newSession().handle(request(), from, 0).response).bytes],
    ['DTLS', Uint8Array.from([22, 254, 253])],
  ])('drops %s', (_, datagram) => {
    expect(newSession().handle(datagram, from, 0)).toEqual({
      response: undefined,
      valid: false,
      nominated: false,
    });
  });

  test('restart: the old credentials go on until the new ones were used', () => {
    const ice = newSession();
    const fresh = request({ username: 'newUfrag:they', key: keyOf(renewed) });
    expect(ice.handle(fresh, from, 1).valid).toBe(false);
    ice.restart({ local: renewed, remoteUfrag: 'they' });
    expect(ice.localUfrags).toEqual(['newUfrag', 'ourUfrag']);
    expect(ice.handle(request(), from, 2).valid).toBe(true);
    expect(ice.handle(fresh, from, 3).valid).toBe(true);
    expect(ice.localUfrags).toEqual(['newUfrag']);
    expect(errorCode(ice.handle(request(), from, 4).response)).toBe(401);
    expect(ice.lastConsentMs).toBe(3);
  });

  test('only requests with the right key are ever valid', () => {
    const good = request({ useCandidate: true });
    const property = fc.property(
      fc.array(fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 })), {
        minLength: 1,
        maxLength: 4,
      }),
      (edits) => {
        const copy = Uint8Array.from(good);
        for (const [at, mask] of edits) copy[at] = (copy[at] ?? 0) ^ mask;
        const isChanged = !Buffer.from(copy).equals(good);
        expect(newSession().handle(copy, from, 0).valid).toBe(!isChanged);
      },
    );
    fc.assert(property, timeBox);
  });
});

describe('ufragOf', () => {
  test('is what stands before the colon of the username', () => {
    expect(ufragOf(request())).toBe('ourUfrag');
    expect(ufragOf(request({ username: 'nocolon' }))).toBeUndefined();
    expect(ufragOf(request({ username: ':theirs' }))).toBeUndefined();
    expect(ufragOf(request({ username: `${'x'.repeat(257)}:y` }))).toBeUndefined();
    expect(ufragOf(Uint8Array.from([1, 2, 3]))).toBeUndefined();
  });
});

describe('newIceCredentials', () => {
  test('uses six bits of each byte', () => {
    const bytes = Uint8Array.from({ length: 32 }, (_, i) => i * 8 + 3);
    const { ufrag, pwd } = newIceCredentials(() => bytes);
    expect(ufrag).toBe('DLTbjrz7');
    expect(pwd).toBe('DLTbjrz7'.repeat(3));
    expect(newIceCredentials((size) => new Uint8Array(size).fill(255)).ufrag).toBe('////////');
  });
});

function withoutIntegrity(): Uint8Array {
  return rewritten(request().subarray(20, -32), Buffer.alloc(0), undefined);
}

function withUnknownAttribute(): Uint8Array {
  return rewritten(request().subarray(20, -32), Buffer.from('7f01000400000000', 'hex'), keyOf(local));
}

/** The attributes with one more, signed again by way of the functions that check. */
function rewritten(attributes: Uint8Array, more: Uint8Array, key: KeyObject | undefined): Uint8Array {
  const unsigned = Buffer.concat([request().subarray(0, 20), attributes, more]);
  const signed = key
    ? Buffer.concat([unsigned, Buffer.from('00080014', 'hex'), integrityOf(unsigned, key)])
    : unsigned;
  signed.writeUInt16BE(signed.length - 20 + 8, 2);
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(fingerprintOf(signed));
  return Buffer.concat([signed, Buffer.from('80280004', 'hex'), crc]);
}
