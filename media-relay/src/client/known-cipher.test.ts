import { expect, test } from 'vitest';
import { KnownCipher } from './known-cipher.ts';

const offer = 'v=0\r\ns=-\r\nt=0 0\r\nm=video 9 x 1\r\na=mid:0\r\nm=audio 9 x 2\r\n';
const marked = offer.replace('m=video', 'a=x-srtp:AEAD_AES_128_GCM\r\nm=video');
const reportOf = (srtpCipher: unknown): ReadonlyMap<string, unknown> =>
  new Map<string, unknown>([
    ['a', { type: 'inbound-rtp' }],
    ['b', { type: 'transport', srtpCipher }],
    ['c', null],
  ]);

function memory(): Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> {
  const items = new Map<string, string>();
  return {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
  };
}

test.each(['AEAD_AES_128_GCM', 'SRTP_AEAD_AES_128_GCM'])(
  'an offer says what a connection showed: %s',
  (name) => {
    const known = new KnownCipher();
    expect(known.mark(offer)).toBe(offer);
    known.learn(reportOf(name));
    expect(known.mark(offer)).toBe(marked);
  },
);

test.each(['AES_CM_128_HMAC_SHA1_80', 'AEAD_AES_256_GCM', undefined, 7])('%s is nothing to say', (name) => {
  const known = new KnownCipher();
  known.learn(reportOf(name));
  expect(known.mark(offer)).toBe(offer);
});

test('the next page knows it too, until a connection fails', () => {
  const storage = memory();
  new KnownCipher(storage).learn(reportOf('AEAD_AES_128_GCM'));
  const next = new KnownCipher(storage);
  expect(next.mark(offer)).toBe(marked);
  next.forget();
  expect(next.mark(offer)).toBe(offer);
  expect(new KnownCipher(storage).mark(offer)).toBe(offer);
});

test('a full storage costs nothing but the next page', () => {
  const full = {
    ...memory(),
    setItem: () => {
      throw new Error('QuotaExceededError');
    },
  };
  const known = new KnownCipher(full);
  known.learn(reportOf('AEAD_AES_128_GCM'));
  expect(known.mark(offer)).toBe(marked);
});
