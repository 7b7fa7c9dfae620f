import { expect, test } from 'vitest';
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
