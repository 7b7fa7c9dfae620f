import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { shortTimeBox } from '../testing/time-box.ts';
import { eventFrame, eventsFrom } from './event-frame.ts';

test('becomes a frame that serves as annotations', () => {
  const events = eventsFrom(
    JSON.stringify({
      events: [
        { atMs: 1, kind: 'stream-down', stream: 'gate', reason: 'No answer.' },
        { atMs: 2, kind: 'config-change', added: ['a', 'b'], removed: [], changed: [] },
        { kind: 'no time' },
      ],
    }),
  );
  const frame = eventFrame('A', events ?? []);
  const values = Object.fromEntries(frame.fields.map((field) => [field.name, field.values]));
  expect(values).toEqual({
    time: [1, 2],
    title: ['gate: stream down', 'config change'],
    text: ['No answer.', 'added: a, b'],
    tags: [['stream-down', 'gate'], ['config-change']],
    kind: ['stream-down', 'config-change'],
    stream: ['gate', null],
  });
});

test.each(['', '{}', 'null'])('%j is no list', (body) => expect(eventsFrom(body)).toBeUndefined());

test('names that are no texts are left out', () => {
  const event = { atMs: 1, kind: 'config-change', added: [{ toString: 1 }, 'a', [[]]] };
  expect(eventsFrom(JSON.stringify({ events: [event] }))?.[0]?.sentence).toBe('added: a');
});

test('no JSON makes it throw, and every event has a row of its own', () => {
  const anything = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom<unknown>({ toString: 1 }, [{ toString: 1 }], ['a'], [[]]),
  );
  const event = fc.record(
    {
      atMs: fc.oneof(fc.integer(), anything),
      kind: fc.oneof(fc.constant('config-change'), anything),
      stream: anything,
      reason: anything,
      added: anything,
      removed: anything,
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(event, anything)), (events) => {
      const found = eventsFrom(JSON.stringify({ events })) ?? [];
      expect(found.length).toBeLessThanOrEqual(events.length);
      for (const { name, values } of eventFrame('A', found).fields) {
        expect(values).toHaveLength(found.length);
        if (name === 'time') expect(values.every(Number.isFinite)).toBe(true);
        else if (name === 'tags') expect(values.flat().every((tag) => typeof tag === 'string')).toBe(true);
        else expect(values.every((each) => each === null || typeof each === 'string')).toBe(true);
      }
    }),
    shortTimeBox,
  );
});
