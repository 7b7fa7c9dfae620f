import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PacketStore } from '../stream/packet-store.ts';
import { timeBox } from '../testing/time-box.ts';
import { SentFrames } from './sent-frames.ts';

const stores = [{}, {}] as PacketStore[];
const storeOf = (number: number): PacketStore => stores[(number >> 3) & 1] ?? ({} as PacketStore);

test('finds every packet of the newest 512 frames by its 16-bit number, across wraps, and nothing else', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 0xffff }),
      fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 700 }),
      (first, sizes) => {
        const sent = new SentFrames();
        let next = first;
        const frames = sizes.map((packets, number) => {
          const from = next;
          sent.add(storeOf(number), from, packets, number, (number * 3000) >>> 0, number % 3, number);
          next += packets;
          return { from, packets, number };
        });
        for (const { from, packets, number } of frames) {
          for (const packet of [0, packets - 1]) {
            const extendedSeq = from + packet;
            if (next - extendedSeq >= 0x1_0000) continue;
            const found = sent.find(extendedSeq & 0xffff, next);
            if (number < frames.length - 512) expect(found).toBeUndefined();
            else
              expect(found).toEqual({
                store: storeOf(number),
                frameNumber: number,
                packet,
                timestamp: (number * 3000) >>> 0,
                playoutDelay: number % 3,
                extendedSeq,
              });
          }
        }
        for (const { from, packets, number } of frames.slice(-512))
          if (next - from < 0x1_0000)
            expect(sent.find((from + packets - 1) & 0xffff, next)?.store).toBe(storeOf(number));
        expect(sent.find(next & 0xffff, next)?.extendedSeq ?? first).toBeLessThan(next);
      },
    ),
    timeBox,
  );
});

test('a frame that was cut short has the numbers that left, and the next one has the others', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 0x1_ffff_ffff }),
      fc.array(fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 60 })), {
        minLength: 1,
        maxLength: 40,
      }),
      (first, frames) => {
        const sent = new SentFrames();
        const owners: { number: number; packet: number }[] = [];
        for (const [number, [packets, left]] of frames.entries()) {
          sent.add(storeOf(number), first + owners.length, packets, number, 0, 0, 0);
          for (let packet = 0; packet < Math.min(packets, left); packet++) owners.push({ number, packet });
        }
        const next = first + owners.length;
        for (const [index, { number, packet }] of owners.entries())
          expect(sent.find((first + index) & 0xffff, next)).toMatchObject({ frameNumber: number, packet });
      },
    ),
    timeBox,
  );
});

test('tells the newest frames, oldest first', () => {
  const sent = new SentFrames();
  expect(sent.newest(5)).toEqual([]);
  for (let i = 0; i < 600; i++) sent.add(storeOf(i), i * 2, 2, i, i * 3000, 0, i);
  expect(sent.newest(2)).toEqual([
    [598 * 3000, 598],
    [599 * 3000, 599],
  ]);
  expect(sent.newest(10_000)).toHaveLength(512);
});

test('forgets nothing of a burst, however long, nor more than 1024 frames', () => {
  for (const first of [0, 300, 700]) {
    const sent = new SentFrames();
    let next = 0xfe00;
    const add = (number: number, timestamp: number): void => {
      sent.add(storeOf(number), next, 2, number, timestamp >>> 0, number % 3, number);
      next += 2;
    };
    // 30 fps, then as many as a group may have, within 300 ms and over the end of 32 bits.
    for (let i = 0; i < first; i++) add(i, -first * 3000 + i * 3000);
    for (let i = first; i < first + 600; i++) add(i, (i - first) * 45);
    for (let i = first; i < first + 600; i++)
      expect(sent.find((0xfe00 + i * 2 + 1) & 0xffff, next)).toEqual({
        store: storeOf(i),
        frameNumber: i,
        packet: 1,
        timestamp: (i - first) * 45,
        playoutDelay: i % 3,
        extendedSeq: 0xfe00 + i * 2 + 1,
      });
    const told = sent.newest(10_000).map(([, arrivalMs]) => arrivalMs);
    expect(told.length).toBeGreaterThanOrEqual(600);
    expect(told).toEqual(told.map((_, i) => first + 600 - told.length + i));
    for (let i = 0; i < 3000; i++) add(first + 600 + i, 30_000 + i);
    expect(sent.newest(10_000)).toEqual(
      Array.from({ length: 1024 }, (_, i) => [30_000 + 1976 + i, first + 600 + 1976 + i]),
    );
  }
});
