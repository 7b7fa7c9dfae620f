import { expect, test } from 'vitest';

import { nearest } from './nearest.ts';

test.each([
  ['prot', 'port'],
  ['poort', 'port'],
  ['PORT', 'port'],
  ['adress', 'address'],
  ['cors', undefined],
  ['x', undefined],
  ['', undefined],
])('%s is a slip of %s', (text, expected) => {
  expect(nearest(text, ['port', 'address', 'corsOrigins'])).toBe(expected);
});
