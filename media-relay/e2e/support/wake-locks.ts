/** What a page does to keep the screen on, with the browser's real wake locks. */
import { expect } from 'vitest';
import type { Page } from 'playwright-core';

/** To be run before the page asks: keeps every lock that it gets, and what it does every 30 s happens every 100 ms. */
export const watchWakeLocks = `{
  window.locks = [];
  window.asks = 0;
  const { request } = WakeLock.prototype;
  WakeLock.prototype.request = async function (type) {
    const lock = await request.call(this, type);
    locks.push(lock);
    return lock;
  };
  const { setInterval } = window;
  const counted = (what) => () => {
    what();
    asks++;
  };
  window.setInterval = (what, ms) => (ms === 30_000 ? setInterval(counted(what), 100) : setInterval(what, ms));
}`;

/** Of each lock that the page got, whether it is held. */
export function heldLocks(page: Page): Promise<boolean[]> {
  return page.evaluate<boolean[]>('locks.map(({ released }) => !released)');
}

/** The browser takes the only lock back; the page asks for another one, and for no third. */
export async function takeLockBack(page: Page): Promise<void> {
  await expect.poll(() => heldLocks(page)).toEqual([true]);
  await page.evaluate('locks[0].release()');
  await expect.poll(() => heldLocks(page)).toEqual([false, true]);
  const asks = await page.evaluate<number>('asks');
  await expect.poll(() => page.evaluate<number>('asks')).toBeGreaterThan(asks + 1);
  expect(await heldLocks(page)).toEqual([false, true]);
}
