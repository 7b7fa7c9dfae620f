import fc from 'fast-check';
import { expect, test } from 'vitest';
import { timeBox } from '../testing/time-box.ts';
import { giveBack } from './give-back.ts';
import { ledgerMemory, nativeKinds, NativeLedger, readLedger } from './ledger.ts';

test('whatever is added and removed, another reader sees what is left', () => {
  const steps = fc.array(
    fc.record({
      // Few addresses: most come again.
      address: fc.integer({ min: 0, max: 40 }).map((page) => page * 4096 + 2 ** 46),
      kind: fc.constantFrom(...nativeKinds),
      isMade: fc.boolean(),
    }),
    { maxLength: 200 },
  );
  fc.assert(
    fc.property(steps, (made) => {
      const memory = ledgerMemory();
      const ledger = new NativeLedger(memory);
      const live = new Map<number, string>();
      for (const { address, kind, isMade } of made) {
        if (!isMade) {
          ledger.remove(address);
          live.delete(address);
        } else if (!live.has(address)) {
          ledger.add(kind, address, 7);
          live.set(address, kind);
        }
      }
      const seen = readLedger(memory);
      expect(seen).toHaveLength(live.size);
      expect(new Map(seen.map(({ address, kind }) => [address, kind]))).toEqual(live);
      expect(seen.every(({ byteLength }) => byteLength === 7)).toBe(true);
    }),
    timeBox,
  );
});

test('it grows to what a full thread has, and then forgets what is new', () => {
  const memory = ledgerMemory();
  const ledger = new NativeLedger(memory);
  for (let i = 1; i <= 2 ** 18 + 5; i++) ledger.add('ssl', i * 16);
  expect(readLedger(memory)).toHaveLength(2 ** 18);
  ledger.remove((2 ** 18 + 3) * 16);
  ledger.remove(32);
  ledger.add('mac', 8);
  const things = readLedger(memory);
  expect(things).toHaveLength(2 ** 18);
  expect(things[1]).toEqual({ kind: 'mac', address: 8, byteLength: 0 });
});

test('what is left is freed by kind, once; of nothing nothing is loaded', () => {
  const memory = ledgerMemory();
  const ledger = new NativeLedger(memory);
  const freed: string[] = [];
  const free = (kind: string) => (address: number, byteLength: number) =>
    void freed.push(`${kind} ${address} ${byteLength}`);
  const load = () => ({
    mapping: free('mapping'),
    ssl: free('ssl'),
    'ssl-context': free('ssl-context'),
    cipher: free('cipher'),
    mac: free('mac'),
  });
  ledger.add('ssl-context', 0);
  expect(giveBack(memory, () => expect.unreachable())).toBe(0);

  ledger.add('ssl-context', 16);
  ledger.add('ssl', 32);
  ledger.add('cipher', 48);
  ledger.add('mapping', 4096, 8192);
  ledger.add('mac', 64);
  ledger.add('ssl', 80);
  ledger.remove(32);
  expect(giveBack(memory, load)).toBe(5);
  expect(freed).toEqual(['ssl 80 0', 'ssl-context 16 0', 'cipher 48 0', 'mac 64 0', 'mapping 4096 8192']);
});
