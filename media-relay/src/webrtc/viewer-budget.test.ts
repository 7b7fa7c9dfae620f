import { describe, expect, test } from 'vitest';
import { ViewerBudget } from './viewer-budget.ts';

const RATE_BPS = 2_000_000;

/** A viewer of a stream of 2 Mbit/s that speaks every `everyMs` for ten seconds; then the clock stands at 10,000. */
function talking(everyMs: number): ViewerBudget {
  const budget = new ViewerBudget(0);
  budget.setStreamBitrate(RATE_BPS);
  for (let nowMs = 0; nowMs < 10_000; nowMs += 10) {
    send(budget, nowMs, 10);
    if (nowMs % everyMs === 0) budget.heard(nowMs);
    expect(budget.judge(nowMs)).toBeUndefined();
  }
  return budget;
}

function send(budget: ViewerBudget, nowMs: number, ms: number, factor = 1): void {
  budget.sent((factor * RATE_BPS * ms) / 8000, nowMs);
}

/** When it is given up, in ms from `fromMs`, if it says nothing more. */
function givenUpAfterMs(budget: ViewerBudget, fromMs: number, factor = 1): number {
  for (let nowMs = fromMs; nowMs < fromMs + 60_000; nowMs += 10) {
    send(budget, nowMs, 10, factor);
    if (budget.judge(nowMs) !== undefined) return nowMs - fromMs;
  }
  return Number.POSITIVE_INFINITY;
}

describe('silence', () => {
  test.each([
    ['transport-wide feedback', 100, 3000],
    ['receiver reports of a browser', 1000, 3000],
    ['receiver reports of another player', 5000, 10_000],
  ])('%s: patience is what it usually takes', (_, everyMs, patienceMs) => {
    const budget = talking(everyMs);
    const afterMs = givenUpAfterMs(budget, 10_000);
    expect(budget.givenUp).toBe('silent-viewer');
    expect(afterMs).toBeGreaterThan(patienceMs - everyMs - 20);
    expect(afterMs).toBeLessThan(patienceMs + 20);
  });

  test('a viewer that never said a word after it was connected is given up after six seconds', () => {
    const budget = new ViewerBudget(0);
    budget.setStreamBitrate(RATE_BPS);
    expect(givenUpAfterMs(budget, 0)).toBe(6010);
  });

  test('nothing is expected of a viewer to whom nothing is sent', () => {
    const budget = talking(100);
    budget.heard(10_000);
    expect(budget.judge(60_000)).toBeUndefined();
    // A camera that comes back begins the count.
    expect(givenUpAfterMs(budget, 60_000)).toBeGreaterThan(2900);
  });

  test('one outage makes it patient for a while, and no longer', () => {
    const budget = talking(100);
    budget.heard(11_900);
    expect(budget.patienceMs).toBeGreaterThan(5000);
    for (let nowMs = 12_000; nowMs < 14_000; nowMs += 100) budget.heard(nowMs);
    expect(budget.patienceMs).toBe(3000);
  });

  test('what left at the rate of a larger picture is not held against the viewer of a smaller one', () => {
    const budget = talking(5000);
    budget.heard(10_000);
    send(budget, 10_000, 4000);
    budget.setStreamBitrate(RATE_BPS / 20);
    budget.burst(10_000);
    expect(budget.judge(14_000)).toBeUndefined();
    // From its next word on, the smaller one counts.
    budget.heard(14_000);
    send(budget, 14_000, 4000);
    expect(budget.judge(18_000)).toBe('budget');
  });

  test('several packets at once are one sign', () => {
    const budget = new ViewerBudget(0);
    for (let nowMs = 2000; nowMs < 20_000; nowMs += 2000)
      for (let i = 0; i < 20; i++) budget.heard(nowMs + i / 10);
    expect(budget.patienceMs).toBeGreaterThan(5900);
  });

  test('it stays given up until it is heard', () => {
    const budget = talking(100);
    const nowMs = 10_000 + givenUpAfterMs(budget, 10_000);
    expect(budget.judge(nowMs + 20_000)).toBe('silent-viewer');
    expect(budget.heard(nowMs + 20_000)).toBe(true);
    expect(budget.judge(nowMs + 20_001)).toBeUndefined();
    expect(budget.heard(nowMs + 20_002)).toBe(false);
  });
});

describe('bytes', () => {
  test('more than twice the rate in its patience is too much without an answer', () => {
    const budget = talking(1000);
    budget.heard(10_000);
    const afterMs = givenUpAfterMs(budget, 10_010, 6);
    expect(budget.givenUp).toBe('budget');
    expect(afterMs).toBeGreaterThan(900);
    expect(afterMs).toBeLessThan(1200);
  });

  test('a burst comes on top, and an answer begins the count anew', () => {
    const budget = talking(100);
    budget.heard(10_000);
    budget.burst(5_000_000);
    budget.sent(5_000_000, 10_001);
    expect(budget.judge(10_001)).toBeUndefined();
    budget.sent(1_600_000, 10_002);
    expect(budget.judge(10_002)).toBe('budget');
    budget.heard(10_003);
    budget.sent(1_100_000, 10_004);
    expect(budget.judge(10_004)).toBeUndefined();
  });

  test('a stream whose rate is not known yet has a quarter of a megabyte', () => {
    const budget = new ViewerBudget(0);
    budget.sent(262_144, 0);
    expect(budget.judge(0)).toBeUndefined();
    budget.sent(1, 0);
    expect(budget.judge(0)).toBe('budget');
  });
});
