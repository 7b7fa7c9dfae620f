import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { shortTimeBox } from '../testing/time-box.ts';
import { joinedField } from '../panel/data/join.ts';
import { metricFrames, metricNames } from './metric-frames.ts';

const history = {
  metric: 'sightline_stream_received_bytes_total',
  unit: 'bytes',
  kind: 'rate',
  source: 'memory',
  startMs: 1000,
  stepMs: 500,
  series: [
    { labels: { stream: 'gate' }, values: [1, null, 3] },
    { labels: { stream: 'hall' }, values: [7, 8, 9] },
  ],
};

test('each series becomes a frame with its labels, unit and moments', () => {
  const frames = metricFrames('B', JSON.stringify(history));
  expect(frames).toHaveLength(2);
  expect(frames?.[0]).toMatchObject({
    refId: 'B',
    name: 'sightline_stream_received_bytes_total',
    fields: [
      { name: 'Time', values: [1000, 1500, 2000] },
      { name: 'Value', values: [1, null, 3], config: { unit: 'Bps' }, labels: { stream: 'gate' } },
    ],
  });
});

test('a tile finds it by the name of the metric', () => {
  const frames = metricFrames('B', JSON.stringify(history)) ?? [];
  const tile = { key: 'hall', stream: 'hall', relayUid: undefined, row: undefined };
  expect(joinedField(tile, frames, history.metric, '')).toMatchObject({
    rowIndex: 2,
    field: { labels: { stream: 'hall' } },
  });
});

test.each([
  ['bytes', 'rate', 'Bps'],
  ['seconds', 'value', 's'],
  ['frames', 'rate', 'cps'],
  ['', 'value', 'short'],
  ['constructor', 'value', 'short'],
])('unit %j as %s is %s', (unit, kind, expected) => {
  const [frame] = metricFrames('A', JSON.stringify({ ...history, unit, kind })) ?? [];
  expect(frame?.fields[1]?.config.unit).toBe(expected);
});

test.each(['', '{}', '{"metric":"a","series":[]}'])('%j is no history', (body) => {
  expect(metricFrames('A', body)).toBeUndefined();
});

test('names for the editor', () => {
  expect(metricNames('{"metrics":[{"name":"a"},{"name":"b"},{}]}')).toEqual(['a', 'b']);
  expect(metricNames('nonsense')).toBeUndefined();
});

test('no JSON makes it throw, and every frame has as many moments as values, and a unit', () => {
  const anything = fc.jsonValue({ maxDepth: 2 });
  const one = fc.record(
    { labels: fc.oneof(fc.dictionary(fc.string(), anything), anything), values: fc.array(anything) },
    { requiredKeys: [] },
  );
  const answer = fc.record({
    metric: fc.oneof(fc.constant('m'), anything),
    startMs: fc.oneof(fc.integer(), anything),
    stepMs: fc.oneof(fc.integer(), anything),
    unit: fc.oneof(fc.constantFrom('bytes', 'constructor', '__proto__', 'toString'), anything),
    kind: fc.constantFrom('rate', 'value'),
    series: fc.oneof(fc.array(fc.oneof(one, anything)), anything),
  });
  fc.assert(
    fc.property(answer, (body) => {
      for (const { length, fields } of metricFrames('A', JSON.stringify(body)) ?? []) {
        const [time, value] = fields;
        expect([time?.values.length, value?.values.length]).toEqual([length, length]);
        expect(typeof value?.config.unit).toBe('string');
        expect(value?.values.every((each) => each === null || typeof each === 'number')).toBe(true);
        expect(Object.values(value?.labels ?? {}).every((label) => typeof label === 'string')).toBe(true);
      }
      metricNames(JSON.stringify({ metrics: body.series }));
    }),
    shortTimeBox,
  );
});
