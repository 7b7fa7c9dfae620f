import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { timeBox } from '../testing/time-box.ts';
import { expectedBps, placeStream, type StreamLoad, type ThreadLoad } from './placement.ts';

const rendition = fc.record({
  bitrateBps: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 50_000_000 })),
  viewers: fc.nat(500),
});
const stream = fc
  .tuple(rendition, fc.option(rendition, { nil: undefined }))
  .map(([main, substream]) => ({ ...main, substream }));
const threads = fc.array(fc.record({ isRunning: fc.boolean(), streams: fc.array(stream) }), {
  minLength: 1,
  maxLength: 16,
});

const load = ({ streams }: ThreadLoad): number => streams.reduce((sum, one) => sum + expectedBps(one), 0);

test('the bits of a stream: once in, once out for each viewer; an unknown one wants something, too', () => {
  expect(expectedBps({ bitrateBps: 2_000_000, viewers: 3 })).toBe(8_000_000);
  expect(expectedBps({ bitrateBps: 0, viewers: 0 })).toBeGreaterThan(0);
});

test('a viewer of the substream counts with its rate, which comes in once more', () => {
  const main = { bitrateBps: 8_000_000, viewers: 10 };
  expect(expectedBps({ ...main, substream: { bitrateBps: 500_000, viewers: 9 } })).toBe(
    8_000_000 * 2 + 500_000 * 10,
  );
  // Nobody watches it, and so nobody fetches it.
  expect(expectedBps({ ...main, substream: { bitrateBps: 0, viewers: 0 } })).toBe(expectedBps(main));
  // Not measured yet.
  expect(expectedBps({ ...main, substream: { bitrateBps: 0, viewers: 4 } })).toBeGreaterThan(
    expectedBps(main),
  );
});

test('a wall of tiles in the substream does not keep streams from its thread', () => {
  const wall = { bitrateBps: 8_000_000, viewers: 10, substream: { bitrateBps: 500_000, viewers: 10 } };
  const one = { bitrateBps: 8_000_000, viewers: 2 };
  const all = [[one], [wall]].map((streams) => ({ isRunning: true, streams }));
  expect(placeStream(all)).toBe(1);
});

test('takes a running thread, and none has fewer bits', () => {
  fc.assert(
    fc.property(threads, (all) => {
      const chosen = all[placeStream(all)];
      if (chosen === undefined) throw new Error('no such thread');
      const eligible = all.some(({ isRunning }) => isRunning)
        ? all.filter(({ isRunning }) => isRunning)
        : all;
      expect(eligible).toContain(chosen);
      for (const other of eligible) expect(load(other)).toBeGreaterThanOrEqual(load(chosen));
    }),
    timeBox,
  );
});

test('placed one after the other, no two threads differ by more than the largest stream', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 16 }), fc.array(stream, { maxLength: 60 }), (count, streams) => {
      const placed: StreamLoad[][] = Array.from({ length: count }, () => []);
      const all = (): ThreadLoad[] => placed.map((own) => ({ isRunning: true, streams: own }));
      for (const one of streams) placed[placeStream(all())]?.push(one);
      const loads = all().map(load);
      const largest = Math.max(0, ...streams.map(expectedBps));
      expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(largest);
    }),
    timeBox,
  );
});

test('at the start nothing is known: the streams are dealt out evenly', () => {
  const counts = [0, 0, 0];
  for (let i = 0; i < 8; i++) {
    const unknown = { bitrateBps: 0, viewers: 0 };
    const chosen = placeStream(
      counts.map((count) => ({ isRunning: true, streams: Array.from({ length: count }, () => unknown) })),
    );
    counts[chosen] = (counts[chosen] ?? 0) + 1;
  }
  expect(counts).toEqual([3, 3, 2]);
});
