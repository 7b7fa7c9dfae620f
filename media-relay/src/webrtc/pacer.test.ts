import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Pacer, TokenBucket } from './pacer.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a bucket refills by time up to its capacity, and owes what was taken beyond', () => {
  const bucket = new TokenBucket(8_000_000, 2000, 0); // 1,000 bytes per ms
  expect(bucket.credit(0)).toBe(2000);
  bucket.take(3500);
  expect(bucket.credit(0)).toBe(-1500);
  expect(bucket.credit(1)).toBe(-500);
  expect(bucket.credit(100)).toBe(2000);
});

test('feeds are served in turn until they have nothing left, and no timer stays', () => {
  const pacer = new Pacer(() => Date.now());
  const order: string[] = [];
  const feed = (name: string, rounds: number) => ({
    pump: () => {
      order.push(name);
      return --rounds > 0;
    },
  });
  pacer.add(feed('a', 2));
  pacer.add(feed('b', 3));
  vi.advanceTimersByTime(10);
  expect(order).toEqual(['a', 'b', 'b', 'a', 'b']);
  expect(pacer.waiting).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});

test('of a budget that does not suffice for all, each has the same', () => {
  const pacer = new Pacer(() => Date.now());
  const budget = new TokenBucket(8_000_000, 2000, Date.now());
  const taken = [0, 0, 0, 0, 0];
  for (const index of taken.keys()) {
    pacer.add({
      pump() {
        const bytes = Math.max(0, Math.min(1000, budget.credit(Date.now())));
        budget.take(bytes);
        taken[index] = (taken[index] ?? 0) + bytes;
        return true;
      },
    });
  }
  vi.advanceTimersByTime(50);
  expect(Math.max(...taken) - Math.min(...taken)).toBeLessThanOrEqual(2000);
  pacer.close();
});

test('a feed that another one’s turn removes is not served', () => {
  const pacer = new Pacer(() => Date.now());
  const second = { pump: vi.fn(() => true) };
  pacer.add({
    pump() {
      pacer.remove(second);
      return false;
    },
  });
  pacer.add(second);
  vi.advanceTimersByTime(10);
  expect(second.pump).not.toHaveBeenCalled();
  expect(pacer.waiting).toBe(0);
});

test('a feed that is removed while waiting is not served', () => {
  const pacer = new Pacer(() => Date.now());
  const feed = { pump: vi.fn(() => true) };
  pacer.add(feed);
  pacer.remove(feed);
  vi.advanceTimersByTime(10);
  expect(feed.pump).not.toHaveBeenCalled();
  pacer.add(feed);
  pacer.close();
  vi.advanceTimersByTime(10);
  expect(feed.pump).not.toHaveBeenCalled();
});
