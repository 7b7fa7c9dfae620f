import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Presence } from './presence.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function watched(isPageShown = true) {
  const changes: string[] = [];
  const presence = new Presence<string>(isPageShown, {
    lingerMs: 5000,
    onChange: (item, isPresent) => changes.push(`${isPresent ? '+' : '-'}${item}`),
  });
  return { presence, changes };
}

test('a hidden page lets its players linger, and brings all of them back at once', () => {
  const { presence, changes } = watched();
  expect([presence.add('a'), presence.add('b')]).toEqual([true, true]);
  presence.showPage(false);
  vi.advanceTimersByTime(4999);
  expect(changes).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(changes).toEqual(['-a', '-b']);
  presence.showPage(true);
  expect(changes).toEqual(['-a', '-b', '+a', '+b']);
});

test('a glance elsewhere changes nothing', () => {
  const { presence, changes } = watched();
  presence.add('a');
  presence.showPage(false);
  vi.advanceTimersByTime(3000);
  presence.showPage(true);
  vi.advanceTimersByTime(60_000);
  expect(changes).toEqual([]);
});

test('what is scrolled out of sight goes by itself; what never was in sight goes at once', () => {
  const { presence, changes } = watched();
  presence.add('a');
  presence.add('b');
  presence.showItem('a', true);
  presence.showItem('b', false);
  expect(changes).toEqual(['-b']);
  presence.showItem('a', false);
  vi.advanceTimersByTime(5000);
  expect(changes).toEqual(['-b', '-a']);
  presence.showItem('b', true);
  expect(changes).toEqual(['-b', '-a', '+b']);
});

test('an element off the screen stays away when its page comes back, and a page that opens hidden starts nothing', () => {
  const { presence, changes } = watched(false);
  expect(presence.add('a')).toBe(false);
  presence.add('b');
  presence.showItem('b', false);
  presence.showPage(true);
  expect(changes).toEqual(['+a']);
});

test('what was removed is never heard of again', () => {
  const { presence, changes } = watched();
  presence.add('a');
  presence.add('b');
  presence.showPage(false);
  presence.remove('a');
  presence.close();
  vi.advanceTimersByTime(60_000);
  presence.showItem('a', true);
  expect(changes).toEqual([]);
});
