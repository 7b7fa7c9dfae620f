import { expect, test, vi } from 'vitest';
import { Gate } from './gate.ts';
import { OfferPace } from './offer-pace.ts';

const never = new AbortController().signal;

test('lets the limit in, and the next one when a place is given back', async () => {
  const gate = new Gate(2);
  const order: number[] = [];
  const enter = async (name: number) => {
    const leave = await gate.enter(never);
    order.push(name);
    return leave;
  };
  const places = [enter(1), enter(2), enter(3), enter(4)] as const;
  const first = await places[0];
  await places[1];
  expect(order).toEqual([1, 2]);
  first();
  first();
  (await places[2])();
  await places[3];
  expect(order).toEqual([1, 2, 3, 4]);
});

test('whoever gives up waiting takes no place', async () => {
  const gate = new Gate(1);
  const leave = await gate.enter(never);
  const impatient = new AbortController();
  const waiting = gate.enter(impatient.signal);
  const patient = gate.enter(never);
  impatient.abort();
  await expect(waiting).rejects.toThrow('Left the queue');
  await expect(gate.enter(AbortSignal.abort())).rejects.toThrow('Left the queue');
  leave();
  (await patient)();
  await expect(gate.enter(never)).resolves.toBeTypeOf('function');
});

test('whoever goes in the moment in which it is let in keeps no place', async () => {
  const gate = new Gate(1);
  const fickle = new AbortController();
  const entering = gate.enter(fickle.signal);
  fickle.abort();
  const next = gate.enter(never);
  await entering;
  const soon = new Promise<void>((resolve) => setImmediate(() => resolve()));
  await expect(Promise.race([next, soon])).resolves.toBeTypeOf('function');
});

test('lets them in one after the other at the pace, and says when the relay is back', async () => {
  vi.useFakeTimers();
  try {
    let backs = 0;
    const gate = new Gate(10, {
      pace: new OfferPace(40, () => 0),
      nowMs: Date.now,
      onBack: () => void backs++,
    });
    const startMs = Date.now();
    const enteredMs: number[] = [];
    const enter = async () => {
      await gate.enter(never);
      enteredMs.push(Date.now() - startMs);
    };
    const all = Promise.all([enter(), enter(), enter()]);
    await vi.advanceTimersByTimeAsync(200);
    await all;
    expect(enteredMs).toEqual([0, 40, 80]);

    gate.failed('dock', 3000);
    const late = enter();
    await vi.advanceTimersByTimeAsync(2999 - 200);
    expect(enteredMs).toHaveLength(3);
    gate.answered('dock');
    gate.answered('dock');
    expect(backs).toBe(1);
    await vi.advanceTimersByTimeAsync(40);
    await late;
    expect(enteredMs).toHaveLength(4);
  } finally {
    vi.useRealTimers();
  }
});
