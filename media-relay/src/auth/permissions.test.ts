import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { timeBox } from '../testing/time-box.ts';
import type { Principal } from './permissions.ts';
import { anonymous, isAllowed, isStreamPattern, matchesPattern } from './permissions.ts';

describe('patterns', () => {
  test.each([
    ['*', 'lobby', true],
    ['lobby', 'lobby', true],
    ['lobby', 'lobby2', false],
    ['lobby', 'Lobby', false],
    ['lobby-*', 'lobby-1', true],
    ['lobby-*', 'lobby-', true],
    ['lobby-*', 'lobby', false],
    ['*-cam', 'door-cam-cam', true],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*c', 'a-b-b-d', false],
    ['', 'x', false],
    ['.', 'x', false],
  ])('%s on %s: %s', (pattern, name, expected) => {
    expect(matchesPattern(pattern, name)).toBe(expected);
  });

  test('agree with the regular expression that they stand for', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), maxLength: 12 });
    fc.assert(
      fc.property(text, text, (pattern, name) => {
        const source = pattern.replaceAll('.', '\\.').replaceAll(/\*+/g, '.*');
        expect(matchesPattern(pattern, name)).toBe(new RegExp(`^${source}$`).test(name));
      }),
      timeBox,
    );
  });

  test('hold nothing but names and stars', () => {
    expect(isStreamPattern('lobby-*')).toBe(true);
    for (const text of ['', 'a/b', 'a b', '[a]', 'x'.repeat(65)]) expect(isStreamPattern(text)).toBe(false);
  });
});

describe('principals', () => {
  const lobby: Principal = {
    ...anonymous,
    grants: [{ permission: 'view', streams: ['lobby-*'] }],
  };

  test('hold what was granted and nothing beside it', () => {
    expect(isAllowed(lobby, 'view', { stream: 'lobby-1' })).toBe(true);
    expect(isAllowed(lobby, 'view', { stream: 'garage' })).toBe(false);
    expect(isAllowed(lobby, 'admin', { stream: 'lobby-1' })).toBe(false);
    expect(isAllowed(lobby, 'view', 'any')).toBe(true);
    expect(isAllowed(lobby, 'view', 'all')).toBe(false);
  });

  test('are cut down by narrowing, never widened', () => {
    const narrowed: Principal = { ...lobby, narrowedTo: ['*-1', 'garage'] };
    expect(isAllowed(narrowed, 'view', { stream: 'lobby-1' })).toBe(true);
    expect(isAllowed(narrowed, 'view', { stream: 'lobby-2' })).toBe(false);
    expect(isAllowed(narrowed, 'view', { stream: 'garage' })).toBe(false);
    expect(isAllowed({ ...lobby, narrowedTo: [] }, 'view', 'any')).toBe(false);
  });

  test('without grants may do nothing', () => {
    expect(isAllowed(anonymous, 'view', 'any')).toBe(false);
  });
});
