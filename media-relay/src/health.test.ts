import type { Alert } from '@sightline/exporter';
import { expect, test } from 'vitest';

import type { EngineSnapshot } from './engine/messages.ts';
import { healthOf } from './health.ts';
import type { StreamState } from './stream/states.ts';

function snapshot(...states: StreamState[]): EngineSnapshot {
  // Only the streams are looked at.
  return {
    streams: states.map((state, index) => ({ name: `s${index}`, state })),
  } as unknown as EngineSnapshot;
}

test.each([
  [{ engines: { running: 2, total: 2 }, isStopping: false, snapshot: undefined }, 'ok', true, []],
  [
    {
      engines: { running: 2, total: 2 },
      isStopping: false,
      snapshot: snapshot('live', 'idle', 'connecting'),
    },
    'ok',
    true,
    [],
  ],
  [
    {
      engines: { running: 2, total: 2 },
      isStopping: false,
      snapshot: snapshot('live', 'offline', 'stalled', 'refused'),
    },
    'degraded',
    true,
    ['stream-offline', 'stream-stalled', 'stream-refused'],
  ],
  [
    { engines: { running: 0, total: 2 }, isStopping: false, snapshot: undefined },
    'failing',
    false,
    ['engine-restarting'],
  ],
  [
    { engines: { running: 1, total: 2 }, isStopping: false, snapshot: undefined },
    'degraded',
    true,
    ['engine-restarting'],
  ],
  [
    { engines: { running: 2, total: 2 }, isStopping: true, snapshot: undefined },
    'failing',
    false,
    ['stopping'],
  ],
])('%j', (facts, status, ready, codes) => {
  const report = healthOf({ isFull: false, ...facts, alerts: [], nowMs: 0 });
  expect(report).toMatchObject({ status, ready });
  expect(report.reasons.map(({ code }) => code)).toEqual(codes);
});

test('a full relay is degraded, and its viewers play on', () => {
  const report = healthOf({
    engines: { running: 1, total: 1 },
    isStopping: false,
    isFull: true,
    alerts: [],
    nowMs: 0,
    snapshot: snapshot('live'),
  });
  expect(report).toMatchObject({ status: 'degraded', ready: true });
  expect(report.reasons.map(({ code }) => code)).toEqual(['over-capacity']);
});

test('what is critical for a minute is told; a busy moment, warnings and streams are not', () => {
  const alert: Alert = {
    code: 'memory',
    level: 'critical',
    message: 'The memory that may be used is nearly used up',
    labels: {},
    value: 0.95,
    threshold: 0.9,
    sinceMs: 0,
  };
  const alerts: Alert[] = [
    alert,
    { ...alert, code: 'cpu', sinceMs: 1 },
    { ...alert, code: 'disk', level: 'warning' },
    { ...alert, code: 'stream-down', labels: { stream: 'lobby' } },
  ];
  const facts = {
    engines: { running: 1, total: 1 },
    isStopping: false,
    isFull: false,
    snapshot: undefined,
    alerts,
    nowMs: 60_000,
  };
  expect(healthOf(facts)).toMatchObject({
    status: 'degraded',
    ready: true,
    reasons: [{ code: 'memory-critical', message: 'The memory that may be used is nearly used up.' }],
  });
});
