/** The real relay's end when one of its threads does not take part in it. */
import { expect, test } from 'vitest';
import { TestRelay } from './support/relay.ts';

test('SIGTERM ends a relay whose media thread hangs within 10 s, as if nothing were wrong', async () => {
  await using relay = await TestRelay.start({ cam: 'demo:?width=320&height=180' }, { isObserved: true });
  await relay.live('cam');
  await relay.observer.hangThread(0);
  const exit = await relay.stop('SIGTERM');
  expect(exit.code).toBe(0);
  expect(exit.tookMs).toBeLessThan(10_000);
});
