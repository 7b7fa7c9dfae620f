import { expect, test } from 'vitest';
import { SleepWatch } from './sleep-watch.ts';

test('a gap in the wall clock is sleep, once; a clock that is set back is not', () => {
  const watch = new SleepWatch(0);
  const looks = [1000, 2000, 11_999, 12_999, 3_612_999, 3_613_999, 1000, 2000];
  expect(looks.map((nowMs) => watch.look(nowMs))).toEqual([
    false,
    false,
    false,
    false,
    true,
    false,
    false,
    false,
  ]);
});
