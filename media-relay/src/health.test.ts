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
  [{ isEngineRunning: true, isStopping: false, snapshot: undefined }, 'ok', true, []],
  [
    { isEngineRunning: true, isStopping: false, snapshot: snapshot('live', 'idle', 'connecting') },
    'ok',
    true,
    [],
  ],
  [
    { isEngineRunning: true, isStopping: false, snapshot: snapshot('live', 'offline', 'stalled', 'refused') },
    'degraded',
    true,
    ['stream-offline', 'stream-stalled', 'stream-refused'],
  ],
  [
    { isEngineRunning: false, isStopping: false, snapshot: undefined },
    'failing',
    false,
    ['engine-restarting'],
  ],
  [{ isEngineRunning: true, isStopping: true, snapshot: undefined }, 'failing', false, ['stopping']],
])('%j', (facts, status, ready, codes) => {
  const report = healthOf({ isFull: false, ...facts });
  expect(report).toMatchObject({ status, ready });
  expect(report.reasons.map(({ code }) => code)).toEqual(codes);
});

test('a full relay is degraded, and its viewers play on', () => {
  const report = healthOf({
    isEngineRunning: true,
    isStopping: false,
    isFull: true,
    snapshot: snapshot('live'),
  });
  expect(report).toMatchObject({ status: 'degraded', ready: true });
  expect(report.reasons.map(({ code }) => code)).toEqual(['over-capacity']);
});
