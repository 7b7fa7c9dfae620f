import { stripVTControlCharacters } from 'node:util';

import { expect, test } from 'vitest';

import { gaugesOf, levelOf } from '../client/monitoring/gauges.ts';
import type { Ask, Figures } from '../client/monitoring/overview.ts';
import { askOverview } from '../client/monitoring/overview.ts';
import { topScreen } from './top-screen.ts';

const nowMs = 10_000_000;
const stream = (name: string, state: string, more: object = {}) => ({
  name,
  title: name,
  state,
  stateSinceMs: nowMs - 65_000,
  viewers: 2,
  framesPerSecond: 24.6,
  bitrateBps: 2_000_000,
  ...more,
});
const answers: Readonly<Record<string, unknown>> = {
  'api/v1/streams': {
    nowMs,
    streams: [
      stream('lobby', 'live'),
      stream('spare', 'idle'),
      stream('gate', 'offline', { reason: 'refused\u001b[2J the connection' }),
      ...Array.from({ length: 40 }, (_, index) => stream(`camera-${index}`, 'live')),
    ],
  },
  'api/monitoring/system': {
    metrics: [{ name: 'sightline_cpu_utilisation_ratio', series: [{ labels: {}, value: 0.926 }] }],
  },
  'api/v1/alerts': {
    alerts: [{ level: 'critical', message: 'A camera cannot be reached', labels: { stream: 'gate' } }],
  },
};
const ask: Ask = (path) => Promise.resolve(answers[path]);
const limits: Figures = new Map([['sightline_host_cpus', [{ labels: {}, value: 2 }]]]);

test('levels begin at 50, 75 and 90', () => {
  expect([0, 49, 50, 74, 75, 89, 90, 300].map(levelOf)).toEqual([
    'ok',
    'ok',
    'raised',
    'raised',
    'high',
    'high',
    'critical',
    'critical',
  ]);
});

test('a gauge is told only where there is a figure', async () => {
  const { figures } = await askOverview(ask);
  expect(gaugesOf(figures, limits)).toEqual([
    { name: 'CPU', percent: 93, level: 'critical', detail: 'of 2 cores' },
  ]);
  expect(gaugesOf(new Map(), new Map())).toEqual([]);
});

test('what is in trouble comes first; nothing of a camera steers the terminal', async () => {
  const overview = await askOverview(ask);
  const lines = topScreen(overview, gaugesOf(overview.figures, limits), {
    columns: 120,
    rows: Infinity,
    hasColour: false,
  });
  const text = lines.join('\n');
  expect(text).toContain('41 of 43 streams live  86 viewers  1 alerts');
  expect(text).toMatch(/^CPU +#{9}\. +93% Critical$/m);
  expect(text.indexOf('gate')).toBeLessThan(text.indexOf('lobby'));
  expect(text).toMatch(/^Offline +gate +2 +- +- {2}down 1 min +refused the connection$/m);
  expect(text).toMatch(/^Live +lobby +2 +25 +2\.0 Mbit\/s {2}1 min$/m);
  expect(text).toMatch(/^Idle +spare +2 +- +- {2}-$/m);
  expect(text).toContain('CRITICAL gate: A camera cannot be reached');
  expect(text).not.toContain('\u001b');
});

test.each([
  [80, 24],
  [40, 10],
  [20, 5],
  [200, 60],
])('fits a terminal of %i x %i', async (columns, rows) => {
  const overview = await askOverview(ask);
  const lines = topScreen(overview, gaugesOf(overview.figures, limits), { columns, rows, hasColour: true });
  expect(lines.length).toBeLessThanOrEqual(rows);
  for (const line of lines) expect(stripVTControlCharacters(line).length).toBeLessThanOrEqual(columns);
});

test('answers that make no sense are read as nothing', async () => {
  const overview = await askOverview(() =>
    Promise.resolve({ streams: [null, 3, {}], metrics: 'x', alerts: [7] }),
  );
  expect(overview.streams).toEqual([]);
  expect(overview.figures.size).toBe(0);
  expect(overview.alerts).toMatchObject([{ level: 'info', message: '' }]);
});
