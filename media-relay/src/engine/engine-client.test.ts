import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { startEngine } from './engine-client.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => void vi.useRealTimers());

test('a media thread that hangs before its first word is ended, and said to be at fault', async () => {
  const started = startEngine({
    spec: { mediaPort: 0, mediaAddresses: ['127.0.0.1'], announcedAddresses: [] },
    log: () => undefined,
    onCrash: () => expect.unreachable('it never ran'),
  });
  // No word of the thread is heard before this is over.
  vi.advanceTimersByTime(60_000);
  await expect(started).rejects.toThrow('the media thread hung: not a word for 60 s');
  expect(vi.getTimerCount()).toBe(0);
});
