import { timingSafeEqual } from 'node:crypto';

import * as fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';

import { timeBox } from '../testing/time-box.ts';
import type { ConstantTimeEqual, TokenSpec } from './tokens.ts';
import { presentedToken, TokenBook } from './tokens.ts';

const spec = (name: string, secret: string): TokenSpec => ({ name, secret, grants: [], forGrafana: false });
const [a, b, c] = [spec('a', 'a'.repeat(43)), spec('b', 'b'.repeat(43)), spec('c', 'c'.repeat(43))];

describe('TokenBook', () => {
  test('finds a token by its secret only', () => {
    const book = new TokenBook([a, b, c]);
    expect(book.find(b.secret)?.name).toBe('b');
    expect(book.find(`${b.secret}b`)).toBeUndefined();
    expect(book.find(b.secret.slice(1))).toBeUndefined();
    expect(book.find('')).toBeUndefined();
  });

  test('compares the hashes of all, in constant time, wherever the match is', () => {
    const equal = vi.fn<ConstantTimeEqual>(timingSafeEqual);
    const book = new TokenBook([a, b, c], equal);
    for (const secret of [a.secret, c.secret, 'unknown']) {
      equal.mockClear();
      book.find(secret);
      expect(equal).toHaveBeenCalledTimes(3);
      for (const [left, right] of equal.mock.calls)
        expect([left.byteLength, right.byteLength]).toEqual([32, 32]);
    }
  });

  test('refuses short and doubled tokens, naming them without showing them, and keeps the old ones', () => {
    const book = new TokenBook([a]);
    expect(() => book.replace([spec('weak', 'hunter2')])).toThrow(/^token "weak"(?!.*hunter2)/);
    expect(() => book.replace([a, spec('twin', a.secret)])).toThrow('tokens "a" and "twin" are the same');
    expect(book.find(a.secret)?.name).toBe('a');
    book.replace([b]);
    expect(book.find(a.secret)).toBeUndefined();
  });
});

describe('presentedToken', () => {
  test.each([
    [{}, { kind: 'none' }],
    [{ authorization: ['Bearer abc'] }, { kind: 'token', secret: 'abc' }],
    [{ authorization: ['bearer   abc'] }, { kind: 'token', secret: 'abc' }],
    [{ 'x-sightline-token': ['abc'] }, { kind: 'token', secret: 'abc' }],
    [
      { authorization: ['Bearer abc'], 'x-sightline-token': ['abc'] },
      { kind: 'token', secret: 'abc' },
    ],
    [
      { authorization: ['Basic abc'], 'x-sightline-token': ['abc'] },
      { kind: 'token', secret: 'abc' },
    ],
    [{ authorization: ['Basic YTpi'] }, { kind: 'foreign' }],
    [{ authorization: ['Bearer'] }, { kind: 'foreign' }],
  ])('%j', (headers, expected) => {
    expect(presentedToken(headers)).toEqual(expected);
  });

  test.each([
    { authorization: ['Bearer abc'], 'x-sightline-token': ['abd'] },
    { authorization: ['Bearer abc', 'Bearer abd'] },
    { 'x-sightline-token': ['abc', 'abd'] },
    { 'x-sightline-token': ['abc, abd'] },
    { 'x-sightline-token': [''] },
    { authorization: ['Bearer a b'] },
    { authorization: [`Bearer ${'a'.repeat(513)}`] },
  ])('malformed: %j', (headers) => {
    expect(presentedToken(headers).kind).toBe('malformed');
  });

  test('takes any header values, and a token out of it is one of them', () => {
    const values = fc.array(fc.string({ unit: 'binary', maxLength: 40 }), { maxLength: 3 });
    fc.assert(
      fc.property(values, values, (bearer, own) => {
        const authorization = bearer.map((value) => `Bearer ${value}`);
        const result = presentedToken({ authorization, 'x-sightline-token': own });
        const presented = [...bearer, ...own].map((value) => value.trim());
        const isSound =
          result.kind !== 'token' ||
          (/^[A-Za-z0-9._~+/-]+=*$/.test(result.secret) &&
            presented.every((value) => value === result.secret));
        expect(isSound).toBe(true);
      }),
      timeBox,
    );
  });
});
