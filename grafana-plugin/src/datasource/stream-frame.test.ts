import { expect, test } from 'vitest';
import { saidIn } from '../relay/relay-sentences.ts';
import { stream } from '../testing/stream.ts';
import { streamFrame } from './stream-frame.ts';

const roof = stream('roof', {
  state: 'offline',
  reason: '10.0.0.7:554 no longer answers',
  reasonCode: 'timeout',
  warnings: [
    { code: 'udp-fallback', message: 'Using TCP.' },
    { code: 'of-tomorrow', message: 'New.' },
  ],
});

test.each([
  ['en', '10.0.0.7:554 no longer answers', 'Using TCP.\nNew.'],
  ['ko', expect.stringMatching(/응답하지 않습니다/), expect.stringMatching(/TCP를 사용합니다.*\nNew\./)],
])('sentences are in the user’s language, codes are not: %s', (language, reason, warnings) => {
  const { fields } = streamFrame('A', 'uid', [roof], saidIn(language));
  const value = (name: string): unknown => fields.find((field) => field.name === name)?.values[0];
  expect(value('reason')).toEqual(reason);
  expect(value('warnings')).toEqual(warnings);
  expect(value('state')).toBe('offline');
});

test('a camera that is well has neither', () => {
  const { fields } = streamFrame('A', 'uid', [stream('gate')]);
  const value = (name: string): unknown => fields.find((field) => field.name === name)?.values[0];
  expect([value('reason'), value('warnings')]).toEqual([null, null]);
});
