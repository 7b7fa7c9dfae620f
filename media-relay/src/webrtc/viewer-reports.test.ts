import { expect, test } from 'vitest';
import { unixMsToNtp } from '../rtp/clock.ts';
import type { ReportBlock } from '../rtp/rtcp.ts';
import { summarisePaths } from '../stream/path-statistics.ts';
import { ViewerReports } from './viewer-reports.ts';

/** As a viewer makes LSR of a sender report's wall clock. */
function lsr(unixMs: number): number {
  const { seconds, fraction } = unixMsToNtp(unixMs);
  return ((seconds % 0x1_0000) * 0x1_0000 + Math.floor(fraction / 0x1_0000)) >>> 0;
}

const report = (fields: Partial<ReportBlock>): ReportBlock => ({
  ssrc: 1,
  fractionLost: 0,
  cumulativeLost: 0,
  highestSequence: 0,
  jitterTicks: 0,
  lastSr: 0,
  delaySinceLastSr: 0,
  ...fields,
});

test('loss and jitter are those of the last report', () => {
  const reports = new ViewerReports();
  expect(reports.path(false, undefined)).toEqual({
    transport: undefined,
    lossRatio: undefined,
    jitterSeconds: undefined,
    roundTripSeconds: undefined,
    isLimited: false,
  });
  reports.received(report({ fractionLost: 64, jitterTicks: 900 }), 1000);
  expect(reports.path(true, 'tcp')).toEqual({
    transport: 'tcp',
    lossRatio: 0.25,
    jitterSeconds: 0.01,
    roundTripSeconds: undefined,
    isLimited: true,
  });
});

test('the round trip counts from when the sender report left, whatever its wall clock said', () => {
  const reports = new ViewerReports();
  // A camera that thinks it is 1970, and one whose clock steps between two reports.
  const clocks = [5000.25, 1_790_000_000_123, 12.5];
  for (const [i, unixMs] of clocks.entries()) reports.sent(unixMs, 1000 * i);
  const answer = report({ lastSr: lsr(1_790_000_000_123), delaySinceLastSr: 0.5 * 65_536 });
  expect(reports.received(answer, 1000 + 500 + 42)).toBeCloseTo(42, 1);
  expect(reports.path(false, 'udp').roundTripSeconds).toBeCloseTo(0.042, 4);
  // One that we never sent, or that was long ago, tells nothing.
  expect(reports.received(report({ lastSr: 77 }), 2000)).toBeUndefined();
  for (let i = 0; i < 8; i++) reports.sent(1e12 + i, 3000);
  expect(reports.received(answer, 9000)).toBeUndefined();
  expect(reports.roundTripMs).toBeCloseTo(42, 1);
});

test('a viewer that says it held the report longer than we waited is on a clock of its own', () => {
  const reports = new ViewerReports();
  reports.sent(1e12, 1000);
  const held = (ms: number): ReportBlock =>
    report({ lastSr: lsr(1e12), delaySinceLastSr: Math.round(ms * 65.536) });
  expect(reports.received(held(500.5), 1500)).toBe(0);
  expect(reports.received(held(900), 1500)).toBe(0);
});

test('a viewer whose clock stood still while it slept tells no round trip', () => {
  const reports = new ViewerReports();
  reports.sent(1e12, 1000);
  const answer = report({ lastSr: lsr(1e12), delaySinceLastSr: 0.5 * 65_536 });
  expect(reports.received(answer, 1000 + 500 + 5001)).toBeUndefined();
  expect(reports.roundTripMs).toBeUndefined();
  expect(reports.received(answer, 1000 + 500 + 4999)).toBeCloseTo(4999, 1);
});

test('a report that came by another path than the one it answers tells no round trip', () => {
  const reports = new ViewerReports();
  reports.sent(1e12, 1000);
  reports.received(report({ lastSr: lsr(1e12) }), 1100);
  expect(reports.roundTripMs).toBeCloseTo(100, 1);
  reports.pathChanged();
  expect(reports.roundTripMs).toBeUndefined();
  expect(reports.received(report({ lastSr: lsr(1e12) }), 1300)).toBeUndefined();
  reports.sent(1e12 + 1000, 2000);
  expect(reports.received(report({ lastSr: lsr(1e12 + 1000) }), 2500)).toBeCloseTo(500, 1);
});

test('paths of a stream are summed up over the viewers who told', () => {
  const nothing = { lossRatio: undefined, jitterSeconds: undefined, roundTripSeconds: undefined };
  expect(summarisePaths([{ ...nothing, transport: undefined, isLimited: false }])).toEqual({
    meanLossRatio: undefined,
    maxLossRatio: undefined,
    meanJitterSeconds: undefined,
    maxJitterSeconds: undefined,
    meanRoundTripSeconds: undefined,
    maxRoundTripSeconds: undefined,
    limited: 0,
    transports: { udp: 0, tcp: 0 },
  });
  const summary = summarisePaths([
    { ...nothing, transport: 'udp', isLimited: false },
    { transport: 'udp', lossRatio: 0, jitterSeconds: 0.002, roundTripSeconds: 0.01, isLimited: false },
    { transport: 'tcp', lossRatio: 0.5, jitterSeconds: 0.004, roundTripSeconds: 0.03, isLimited: true },
  ]);
  expect(summary).toMatchObject({ meanLossRatio: 0.25, maxLossRatio: 0.5, limited: 1 });
  expect(summary.transports).toEqual({ udp: 2, tcp: 1 });
  expect(summary.meanJitterSeconds).toBeCloseTo(0.003);
  expect(summary.maxRoundTripSeconds).toBe(0.03);
});
