import { expect, test } from 'vitest';
import { collectGarbage } from '../testing/collect-garbage.ts';
import { Arena } from './arena.ts';
import { openLibrary } from './library.ts';

const memset = openLibrary('libc.so.6').bind('memset', 'uint64_t', ['uint64_t', 'int', 'size_t']);

test.each([1, 12, 64, 65, 4096, 300_000])(
  'C and JavaScript see the same %i bytes, before and after garbage collections',
  (size) => {
    const arena = new Arena();
    const block = arena.allocate(size);
    for (const value of [0x5a, 0xa5]) {
      memset(block.address, value, size);
      collectGarbage();
      expect(block.bytes.every((byte) => byte === value)).toBe(true);
      // Make V8 move what can be moved.
      const litter = Array.from({ length: 1000 }, (_, i) => new Uint8Array(i % 64));
      expect(litter).toHaveLength(1000);
    }
    arena.free(block);
  },
);

test('blocks do not overlap, stay alive while in use, and their bytes are accounted for', () => {
  const arena = new Arena();
  const addresses = Array.from({ length: 500 }, (_, i) => {
    const block = arena.allocate(1 + (i % 200));
    block.bytes.fill(i % 251);
    return block;
  });
  collectGarbage();
  addresses.forEach((block, i) => expect(block.bytes.every((byte) => byte === i % 251)).toBe(true));
  const ordered = addresses.toSorted((a, b) => a.address - b.address);
  ordered.forEach((block, i) => {
    const next = ordered[i + 1];
    if (next) expect(block.address + block.bytes.length).toBeLessThanOrEqual(next.address);
  });
  expect(arena.bytesInUse).toBe(addresses.reduce((sum, block) => sum + block.bytes.length, 0));
  for (const block of addresses) arena.free(block);
  expect(arena.bytesInUse).toBe(0);
  expect(arena.blocksInUse).toBe(0);
});

test('a recycled block is zeroed, and freeing twice is a bug that shows', () => {
  const arena = new Arena();
  const first = arena.allocate(28);
  first.bytes.fill(7);
  arena.free(first);
  expect(() => arena.free(first)).toThrow('not in use');
  const second = arena.allocate(28);
  expect(second.address).toBe(first.address);
  expect(second.bytes.every((byte) => byte === 0)).toBe(true);
  expect(() => arena.free(first)).toThrow('not in use');
});

test.each([0, -1, 1.5, Number.NaN])('refuses to allocate %d bytes', (size) => {
  expect(() => new Arena().allocate(size)).toThrow('cannot allocate');
});
