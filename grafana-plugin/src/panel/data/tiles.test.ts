import { FieldType, toDataFrame } from '@grafana/data';
import type { DataFrame } from '@grafana/data';
import { expect, test } from 'vitest';
import { streamFrame } from '../../datasource/stream-frame.ts';
import { stream } from '../../testing/stream.ts';
import { firingAlerts, joinedField, overlayNames } from './join.ts';
import { relayUidIn } from './relay-uid.ts';
import { rowText, tilesOf } from './tiles.ts';
import type { Tile } from './tiles.ts';

const relayFrame = streamFrame('A', 'uid-1', [
  stream('gate', { title: 'Front gate', site: 'North', labels: { state: 'x', role: 'entrance' } }),
  stream('hall'),
]);

/** As Prometheus answers: one frame per series. */
function series(
  name: string,
  streamName: string,
  values: number[],
  labels: Record<string, string> = {},
): DataFrame {
  return toDataFrame({
    refId: name,
    fields: [
      { name: 'Time', type: FieldType.time, values: values.map((_, index) => index * 1000) },
      { name: 'Value', type: FieldType.number, values, labels: { stream: streamName, ...labels } },
    ],
  });
}

function tilesIn(frames: DataFrame[], field = ''): readonly Tile[] {
  const found = tilesOf(frames, field);
  return found.kind === 'tiles' ? found.tiles : [];
}

test('each row of the relay is a tile that knows its relay', () => {
  const tiles = tilesIn([relayFrame, series('temperature', 'gate', [20])]);
  expect(tiles.map(({ key, stream: name, relayUid }) => [key, name, relayUid])).toEqual([
    ['gate', 'gate', 'uid-1'],
    ['hall', 'hall', 'uid-1'],
  ]);
  const [gate] = tiles;
  if (gate === undefined) throw new Error('no tile');
  expect(rowText(gate, 'title')).toBe('Front gate');
  expect(rowText(gate, 'role')).toBe('entrance');
  expect(rowText(gate, 'label_state')).toBe('x');
  expect(rowText(gate, 'nothing')).toBeUndefined();
});

test('any table with a column that names the stream will do, and repeated rows are tiles of their own', () => {
  const table = toDataFrame({ fields: [{ name: 'Camera', values: ['a', 'b', 'a', ''] }] });
  expect(tilesIn([table]).map(({ key }) => key)).toEqual(['a', 'b', 'a 1']);
  const chosen = toDataFrame({
    fields: [
      { name: 'name', values: ['x'] },
      { name: 'cam', values: ['y'] },
    ],
  });
  expect(tilesIn([chosen], 'cam').map(({ key }) => key)).toEqual(['y']);
});

test('without a table, series with the label stream make the tiles', () => {
  const frames = [series('t', 'a', [1]), series('u', 'a', [2]), series('t', 'b', [3])];
  expect(tilesIn(frames).map(({ key }) => key)).toEqual(['a', 'b']);
});

test('events have a time first and are no list of streams', () => {
  const events = toDataFrame({
    fields: [
      { name: 'time', type: FieldType.time, values: [1] },
      { name: 'stream', type: FieldType.string, values: ['gate'] },
    ],
  });
  expect(tilesIn([relayFrame, events])).toHaveLength(2);
});

test('data without any stream says so, no data does not', () => {
  expect(tilesOf([toDataFrame({ fields: [{ name: 'x', values: [1] }] })], '').kind).toBe('no-stream-field');
  expect(tilesOf([], '')).toMatchObject({ kind: 'tiles', tiles: [] });
});

test('a field is joined from the own row, a series or a table, and a series follows the crosshair', () => {
  const table = toDataFrame({
    refId: 'C',
    fields: [
      { name: 'stream', values: ['hall', 'gate'] },
      { name: 'people', type: FieldType.number, values: [3, 7] },
    ],
  });
  const frames = [
    relayFrame,
    series('temperature', 'hall', [1]),
    series('temperature', 'gate', [20, 21, 22]),
    table,
  ];
  const [gate] = tilesIn(frames);
  if (gate === undefined) throw new Error('no tile');
  const value = (name: string, atMs?: number) => {
    const joined = joinedField(gate, frames, name, '', atMs);
    return joined?.field.values[joined.rowIndex] as unknown;
  };
  expect(value('fps')).toBe(25);
  expect(value('temperature')).toBe(22);
  expect(value('temperature', 1500)).toBe(21);
  expect(value('temperature', -1)).toBeUndefined();
  expect(value('people')).toBe(7);
  expect(value('nothing')).toBeUndefined();
  expect(overlayNames(frames, '')).toEqual(expect.arrayContaining(['fps', 'role', 'temperature', 'people']));
});

test('alerts of the stream that fire, by name', () => {
  const alert = (streamName: string, name: string, state: string, value: number) =>
    series('D', streamName, [value], { alertname: name, alertstate: state });
  const frames = [
    alert('gate', 'Frozen', 'firing', 1),
    alert('gate', 'Late', 'pending', 1),
    alert('gate', 'Over', 'firing', 0),
    alert('hall', 'Other', 'firing', 1),
  ];
  expect(firingAlerts('gate', frames, 0)).toEqual(['Frozen']);
});

test('an alert that ended within the range fires no more, although its series has nothing but ones', () => {
  const firedUntil = (lastMs: number): DataFrame => {
    const times = [lastMs - 30_000, lastMs - 15_000, lastMs];
    const labels = { stream: 'gate', alertname: 'Frozen', alertstate: 'firing' };
    return toDataFrame({
      fields: [
        { name: 'Time', type: FieldType.time, config: { interval: 15_000 }, values: times },
        { name: 'Value', type: FieldType.number, values: [1, 1, 1], labels },
      ],
    });
  };
  const toMs = 900_000;
  // Prometheus counts steps from its own zero: the last one may lie a step before the end.
  expect(firingAlerts('gate', [firedUntil(toMs)], toMs)).toEqual(['Frozen']);
  expect(firingAlerts('gate', [firedUntil(toMs - 14_000)], toMs)).toEqual(['Frozen']);
  expect(firingAlerts('gate', [firedUntil(toMs - 60_000)], toMs)).toEqual([]);
});

test('the relay is the chosen one, else that of the data, else the one that was asked', () => {
  const asked = {
    series: [],
    request: { targets: [{ refId: 'A', datasource: { type: 'sightline-relay-datasource', uid: 'u2' } }] },
  } as unknown as Parameters<typeof relayUidIn>[1];
  expect(relayUidIn('chosen', { series: [relayFrame] })).toBe('chosen');
  expect(relayUidIn('', { series: [relayFrame] })).toBe('uid-1');
  expect(relayUidIn('', asked)).toBe('u2');
  expect(relayUidIn('', { series: [] })).toBeUndefined();
});
