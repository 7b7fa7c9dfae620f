import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { timeBox } from '../testing/time-box.ts';
import { fileName, timeOf } from './still-name.ts';

test('a name tells its moment, and only the name that is made of it', () => {
  expect(fileName(Date.UTC(2030, 0, 2, 3, 4, 5, 678))).toBe('2030-01-02T03-04-05.678Z.jpg');
  fc.assert(
    fc.property(fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) }), (atMs) => {
      expect(timeOf(fileName(atMs))).toBe(atMs);
    }),
    timeBox,
  );
});

test.each([
  '',
  'holiday.jpg',
  '2030-02-30T03-04-05.678Z.jpg',
  '2030-13-01T03-04-05.678Z.jpg',
  '2030-01-02T24-00-00.000Z.jpg',
  '2030-01-02T03-04-05.678Z.jpg.new',
  '../2030-01-02T03-04-05.678Z.jpg',
])('%j is none', (name) => {
  expect(timeOf(name)).toBeUndefined();
});

test('no name makes it throw', () => {
  const digits = fc.stringMatching(/^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z\.jpg$/);
  fc.assert(
    fc.property(fc.oneof(fc.string(), digits), (name) => {
      const atMs = timeOf(name);
      if (atMs !== undefined) expect(fileName(atMs)).toBe(name);
    }),
    timeBox,
  );
});
