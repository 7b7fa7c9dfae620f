import { toDataFrame } from '@grafana/data';
import { expect, test } from 'vitest';
import { streamFrame } from '../datasource/stream-frame.ts';
import { stream } from '../testing/stream.ts';
import { migrate } from './migrate.ts';
import { defaultOptions } from './options.ts';
import { panelSentencesIn } from './sentences-in.ts';
import { presets, suggest } from './suggestions.ts';

const t = panelSentencesIn('en');

test('a wall is suggested for what a relay said, and for nothing else', () => {
  const [suggestion] = suggest([streamFrame('A', 'uid', [stream('gate')])], t) ?? [];
  expect(suggestion).toMatchObject({ name: 'Camera wall', score: 100 });
  expect(suggest([streamFrame('A', 'uid', [])], t)).toBeUndefined();
  expect(suggest([toDataFrame({ fields: [{ name: 'name', values: ['x'] }] })], t)).toBeUndefined();
  expect(suggest(undefined, t)).toBeUndefined();
});

test('its card shows neither figures nor titles, and the panel both', () => {
  const [suggestion] = suggest([streamFrame('A', 'uid', [stream('gate')])], t) ?? [];
  if (suggestion === undefined) throw new Error('no suggestion');
  expect(suggestion.options).toMatchObject({ showTitles: true });
  suggestion.cardOptions?.previewModifier?.(suggestion);
  expect(suggestion.options).toMatchObject({ showTitles: false, figures: [] });
});

test('presets are whole sets of options with names of their own', () => {
  const all = presets(t);
  for (const { options } of all)
    expect(Object.keys(options ?? {}).sort()).toEqual(Object.keys(defaultOptions).sort());
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
});

test('options of older dashboards keep what they say and get the rest', () => {
  expect(migrate({ options: { layout: 'columns' } })).toEqual({ ...defaultOptions, layout: 'columns' });
  expect(migrate({ options: {} })).toEqual(defaultOptions);
});
