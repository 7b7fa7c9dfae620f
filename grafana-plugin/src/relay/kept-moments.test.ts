import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { timeBox } from '../testing/time-box.ts';
import { keptMomentsFrom } from './kept-moments.ts';

test('reads what the relay sends, in order', () => {
  expect(
    keptMomentsFrom('{"everySeconds":60,"stills":[{"timeMs":7},{"timeMs":"x"},{},{"timeMs":5}]}'),
  ).toEqual({
    everySeconds: 60,
    timesMs: [5, 7],
  });
  expect(keptMomentsFrom('{"everySeconds":null,"stills":[]}')).toEqual({
    everySeconds: undefined,
    timesMs: [],
  });
});

test.each(['', '[]', '{}', '{"stills":1}', '<html>'])('%j is no list', (body) => {
  expect(keptMomentsFrom(body)).toBeUndefined();
});

test('no JSON makes it throw', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      keptMomentsFrom(JSON.stringify({ stills: [value], everySeconds: value }));
      keptMomentsFrom(JSON.stringify(value));
    }),
    timeBox,
  );
});
