import { expect, test } from 'vitest';
import { Pressure } from './pressure.ts';

test('it becomes high at one level and is over at a lower one', () => {
  const pressure = new Pressure({ high: 0.9, low: 0.8, weight: 1 });
  const judged = [0.89, 0.9, 0.85, 0.8, 0.79, 0.85, 0.95].map((share) => {
    pressure.add(share);
    return pressure.isHigh;
  });
  expect(judged).toEqual([false, true, true, true, false, false, true]);
});

test('one second at full load is not high, ten are; and it is over some seconds after', () => {
  const pressure = new Pressure({ high: 0.95, low: 0.85, weight: 0.3 });
  pressure.add(1);
  expect(pressure.isHigh).toBe(false);
  for (let second = 0; second < 10; second++) pressure.add(1);
  expect(pressure.isHigh).toBe(true);
  pressure.add(0.6);
  pressure.add(0.6);
  expect(pressure.isHigh).toBe(false);
});

test('other levels judge what is there', () => {
  const pressure = new Pressure({ high: 0.9, low: 0.85, weight: 1 });
  pressure.add(0.5);
  pressure.setLevels({ high: 0.4, low: 0.35, weight: 1 });
  expect(pressure.isHigh).toBe(true);
  pressure.setLevels({ high: 0.9, low: 0.85, weight: 1 });
  expect(pressure.isHigh).toBe(false);
});
