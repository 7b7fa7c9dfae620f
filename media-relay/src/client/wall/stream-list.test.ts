import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { streamStates } from '../../stream/states.ts';
import { shortTimeBox } from '../../testing/time-box.ts';
import { askCourse, askOverview } from '../monitoring/overview.ts';
import { streamListFrom } from './stream-list.ts';

test('a number beyond all numbers is none', () => {
  expect(streamListFrom('{"nowMs":1e999,"streams":[{"name":"a","lastFrameMs":1e999}]}')).toMatchObject({
    nowMs: 0,
    streams: [{ name: 'a', lastFrameMs: undefined }],
  });
});

test('any JSON is a list of named streams in states that there are, or no list', async () => {
  const anything = fc.jsonValue({ maxDepth: 2 });
  const keys = [
    'title',
    'site',
    'reason',
    'picture',
    'warnings',
    'lastFrameMs',
    'viewers',
    'labels',
  ] as const;
  const stream = fc.record(
    {
      name: fc.oneof(fc.constantFrom('a', 'b', '', '__proto__'), anything),
      state: fc.oneof(fc.constantFrom('live', 'idle', 'constructor', 'toString'), anything),
      ...Object.fromEntries(keys.map((key) => [key, anything])),
    },
    { requiredKeys: [] },
  );
  const answer = fc.oneof(
    fc.record({ nowMs: anything, streams: fc.array(fc.oneof(stream, anything)) }),
    fc.record({ alerts: fc.array(anything), metrics: fc.array(anything), series: fc.array(anything) }),
    anything,
  );
  await fc.assert(
    fc.asyncProperty(answer, async (body) => {
      const list = streamListFrom(JSON.stringify(body));
      const { streams, nowMs } = await askOverview(() => Promise.resolve(body));
      await askCourse(() => Promise.resolve(body), 'metric', 1);
      const names = list?.streams.map(({ name }) => name) ?? [];
      expect(new Set(names).size).toBe(names.length);
      expect(Number.isFinite(nowMs) && Number.isFinite(list?.nowMs ?? 0)).toBe(true);
      for (const { name, title, state } of [...(list?.streams ?? []), ...streams]) {
        expect(name !== '' && typeof title === 'string').toBe(true);
        expect(Object.keys(streamStates)).toContain(state);
      }
    }),
    shortTimeBox,
  );
});
