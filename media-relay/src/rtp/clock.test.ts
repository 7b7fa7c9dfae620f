import { describe, expect, it } from 'vitest';
import { RtpClock, ntpToUnixMs, unixMsToNtp } from './clock.ts';

const now = Date.UTC(2026, 5, 1, 12);

describe('NTP timestamps', () => {
  it('converts the epochs', () => {
    expect(ntpToUnixMs(2_208_988_800, 2 ** 31, 0)).toBe(500);
    expect(unixMsToNtp(1500)).toEqual({ seconds: 2_208_988_801, fraction: 2 ** 31 });
  });

  it('knows the era that begins in 2036', () => {
    const later = Date.UTC(2040, 0, 1);
    const { seconds, fraction } = unixMsToNtp(later + 250);
    expect(seconds).toBeLessThan(2 ** 31);
    expect(ntpToUnixMs(seconds, fraction, later)).toBeCloseTo(later + 250, 3);
  });
});

function report(clock: RtpClock, unixMs: number, timestamp: number): void {
  const { seconds, fraction } = unixMsToNtp(unixMs);
  clock.senderReport(seconds, fraction, timestamp, now);
}

describe('RtpClock', () => {
  it('maps ticks to the wall clock of the sender, across a wrap', () => {
    const clock = new RtpClock(90_000);
    const first = clock.ticks(2 ** 32 - 9000);
    expect(clock.captureMs(first)).toBeUndefined();
    report(clock, now - 40, 2 ** 32 - 4500);
    expect(clock.captureMs(first)).toBeCloseTo(now - 90, 3);
    expect(clock.captureMs(clock.ticks(4500))).toBeCloseTo(now + 60, 3);
  });

  it('takes a sender report that comes before the first packet', () => {
    const clock = new RtpClock(8000);
    report(clock, now, 100);
    expect(clock.captureMs(clock.ticks(2 ** 32 - 700))).toBeCloseTo(now - 100, 3);
  });

  it('believes no clock that was never set', () => {
    const clock = new RtpClock(90_000);
    const ticks = clock.ticks(0);
    clock.senderReport(0, 0, 0, now);
    expect(clock.captureMs(ticks)).toBeUndefined();
    report(clock, Date.UTC(1970, 0, 2), 0);
    expect(clock.captureMs(ticks)).toBeUndefined();
    report(clock, now - 3_600_000, 0);
    expect(clock.captureMs(ticks)).toBeCloseTo(now - 3_600_000, 3);
  });

  it('goes on from the only report of a sender for as long as it sends', () => {
    const clock = new RtpClock(90_000);
    report(clock, now, 0);
    const hourTicks = 3600 * 90_000;
    let captureMs: number | undefined;
    for (let hour = 0; hour <= 24; hour += 1)
      captureMs = clock.captureMs(clock.ticks((hour * hourTicks) % 2 ** 32));
    expect(captureMs).toBeCloseTo(now + 24 * 3_600_000, 3);
  });

  it('knows no wall clock from a jump of the timestamps to the next report', () => {
    const clock = new RtpClock(90_000);
    report(clock, now, 0);
    clock.arrived(0, now);
    clock.arrived(90_000, now + 1000);
    expect(clock.captureMs(clock.ticks(90_000))).toBeCloseTo(now + 1000, 3);
    clock.arrived(2 ** 31, now + 1040);
    const jumped = clock.ticks(2 ** 31);
    expect(clock.captureMs(jumped)).toBeUndefined();
    report(clock, now + 1040, 2 ** 31);
    expect(clock.captureMs(jumped)).toBeCloseTo(now + 1040, 3);
  });

  it('measures jitter as RFC 3550 A.8, once per timestamp', () => {
    const clock = new RtpClock(90_000);
    clock.arrived(0, 1000);
    clock.arrived(0, 1015);
    clock.arrived(3600, 1040);
    expect(clock.jitterTicks).toBe(0);
    clock.arrived(7200, 1096);
    expect(clock.jitterTicks).toBe(1440 / 16);
    expect(clock.jitterSeconds).toBeCloseTo(0.001, 9);
    clock.arrived(7200 + 90_000 * 60, 1136); // a timestamp that jumped is not jitter
    expect(clock.jitterTicks).toBe(1440 / 16);
  });
});
