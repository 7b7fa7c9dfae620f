import { expect, test } from 'vitest';
import { EchoTrail, type EchoMark } from './echo-trail.ts';

/** 12 kB a millisecond: 96 Mbit/s. */
const RUN = 12_000;
const PAUSE_MS = 11;

/** So many runs, one a millisecond, and an echo behind the last one. */
function fly(trail: EchoTrail, fromMs: number, runs = 5): EchoMark {
  for (let i = 0; i < runs; i++) trail.sent(RUN, PAUSE_MS, fromMs + i);
  return trail.asked(RUN, fromMs + runs - 1);
}

test('the first flight needs one late echo: what left, by the time that it took to come through', () => {
  const trail = new EchoTrail();
  const mark = fly(trail, 0);
  expect(trail.answered(mark, 44)).toEqual({ kind: 'queue', shownBps: (60_000 * 8000) / 48 });
});

test('a later flight needs two, of which the second has not come together with the first', () => {
  const trail = new EchoTrail();
  expect(trail.answered(fly(trail, 0), 1)).toEqual({ kind: 'clear', flightBytes: 60_000 });
  const seen = [fly(trail, 1000), fly(trail, 1005)];
  expect(seen.map((mark, i) => trail.answered(mark, 20 + 20 * i))).toEqual([
    { kind: 'nothing' },
    { kind: 'queue', shownBps: (120_000 * 8000) / (9 + 40) },
  ]);
  // Late from the start, and hardly later behind twice as much: a queue explains no more than the difference.
  const blurred = [fly(trail, 1500), fly(trail, 1505)];
  expect(blurred.map((mark, i) => trail.answered(mark, 50 + 3 * i)).at(-1)).toEqual({
    kind: 'queue',
    shownBps: (60_000 * 8000) / (5 + 3),
  });
  const held = [fly(trail, 2000), fly(trail, 2005)];
  expect(held.map((mark, i) => trail.answered(mark, 40 - 5 * i).kind)).toEqual(['nothing', 'nothing']);
});

test('little tells of no rate, and one flight nothing of another', () => {
  const trail = new EchoTrail();
  trail.answered(fly(trail, 0), 1);
  const marks = [fly(trail, 1000, 1), fly(trail, 1100, 1), fly(trail, 1200, 4)];
  for (const mark of marks) expect(trail.answered(mark, 50)).toEqual({ kind: 'nothing' });
});

test('one that is answered behind a later one was not held up by the path', () => {
  const trail = new EchoTrail();
  const [first, second] = [fly(trail, 0), fly(trail, 5)];
  expect(trail.waitingSinceMs).toBe(4);
  expect(trail.answered(second, 1).kind).toBe('clear');
  expect(trail.waitingSinceMs).toBeUndefined();
  expect(trail.answered(first, 50)).toEqual({ kind: 'nothing' });
});

test('a limit by one echo is refuted by the next one that a queue could not have let through', () => {
  const trail = new EchoTrail();
  const [first, second] = [fly(trail, 0), fly(trail, 10)];
  trail.limited(first, 44, true);
  trail.answered(first, 44);
  expect(trail.isDoubtful).toBe(true);
  // 44 ms of queue and 60 kB more at 10 Mbit/s: 82 ms, 10 ms later.
  expect(trail.answered(second, 3, 10e6)).toEqual({ kind: 'refuted' });
  expect(trail.isDoubtful).toBe(false);
});

test('it is confirmed by one that has met the same queue 30 ms later, and what it explains is no new one', () => {
  const trail = new EchoTrail();
  const first = fly(trail, 0);
  trail.answered(first, 44);
  trail.limited(first, 44, true);
  expect(trail.answered(fly(trail, 10), 80, 10e6)).toEqual({ kind: 'nothing' });
  expect(trail.isConfirmed).toBe(false);
  expect(trail.answered(fly(trail, 40), 95, 10e6)).toEqual({ kind: 'nothing' });
  expect(trail.isConfirmed).toBe(true);
  // Once it is, nothing refutes it.
  expect(trail.answered(fly(trail, 45), 3, 10e6).kind).toBe('clear');
});

test('or by something else that tells of trouble', () => {
  const trail = new EchoTrail();
  const [first, second] = [fly(trail, 0), fly(trail, 10)];
  trail.answered(first, 44);
  trail.limited(first, 44, true);
  trail.settle();
  expect(trail.isDoubtful).toBe(false);
  // Nor does an echo that shows less make it doubtful again.
  trail.limited(first, 50, false);
  expect(trail.isDoubtful).toBe(false);
  expect(trail.answered(second, 3, 10e6).kind).toBe('clear');
});

test('a full queue is no contradiction: what did not fit never left', () => {
  const trail = new EchoTrail();
  const first = fly(trail, 0);
  trail.answered(first, 90);
  trail.limited(first, 90, true);
  expect(trail.answered(fly(trail, 5, 40), 95, 5e6)).toEqual({ kind: 'nothing' });
  expect(trail.isDoubtful).toBe(true);
});

test('an echo right behind packets that left at once waits for them, which is no queue', () => {
  const trail = new EchoTrail();
  const first = fly(trail, 0);
  trail.answered(first, 92);
  trail.limited(first, 92, true);
  // 12 kB at 5 Mbit/s take 19 ms.
  expect(trail.answered(fly(trail, 1000, 1), 20, 5e6).kind).toBe('clear');
});

test('bounded: the oldest that nothing answers is forgotten', () => {
  const trail = new EchoTrail();
  const marks = Array.from({ length: 25 }, (_, i) => fly(trail, i * 10, 1));
  expect(trail.waitingSinceMs).toBe(10);
  expect(marks.map((mark) => trail.answered(mark, 1).kind)).toEqual(['nothing', ...Array(24).fill('clear')]);
});

test('what holds up echoes behind ordinary pictures is no queue behind large ones', () => {
  const late = (trail: EchoTrail, atMs: number): string | undefined =>
    [20, 22].map((delayMs, i) => trail.answered(fly(trail, atMs + 5 * i), delayMs).kind).at(-1);
  const quiet = new EchoTrail();
  quiet.answered(fly(quiet, 0), 1);
  expect(late(quiet, 1000)).toBe('queue');
  const radio = new EchoTrail();
  radio.answered(fly(radio, 0), 1);
  for (let i = 0; i < 4; i++) radio.answered(fly(radio, 500 + 500 * i, 1), [3, 18, 0, 7][i] ?? 0);
  expect(late(radio, 2500)).toBe('nothing');
  // Forgotten after a while.
  for (let i = 0; i < 10; i++) radio.answered(fly(radio, 3000 + 1500 * i, 1), 0);
  expect(late(radio, 20_000)).toBe('queue');
});
