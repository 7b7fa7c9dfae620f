import { expect, test } from 'vitest';
import { dashboardsFrom } from './dashboards.ts';

const fleet = { uid: 'sightline-fleet', title: 'Fleet', url: '/grafana/d/sightline-fleet/fleet' };
const wall = { uid: 'sightline-wall', title: 'Wall', url: '/grafana/d/sightline-wall/wall' };

test('the app’s own dashboards, in their order, without anybody else’s', () => {
  const other = { uid: 'other', title: 'Other', url: '/d/other' };
  expect(dashboardsFrom([fleet, other, { ...wall, tags: [] }])).toEqual([wall, fleet]);
});

test.each([
  null,
  'not found',
  { message: 'no' },
  [null, 1, {}],
  [{ ...wall, url: 'https://example.com' }],
  [{ ...wall, url: '//example.com' }],
])('nothing of %j', (answer) => {
  expect(dashboardsFrom(answer)).toEqual([]);
});
