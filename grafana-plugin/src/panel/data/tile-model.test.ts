import { applyFieldOverrides, createTheme, FieldType, ThresholdsMode, toDataFrame } from '@grafana/data';
import type { DataFrame } from '@grafana/data';
import { expect, test } from 'vitest';
import { streamFrame } from '../../datasource/stream-frame.ts';
import { stream } from '../../testing/stream.ts';
import { defaultOptions } from '../options.ts';
import type { WallOptions } from '../options.ts';
import { tileModel } from './tile-model.ts';
import { tilesOf } from './tiles.ts';

const thresholds = {
  mode: ThresholdsMode.Absolute,
  steps: [
    { value: -Infinity, color: 'green' },
    { value: 30, color: 'red' },
  ],
};

function modelOf(options: Partial<WallOptions>, celsius = 31) {
  const temperature: DataFrame = toDataFrame({
    refId: 'temperature',
    fields: [
      {
        name: 'Value',
        type: FieldType.number,
        values: [celsius],
        labels: { stream: 'gate' },
        config: { unit: 'celsius', thresholds, color: { mode: 'thresholds' } },
      },
    ],
  });
  const gate = stream('gate', { title: 'Front gate', site: 'North' });
  const frames = applyFieldOverrides({
    data: [streamFrame('A', 'u', [gate]), temperature],
    theme: createTheme(),
    fieldConfig: { defaults: {}, overrides: [] },
    replaceVariables: (text) => text,
  });
  const found = tilesOf(frames, '');
  const tile = found.kind === 'tiles' ? found.tiles[0] : undefined;
  if (tile === undefined) throw new Error('no tile');
  return tileModel(tile, gate, {
    frames,
    options: { ...defaultOptions, ...options },
    replaceVariables: (text, scoped) => `${text}|${String(scoped?.['stream']?.value)}`,
    hoverMs: undefined,
    toMs: 0,
    panelAlert: undefined,
  });
}

test('title and site come from the row', () => {
  expect(modelOf({})).toMatchObject({
    title: 'Front gate',
    site: 'North',
    overlays: [],
    borderColor: undefined,
  });
  expect(modelOf({ title: 'Camera' }).title).toBe('Camera|gate');
});

test('overlays have the unit and the colour of the threshold, and none without thresholds', () => {
  const { overlays } = modelOf({ overlays: ['temperature', 'fps', 'missing'] });
  expect(overlays).toMatchObject([
    { name: 'temperature', text: '31 °C', color: createTheme().visualization.getColorByName('red') },
    { name: 'fps', text: '25 fps', color: undefined },
  ]);
});

test('the border follows the threshold of its field', () => {
  const { getColorByName } = createTheme().visualization;
  expect(modelOf({ border: 'field', borderField: 'temperature' }).borderColor).toBe(getColorByName('red'));
  expect(modelOf({ border: 'field', borderField: 'temperature' }, 20).borderColor).toBe(
    getColorByName('green'),
  );
  expect(modelOf({ border: 'state', borderField: 'temperature' }).borderColor).toBeUndefined();
});
