import { expect, test } from 'vitest';
import { DownlinkWatch } from './downlink-watch.ts';

/** An answer every 3 s: which of them finds the path dead. `newestMs` of the moment. */
function deadAt(watch: DownlinkWatch, newestMs: (nowMs: number) => number): readonly number[] {
  const momentsMs = Array.from({ length: 8 }, (_, i) => i * 3000);
  return momentsMs.filter((nowMs) => watch.isDead(newestMs(nowMs), nowMs, nowMs));
}

test('ten seconds of frames that leave and do not arrive', () => {
  expect(deadAt(new DownlinkWatch(), (nowMs) => 70_000 + nowMs)).toEqual([15_000, 18_000, 21_000]);
});

test('a camera of one picture in eight seconds is missed as well', () => {
  expect(deadAt(new DownlinkWatch(), (nowMs) => nowMs - (nowMs % 8000))).toEqual([21_000]);
});

test('a camera that stalls is none, however often its last pictures are sent again', () => {
  expect(deadAt(new DownlinkWatch(), () => 70_000)).toEqual([]);
  expect(deadAt(new DownlinkWatch(), (nowMs) => 70_000 - (nowMs % 2))).toEqual([]);
});

test('one packet is a sign of life', () => {
  const watch = new DownlinkWatch();
  watch.received(4000, -1);
  watch.isDead(70_000, 0, 0);
  expect(watch.isDead(73_000, 3000, 3000)).toBe(false);
  expect(watch.isDead(83_000, 12_999, 12_999)).toBe(false);
  watch.received(4000, 12_999);
  expect(watch.isDead(83_000, 13_000, 13_000)).toBe(true);
  watch.received(4001, 14_000);
  expect(watch.isDead(86_000, 16_000, 16_000)).toBe(false);
});

test('a camera that comes back after a minute has time to be seen', () => {
  const watch = new DownlinkWatch();
  watch.isDead(70_000, 0, 0);
  watch.isDead(70_000, 60_000, 60_000);
  expect(watch.isDead(131_000, 61_000, 61_000)).toBe(false);
});

test('an answer that comes after newer pictures makes none of a camera that stalls then', () => {
  const watch = new DownlinkWatch();
  watch.received(100, 0);
  watch.received(130, 1100);
  expect(watch.isDead(70_000, 100, 1200)).toBe(false);
  expect(deadAt(watch, () => 71_000)).toEqual([]);
});
