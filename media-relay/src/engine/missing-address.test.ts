import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ScriptedSource } from '../testing/scripted-source.ts';
import { Engine } from './engine.ts';
import type { FromEngine } from './messages.ts';

const missing = '192.0.2.99';

let engine: Engine;
let addresses: readonly string[];
let messages: FromEngine[];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  messages = [];
  engine = new Engine(
    { mediaPort: 0, mediaAddresses: ['127.0.0.1', missing], announcedAddresses: [] },
    {
      clock: () => performance.timeOrigin + performance.now(),
      random: () => 0.5,
      createSource: () => new ScriptedSource(),
      emit: (message) => messages.push(message),
      networkInterfaces: () => ({ lo: addresses.map((address) => ({ address })) }),
    },
  );
});
afterEach(() => {
  engine.close();
  vi.useRealTimers();
});

const warnings = () =>
  messages.flatMap((one) => (one.type === 'log' && one.level === 'warn' ? [one.fields['error']] : []));

/** The addresses are looked at every ten seconds; what has nothing to bind is done at once. */
async function look(): Promise<void> {
  vi.advanceTimersByTime(10_000);
  await new Promise(setImmediate);
}

test('an address that went away keeps no engine from starting, and each news of them is told once', async () => {
  addresses = ['127.0.0.1'];
  await engine.start();
  expect(messages.some(({ type }) => type === 'ready')).toBe(true);
  await look();
  addresses = [];
  for (let i = 0; i < 3; i++) await look();
  // This host says it has it, and does not.
  addresses = ['127.0.0.1', missing];
  await look();
  await vi.waitFor(() => expect(warnings()).toHaveLength(3), { timeout: 10_000 });
  expect(warnings()).toEqual([
    `this host does not have ${missing} of media.addresses`,
    `this host does not have 127.0.0.1, ${missing} of media.addresses`,
    expect.stringContaining(missing),
  ]);
});

test('where none of them is left it says so', async () => {
  addresses = [];
  await expect(engine.start()).rejects.toThrow('does not have 127.0.0.1, 192.0.2.99');
});
