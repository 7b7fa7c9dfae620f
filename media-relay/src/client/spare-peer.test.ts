import { expect, test } from 'vitest';
import { SparePeer } from './spare-peer.ts';

const dayMs = 24 * 3_600_000;

function offering(madeMs: number) {
  let closed = 0;
  const peer = { connection: { close: () => void closed++ }, sdp: 'v=0', madeMs };
  return { peer, closed: () => closed };
}

test('gives what was kept once, and still open', () => {
  const spare = new SparePeer<{ close(): void }>();
  const { peer, closed } = offering(0);
  spare.keep(peer);
  expect(spare.take(dayMs - 1)).toBe(peer);
  expect(spare.take(dayMs - 1)).toBeUndefined();
  spare.close();
  expect(closed()).toBe(0);
});

test('closes a second one, one a day old (long before its certificate ends), and after the end whatever comes', () => {
  const spare = new SparePeer<{ close(): void }>();
  const [first, second, third, late] = [offering(0), offering(0), offering(1), offering(1)];
  const closed = () => [first, second, third, late].map((one) => one.closed());
  spare.keep(first.peer);
  spare.keep(second.peer);
  expect(closed()).toEqual([1, 0, 0, 0]);
  expect(spare.take(dayMs)).toBeUndefined();
  expect(closed()).toEqual([1, 1, 0, 0]);
  spare.keep(third.peer);
  spare.close();
  spare.keep(late.peer);
  expect(spare.take(1)).toBeUndefined();
  expect(closed()).toEqual([1, 1, 1, 1]);
});
