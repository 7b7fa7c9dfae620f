import { expect, test } from 'vitest';

import type { RelayEvent } from './events.ts';
import { reportOf, reportText } from './report.ts';

const hourMs = 3_600_000;
const fromMs = Date.UTC(2026, 0, 2);
const toMs = fromMs + 24 * hourMs;
const at = (hours: number): number => fromMs + hours * hourMs;

const events: RelayEvent[] = [
  { atMs: at(-2), kind: 'stream-up', stream: 'gate' },
  { atMs: at(-1), kind: 'stream-down', stream: 'gate', reason: 'unreachable', message: 'gate is gone' },
  { atMs: at(1), kind: 'stream-up', stream: 'gate' },
  { atMs: at(2), kind: 'viewer-joined', stream: 'gate', viewer: 'a' },
  { atMs: at(3), kind: 'viewer-left', stream: 'gate', viewer: 'a', reason: 'silent' },
  { atMs: at(3), kind: 'viewer-joined', stream: 'gate', viewer: 'b' },
  { atMs: at(4), kind: 'viewer-left', stream: 'gate', viewer: 'b', reason: 'closed-by-viewer' },
  { atMs: at(5), kind: 'stream-stalled', stream: 'gate' },
  { atMs: at(6), kind: 'stream-down', stream: 'gate', reason: 'stalled', message: 'no frames came' },
  { atMs: at(6), kind: 'reconnect', stream: 'gate', reason: 'stalled', attempt: 1, delayMs: 500 },
  { atMs: at(7), kind: 'stream-up', stream: 'gate' },
  { atMs: at(8), kind: 'config-error', message: 'no' },
  { atMs: at(10), kind: 'relay-stop', reason: 'SIGTERM' },
  { atMs: at(12), kind: 'relay-start', version: '0.1.0' },
  { atMs: at(12), kind: 'stream-up', stream: 'gate' },
  { atMs: at(23), kind: 'stream-refused', stream: 'lobby', message: 'sends B-frames' },
];

test('counts joins, losses, outages and the time that streams were away', () => {
  const report = reportOf(events, fromMs, toMs);
  expect(report).toMatchObject({ starts: 1, joins: 2, failures: 1, configErrors: 1, coveredFromMs: fromMs });
  expect(report.streams).toEqual([
    {
      stream: 'gate',
      joins: 2,
      // A stall that becomes a lost connection is one outage; the one before midnight began on another day.
      outages: 1,
      downMs: 3 * hourMs,
      // Of the two hours without a relay nobody knows.
      availability: 1 - 3 / 22,
      reconnects: 1,
      isDown: false,
    },
    { stream: 'lobby', joins: 0, outages: 1, downMs: hourMs, availability: 0, reconnects: 0, isDown: true },
  ]);
  expect(report.viewerReasons).toEqual([
    { text: 'silent', count: 1 },
    { text: 'closed-by-viewer', count: 1 },
  ]);
  expect(report.streamReasons.map(({ text }) => text)).toContain('sends B-frames');
});

test('a viewer whose media thread died is lost', () => {
  const left = { kind: 'viewer-left', stream: 'gate', viewer: 'c', reason: 'engine-stopped' } as const;
  const report = reportOf([{ ...left, atMs: at(1) }], fromMs, toMs);
  expect(report.failures).toBe(1);
  expect(report.viewerReasons).toEqual([{ text: 'engine-stopped', count: 1 }]);
});

test('gives one reason for each outage, though it is told again', () => {
  const refused = { kind: 'stream-refused', stream: 'lobby', message: 'sends B-frames' } as const;
  const report = reportOf(
    [1, 2, 3].map((hours) => ({ ...refused, atMs: at(hours) })),
    fromMs,
    toMs,
  );
  expect(report.streams).toMatchObject([{ outages: 1 }]);
  expect(report.streamReasons).toEqual([{ text: 'sends B-frames', count: 1 }]);
});

test('passes over what a clock that was ahead left behind', () => {
  const ahead: RelayEvent[] = [
    { atMs: at(80_000), kind: 'relay-start', version: '0.1.0' },
    { atMs: at(80_001), kind: 'stream-down', stream: 'gate', reason: 'unreachable', message: 'gate is gone' },
  ];
  expect(reportOf([...ahead, ...events], fromMs, toMs)).toEqual(reportOf(events, fromMs, toMs));
  expect(reportOf([...ahead, ...events.slice(2)], fromMs, toMs).coveredFromMs).toBe(at(1));
  expect(reportOf(ahead, fromMs, toMs).coveredFromMs).toBeUndefined();
});

test('says in words what it covers', () => {
  const whole = reportText(reportOf(events, fromMs, toMs));
  expect(whole).toContain('2026-01-02 00:00 to 2026-01-03 00:00');
  expect(whole).not.toContain('kept from');
  expect(whole).toMatch(/^gate +2 +1 +3 h 0 min +86\.36% +1$/m);
  expect(whole).toMatch(/^lobby .*down now$/m);
  const part = reportText(reportOf(events.slice(-2), fromMs, toMs));
  expect(part).toContain('Events are kept from 2026-01-02 12:00 on only: this covers 12 h 0 min.');
  expect(reportText(reportOf([], fromMs, toMs))).toContain('No events are kept yet');
});
