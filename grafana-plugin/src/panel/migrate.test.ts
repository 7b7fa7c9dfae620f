import { expect, test } from 'vitest';
import { migrate } from './migrate.ts';
import { defaultOptions } from './options.ts';

test('what a dashboard says stays, what it does not say gets its default', () => {
  expect(migrate({ options: { layout: 'spotlight', figures: [] } })).toEqual({
    ...defaultOptions,
    layout: 'spotlight',
    figures: [],
  });
  expect(migrate({ options: {} })).toEqual(defaultOptions);
});
