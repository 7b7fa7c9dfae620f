import { expect, test } from 'vitest';
import { atLeast, atMost, exactly, missesOf, type Musts } from './musts.ts';

test('what is equal to its bound or within it is no miss', () => {
  const figures = { frozenPercent: 0.5, decodedPercent: 99, lost: 0, isNothingLeft: true, seconds: 60 };
  const musts = {
    frozenPercent: atMost(0.5),
    decodedPercent: atLeast(99),
    lost: exactly(0),
    isNothingLeft: exactly(true),
  };
  expect(missesOf(figures, musts)).toEqual([]);
  expect(missesOf({ ...figures, frozenPercent: -1, decodedPercent: 100 }, musts)).toEqual([]);
  expect(missesOf(figures, {})).toEqual([]);
});

test.each([
  [0.81, atMost(0.5), 'figure is 0.81, must be at most 0.5 (misses by 0.31)'],
  [98, atLeast(99), 'figure is 98, must be at least 99 (misses by 1)'],
  [3, exactly(0), 'figure is 3, must be 0 (misses by 3)'],
  [false, exactly(true), 'figure is false, must be true'],
  [Infinity, atMost(5), 'figure is Infinity, must be at most 5 (misses by Infinity)'],
])('%s misses %o', (figure, must, line) => {
  expect(missesOf<unknown>({ figure }, { figure: must } as never)).toEqual([line]);
});

test.each([NaN, null, undefined])('%s is a miss, whatever the must', (figure) => {
  const value = figure === undefined ? 'missing' : String(figure);
  const figures: { readonly figure?: number | null } = figure === undefined ? {} : { figure };
  expect(missesOf(figures, { figure: atMost(5) })).toEqual([`figure is ${value}, must be at most 5`]);
  expect(missesOf(figures, { figure: atLeast(5) })).toEqual([`figure is ${value}, must be at least 5`]);
  expect(missesOf(figures, { figure: exactly(0) })).toEqual([`figure is ${value}, must be 0`]);
});

test('musts reach into objects and lists, and what is not there is missing', () => {
  const figures: {
    readonly runs: readonly { readonly lost: number }[];
    readonly far?: { readonly ms: number };
  } = {
    runs: [{ lost: 0 }, { lost: 2 }],
  };
  expect(
    missesOf(figures, {
      runs: [{ lost: exactly(0) }, { lost: exactly(0) }, { lost: exactly(0) }],
      far: { ms: atMost(9) },
    }),
  ).toEqual([
    'runs.1.lost is 2, must be 0 (misses by 2)',
    'runs.2.lost is missing, must be 0',
    'far.ms is missing, must be at most 9',
  ]);
});

test('a key that no figure has is a type error', () => {
  // @ts-expect-error misspelt
  const musts: Musts<{ readonly lost: number }> = { lots: exactly(0) };
  expect(missesOf({ lost: 0 }, musts)).toHaveLength(1);
});
