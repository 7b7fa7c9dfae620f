import { expect, test } from 'vitest';
import { NativeError, registerCallback } from './library.ts';

test('when no more functions can be called from C, it says so', () => {
  using made = new DisposableStack();
  const register = (): void => made.defer(registerCallback('int', ['int'], () => 1).release);
  register();
  expect(() => {
    for (let i = 0; i < 2 ** 15; i++) register();
  }).toThrow(NativeError);
});
