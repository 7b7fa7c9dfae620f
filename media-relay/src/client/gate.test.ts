import { expect, test } from 'vitest';
import { Gate } from './gate.ts';

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
