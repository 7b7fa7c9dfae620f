import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { timeBox } from '../testing/time-box.ts';
import { relayStreamsFrom } from './relay-streams.ts';

test('reads what the relay sends', () => {
  const body = JSON.stringify({
    nowMs: 5,
    streams: [
      {
        name: 'gate',
        title: 'Front gate',
        site: null,
        labels: { role: 'entrance', odd: 3 },
        state: 'offline',
        reason: 'refused',
        reasonCode: 'unauthorized',
        warnings: [{ code: 'no-clock', message: 'No clock.' }, { message: 'New.' }, { code: 'mute' }],
        framesPerSecond: 25,
        bitrateBps: 1e6,
        viewers: 2,
        picture: { frozen: true, black: false, brightness: 0.4, blurred: true },
        lastFrameMs: 4,
      },
    ],
  });
  expect(relayStreamsFrom(body)).toMatchObject({
    nowMs: 5,
    streams: [
      {
        name: 'gate',
        title: 'Front gate',
        site: undefined,
        labels: { role: 'entrance' },
        state: 'offline',
        reasonCode: 'unauthorized',
        warnings: [
          { code: 'no-clock', message: 'No clock.' },
          { code: '', message: 'New.' },
        ],
        flags: ['frozen', 'blurred'],
        framesPerSecond: 25,
        lastFrameMs: 4,
      },
    ],
  });
});

test('a stream needs no more than a name, and has it once', () => {
  const found = relayStreamsFrom(
    '{"streams":[{"name":"a"},{"name":"a","state":"sleeping"},{"title":"b"},7]}',
  );
  expect(found?.streams).toMatchObject([{ name: 'a', title: 'a', state: 'connecting', labels: {} }]);
});

test.each(['', '[]', '{}', '{"streams":{}}', '<html>'])('%j is no list', (body) => {
  expect(relayStreamsFrom(body)).toBeUndefined();
});

test('no JSON makes it throw', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      relayStreamsFrom(JSON.stringify({ streams: [value], nowMs: value }));
      relayStreamsFrom(JSON.stringify(value));
    }),
    timeBox,
  );
});
