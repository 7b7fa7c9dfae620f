import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { stream } from '../testing/stream.ts';
import { shortTimeBox } from '../testing/time-box.ts';
import { streamFilter } from './stream-filter.ts';
import { findValues } from './variables.ts';

const streams = [
  stream('lobby-1', { title: 'Lobby', site: 'North', labels: { role: 'entrance', floor: '1' } }),
  stream('lobby-2', { site: 'South', labels: { role: 'entrance' } }),
  stream('roof.a', { site: 'North' }),
];

test.each([
  ['', '', ['lobby-1', 'lobby-2', 'roof.a']],
  ['lobby-*', '', ['lobby-1', 'lobby-2']],
  ['*', 'site=North', ['lobby-1', 'roof.a']],
  ['lobby-1, roof.a', '', ['lobby-1', 'roof.a']],
  ['{lobby-1,lobby-2}', '', ['lobby-1', 'lobby-2']],
  ['(lobby-1|roof.a)', '', ['lobby-1', 'roof.a']],
  ['roofxa', '', []],
  ['', 'role=entrance, site=South', ['lobby-2']],
  ['', 'role="entrance"', ['lobby-1', 'lobby-2']],
  ['', 'role', ['lobby-1', 'lobby-2']],
  ['', 'site=N*', ['lobby-1', 'roof.a']],
  ['', 'site={North,South}', ['lobby-1', 'lobby-2', 'roof.a']],
  ['', 'site={East,S*}, role', ['lobby-2']],
  ['', 'role=entrance, site="{North,East}"', ['lobby-1']],
  ['', 'constructor', []],
])('names %j, labels %j', (names, labels, expected) => {
  expect(streams.filter(streamFilter(names, labels)).map(({ name }) => name)).toEqual(expected);
});

test.each([
  [
    'streams',
    [
      { text: 'Lobby', value: 'lobby-1' },
      { text: 'lobby-2', value: 'lobby-2' },
      { text: 'roof.a', value: 'roof.a' },
    ],
  ],
  ['', 3],
  ['streams(site=North)', 2],
  ['streams(site={North,South})', 3],
  ['label_values(site)', [{ text: 'North' }, { text: 'South' }]],
  [' label_values( role , site=North ) ', [{ text: 'entrance' }]],
  ['label_values(floor, site={North,South})', [{ text: '1' }]],
  ['label_values(nothing)', []],
] as const)('variable query %j', (query, expected) => {
  const found = findValues(query, streams);
  if (typeof expected === 'number') expect(found).toHaveLength(expected);
  else expect(found).toEqual(expected);
});

test.each(['label_values()', 'tags(site)', 'label_values(a', 'a b'])(
  '%j is refused with the syntax',
  (query) => {
    expect(() => findValues(query, streams)).toThrow(/Write streams/);
  },
);

test('a pattern of many stars costs no more than one', () => {
  const [pattern, name] = [`${'a*'.repeat(40)}b`, 'a'.repeat(64)];
  expect([stream(name)].filter(streamFilter(pattern, ''))).toEqual([]);
  expect([stream(`${name}b`)].filter(streamFilter(pattern, ''))).toHaveLength(1);
});

test('a star stands for any run of characters, and everything else for itself', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '.', '-', '+'), minLength: 1, maxLength: 8 });
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '.', '+', '*'), minLength: 1, maxLength: 6 });
  const expression = (glob: string) =>
    new RegExp(`^${glob.replaceAll(/[.+]/g, String.raw`\$&`).replaceAll('*', '.*')}$`, 's');
  fc.assert(
    fc.property(text, pattern, (name, glob) => {
      expect(streamFilter(glob, '')(stream(name))).toBe(expression(glob).test(name));
    }),
    shortTimeBox,
  );
});

test('any text is a filter, and a variable query gives streams that there are or the syntax', () => {
  const bits = fc.constantFrom(
    'streams',
    'label_values',
    '(',
    ')',
    '{',
    '}',
    ',',
    '=',
    '*',
    '"',
    'site',
    'role',
    ' ',
  );
  const text = fc
    .array(fc.oneof(bits, fc.string({ maxLength: 3 })), { maxLength: 10 })
    .map((all) => all.join(''));
  const names = new Set(streams.map(({ name }) => name));
  const known = new Set([
    'North',
    'South',
    'entrance',
    '1',
    'Lobby',
    ...names,
    ...streams.map(({ state }) => state),
  ]);
  fc.assert(
    fc.property(text, text, (one, other) => {
      streams.filter(streamFilter(one, other));
      let found: ReturnType<typeof findValues>;
      try {
        found = findValues(one, streams);
      } catch (error) {
        expect(String(error)).toContain('Write streams');
        return;
      }
      expect(one.trim()).toMatch(/^(streams\b|label_values\b|$)/);
      for (const { text, value } of found) expect(known).toContain(value ?? text);
    }),
    shortTimeBox,
  );
});
