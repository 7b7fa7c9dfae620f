import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { KeptMoments } from '../../relay/kept-moments.ts';
import type { KeptPictures } from '../../relay/kept-pictures.ts';
import { PastPicture } from './past-picture.ts';

const HOUR_MS = 3_600_000;
const nowMs = 1000 * HOUR_MS + 1_800_000;
const minuteMs = 60_000;
/** One each minute of the last two hours. */
const timesMs = Array.from({ length: 120 }, (_, index) => nowMs - (120 - index) * minuteMs);

let asked: string[];
let answers: KeptMoments | undefined;
let isSeen: boolean;
let clockMs: number;
/** Held back until told. */
let gate: Promise<void>;

const kept: KeptPictures = {
  async moments(_stream, fromMs, toMs) {
    asked.push(`list ${(fromMs - nowMs) / minuteMs} ${(toMs - nowMs) / minuteMs}`);
    await gate;
    return answers;
  },
  async picture(_stream, atMs) {
    asked.push(`picture ${(atMs - nowMs) / minuteMs}`);
    await gate;
    return new Blob(['jpeg']);
  },
  href: () => '',
};

beforeEach(() => {
  asked = [];
  answers = { everySeconds: 60, timesMs };
  isSeen = true;
  clockMs = nowMs;
  gate = Promise.resolve();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const canvas = { setAttribute: () => undefined, remove: () => undefined, getContext: () => null };
  vi.stubGlobal('document', { createElement: () => ({ ...canvas, width: 0, height: 0 }) });
  vi.stubGlobal('createImageBitmap', () =>
    Promise.resolve({ width: 640, height: 360, close: () => undefined }),
  );
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function picture(): PastPicture {
  return new PastPicture({ kept, stream: 'gate', clock: () => clockMs, isSeen: () => isSeen });
}

test('shows the nearest picture once the pointer rests, and none once nobody points', async () => {
  const past = picture();
  for (const minute of [25, 24, 23]) {
    past.pointAt(nowMs - minute * minuteMs);
    await vi.advanceTimersByTimeAsync(100);
  }
  expect(asked).toEqual([]);
  await vi.advanceTimersByTimeAsync(300);
  expect(asked).toEqual(['list -45 45', 'picture -23']);
  expect(past.shownMs).toBe(nowMs - 23 * minuteMs);
  past.pointAt(nowMs - 23.2 * minuteMs);
  await vi.advanceTimersByTimeAsync(300);
  expect(asked.length).toBe(2);
  past.pointAt(undefined);
  expect(past.shownMs).toBeUndefined();
});

test('has one request under way, and goes on with the newest moment', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  gate = promise;
  const past = picture();
  past.pointAt(nowMs - 20 * minuteMs);
  await vi.advanceTimersByTimeAsync(200);
  for (const minute of [21, 22, 23]) {
    past.pointAt(nowMs - minute * minuteMs);
    await vi.advanceTimersByTimeAsync(200);
  }
  expect(asked).toEqual(['list -45 45']);
  resolve();
  await vi.advanceTimersByTimeAsync(500);
  expect(asked.slice(1)).toEqual(['picture -20', 'picture -23']);
  expect(past.shownMs).toBe(nowMs - 23 * minuteMs);
});

test('what arrives after the pointer has left is not shown', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  gate = promise;
  const past = picture();
  past.pointAt(nowMs - 20 * minuteMs);
  await vi.advanceTimersByTimeAsync(200);
  past.pointAt(undefined);
  resolve();
  await vi.advanceTimersByTimeAsync(500);
  expect(asked).toEqual(['list -45 45']);
  expect(past.shownMs).toBeUndefined();
});

test('the newest end of a graph is no past, and neither is where there are no pictures', async () => {
  const past = picture();
  for (const minute of [0.2, 600]) {
    past.pointAt(nowMs - minute * minuteMs);
    await vi.advanceTimersByTimeAsync(300);
    expect(past.shownMs).toBeUndefined();
  }
  expect(asked.filter((each) => each.startsWith('picture'))).toEqual([]);
});

test('a relay that keeps none is left alone, and a list that may have grown is asked for again', async () => {
  answers = { everySeconds: undefined, timesMs: [] };
  const past = picture();
  const look = async (minute: number) => {
    past.pointAt(nowMs - minute * minuteMs);
    await vi.advanceTimersByTimeAsync(300);
    past.pointAt(undefined);
  };
  await look(20);
  clockMs += 2 * minuteMs;
  await look(21);
  expect(asked.length).toBe(1);
  answers = { everySeconds: 60, timesMs };
  clockMs += 5 * minuteMs;
  await look(22);
  expect(asked.slice(1)).toEqual(['list -45 45', 'picture -22']);
  clockMs += 2 * minuteMs;
  await look(22);
  expect(asked.slice(3)).toEqual(['list -45 45', 'picture -22']);
});

test('a tile that nobody sees asks for nothing; no answer shows nothing', async () => {
  isSeen = false;
  const past = picture();
  past.pointAt(nowMs - 20 * minuteMs);
  await vi.advanceTimersByTimeAsync(300);
  expect(asked).toEqual([]);
  isSeen = true;
  answers = undefined;
  past.pointAt(nowMs - 21 * minuteMs);
  await vi.advanceTimersByTimeAsync(300);
  expect(asked).toEqual(['list -45 45']);
  expect(past.shownMs).toBeUndefined();
});
