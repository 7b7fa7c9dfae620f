import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { timeBox } from '../testing/time-box.ts';
import { ReorderBuffer } from './reorder.ts';

interface Delivery {
  readonly sequence: number;
  readonly missing: number;
  readonly restart: boolean;
}

function setUp(maxPackets = 64) {
  const out: Delivery[] = [];
  const reorder = new ReorderBuffer({
    deliver: (buffer, start, end, _arrivalMs, missing, restart) => {
      expect(end - start).toBe(2);
      out.push({ sequence: ((buffer[start] ?? 0) << 8) | (buffer[start + 1] ?? 0), missing, restart });
    },
    maxPackets,
    maxWaitMs: 100,
  });
  // One buffer for all packets, as a socket reader has it.
  const shared = new Uint8Array(8);
  const push = (sequence: number, arrivalMs = 0): void => {
    shared[3] = sequence >> 8;
    shared[4] = sequence;
    reorder.push(sequence, shared, 3, 5, arrivalMs);
    shared.fill(0xee);
  };
  return { out, reorder, push, sequences: () => out.map((delivery) => delivery.sequence) };
}

describe('ReorderBuffer', () => {
  it('puts packets into order, across the wrap, and drops duplicates', () => {
    const { push, reorder, sequences } = setUp();
    for (const sequence of [65_533, 65_535, 0, 65_535, 65_534, 65_534, 1]) push(sequence);
    expect(sequences()).toEqual([65_533, 65_534, 65_535, 0, 1]);
    expect(reorder).toMatchObject({ lost: 0, reordered: 1, duplicates: 2, late: 0 });
  });

  it('gives up a hole after 100 ms, and the next one 100 ms after its own first packet', () => {
    const { push, reorder, out } = setUp();
    push(10, 0);
    push(12, 10);
    push(14, 60);
    reorder.flushAged(109);
    expect(out).toHaveLength(1);
    reorder.flushAged(110);
    expect(out.slice(1)).toEqual([{ sequence: 12, missing: 1, restart: false }]);
    reorder.flushAged(159);
    expect(out).toHaveLength(2);
    push(15, 160);
    expect(out.slice(2)).toEqual([
      { sequence: 14, missing: 1, restart: false },
      { sequence: 15, missing: 0, restart: false },
    ]);
    push(11, 170);
    push(11, 170);
    expect(out).toHaveLength(4);
    expect(reorder).toMatchObject({ lost: 2, late: 1, duplicates: 1 });
  });

  it('waits for at most 64 packets', () => {
    const { push, out } = setUp();
    push(0);
    for (let sequence = 2; sequence < 65; sequence += 1) push(sequence);
    expect(out).toHaveLength(1);
    push(65);
    expect(out).toHaveLength(65);
    expect(out[1]).toEqual({ sequence: 2, missing: 1, restart: false });
  });

  it('counts a long hole that is still loss', () => {
    const { push, out, reorder } = setUp();
    push(0);
    push(2);
    push(1000);
    reorder.flushAged(200);
    expect(out.map((delivery) => delivery.missing)).toEqual([0, 1, 997]);
    expect(reorder.lost).toBe(998);
  });

  it('follows a sender that began anew, but no single stray packet', () => {
    const { push, out } = setUp();
    push(100);
    push(40_000);
    push(101);
    push(20_000);
    push(20_001);
    push(20_002);
    expect(out).toEqual([
      { sequence: 100, missing: 0, restart: false },
      { sequence: 101, missing: 0, restart: false },
      { sequence: 20_001, missing: 0, restart: true },
      { sequence: 20_002, missing: 0, restart: false },
    ]);
  });

  it('holds nothing for TCP, but counts', () => {
    const { push, out, reorder } = setUp(0);
    for (const sequence of [5, 6, 9, 9, 10]) push(sequence);
    expect(out.map((delivery) => delivery.missing)).toEqual([0, 0, 2, 0]);
    expect(reorder).toMatchObject({ lost: 2, duplicates: 1 });
  });

  it('steps over a long hole before each of many packets of TCP', () => {
    const { push, reorder } = setUp(0);
    const packets = 20_000;
    for (let i = 0; i < packets; i += 1) push((i * 3000) & 0xffff);
    expect(reorder.lost).toBe((packets - 1) * 2999);
  }, 1500);

  it('any arrival order without a new beginning: strictly ascending, every packet accounted for', () => {
    fc.assert(
      fc.property(
        fc.nat(65_535),
        fc.array(fc.tuple(fc.integer({ min: -20, max: 70 }), fc.nat(30)), { maxLength: 200 }),
        (start, arrivals) => {
          const { push, reorder, out } = setUp();
          push(start);
          let nowMs = 0;
          let place = 0;
          let pushed = 1;
          for (const [step, waitMs] of arrivals) {
            // Around a slowly advancing place, so that the short way round stays the true one.
            nowMs += waitMs;
            push((start + Math.max(1, place + step)) & 0xffff, nowMs);
            place += 2;
            pushed += 1;
          }
          reorder.flushAged(nowMs + 1000);
          let total = 0;
          for (const [index, delivery] of out.entries()) {
            if (index === 0) continue;
            total += delivery.missing + 1;
            expect((start + total) & 0xffff).toBe(delivery.sequence);
          }
          expect(out.length + reorder.duplicates + reorder.late).toBeLessThanOrEqual(pushed);
          expect(out.reduce((sum, delivery) => sum + delivery.missing, 0)).toBe(reorder.lost);
        },
      ),
      timeBox,
    );
  });

  it('a shuffle within the window loses nothing', () => {
    fc.assert(
      fc.property(fc.nat(65_535), fc.array(fc.nat(30), { minLength: 2, maxLength: 200 }), (start, delays) => {
        const { push, reorder, sequences } = setUp();
        push(start);
        const order = delays.map((delay, index) => ({ index: index + 1, at: index + delay }));
        order.sort((a, b) => a.at - b.at);
        for (const { index } of order) push((start + index) & 0xffff);
        expect(sequences()).toEqual([0, ...delays.map((_, i) => i + 1)].map((n) => (start + n) & 0xffff));
        expect(reorder.lost).toBe(0);
      }),
      timeBox,
    );
  });
});
