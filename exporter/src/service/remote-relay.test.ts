import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { shortTimeBox } from '../../../media-relay/src/testing/time-box.ts';
import { statesIn } from './remote-relay.ts';

test('reads the states, and takes what is no text for none', () => {
  expect(statesIn('{"streams":[{"state":"live"},{"state":{"toString":1}},{},null]}')).toEqual([
    'live',
    '',
    '',
    '',
  ]);
});

test.each(['', '<html>hunter2</html>', 'null', '[]', '{"streams":{}}', '"streams"'])(
  '%j is no relay',
  (text) => {
    expect(() => statesIn(text)).toThrow(/^what answers there is no relay$/);
  },
);

test('any text gives one state for each stream, or the same sentence', () => {
  const stream = fc.oneof(
    fc.record({ state: fc.oneof(fc.string(), fc.jsonValue({ maxDepth: 1 }), fc.constant({ toString: 1 })) }),
    fc.jsonValue({ maxDepth: 1 }),
  );
  const text = fc.oneof(
    fc.record({ streams: fc.array(stream) }).map((body) => JSON.stringify(body)),
    fc.json(),
    fc.string(),
  );
  fc.assert(
    fc.property(text, (body) => {
      let states: string[];
      try {
        states = statesIn(body);
      } catch (error) {
        expect(error).toEqual(new Error('what answers there is no relay'));
        return;
      }
      expect(states).toHaveLength((JSON.parse(body) as { streams: unknown[] }).streams.length);
      expect(states.every((state) => typeof state === 'string')).toBe(true);
    }),
    shortTimeBox,
  );
});
