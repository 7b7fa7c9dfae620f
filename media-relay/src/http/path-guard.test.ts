import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { timeBox } from '../testing/time-box.ts';
import { guardPath, isStreamName } from './path-guard.ts';

describe('guardPath', () => {
  test.each([
    ['/', []],
    ['/?a=%2e%2e', []],
    ['/api/v1/whep/cam', ['api', 'v1', 'whep', 'cam']],
    ['/api/v1/whep/cam.1_a-b~?x=/../;', ['api', 'v1', 'whep', 'cam.1_a-b~']],
    ['/...', ['...']],
  ])('%s', (target, segments) => {
    expect(guardPath(target)).toEqual({ ok: true, segments });
  });

  test.each([
    '',
    '*',
    'api',
    'http://localhost/api',
    '//',
    '//api',
    '/api//v1',
    '/api/',
    '/.',
    '/api/../admin',
    '/api/./admin',
    '/api/%2e%2e/admin',
    '/api/%2E%2E/admin',
    '/api%2f..%2fadmin',
    '/api%2Fadmin',
    '/api%5cadmin',
    '/api%5Cadmin',
    '/api/%252e',
    '/api/a%20b',
    '/api/..;/admin',
    '/api;x/admin',
    '/api\\admin',
    '/api/\u0000',
    '/api/caf\u00e9',
    '/api/\uff0e\uff0e/admin',
    '/api#x',
    '/api/a b',
    '/api/a:b',
  ])('refuses %j', (target) => {
    expect(guardPath(target).ok).toBe(false);
  });

  test('what it lets through is what every other reader of the path makes of it, too', () => {
    const piece = fc.constantFrom(
      '.',
      '..',
      '/',
      '%2e',
      '%2F',
      '%5c',
      ';',
      '\\',
      'a',
      'A',
      '~',
      '?',
      '#',
      '\0',
      'é',
    );
    const target = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(piece, { maxLength: 10 }).map((pieces) => `/${pieces.join('')}`),
    );
    fc.assert(
      fc.property(target, (text) => {
        const verdict = guardPath(text);
        const path = text.split('?', 1)[0] ?? '';
        const isSound =
          !verdict.ok ||
          (`/${verdict.segments.join('/')}` === path &&
            new URL(`http://host${path}`).pathname === path &&
            decodeURIComponent(path) === path &&
            !/[;\\]|\/\/|[^\x21-\x7e]/.test(path));
        expect(isSound).toBe(true);
      }),
      timeBox,
    );
  });
});

test('names of streams', () => {
  expect(['a', 'cam-1', 'A.b_c', '0', 'x'.repeat(64)].every(isStreamName)).toBe(true);
  expect(['', '.', '..', '-a', '_a', 'a/b', 'a b', 'a~', 'é', 'x'.repeat(65)].some(isStreamName)).toBe(false);
});
