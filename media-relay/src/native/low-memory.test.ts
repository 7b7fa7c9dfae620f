import { expect, test } from 'vitest';
import { openLibrary } from './library.ts';
import { loadLowMemory } from './low-memory.ts';

const mapLowMemory = loadLowMemory();
const isKnown = process.platform === 'linux' && process.arch === 'x64';

test.runIf(isKnown)('addresses are small integers, and C writes where JavaScript reads', () => {
  const memory = mapLowMemory(8192);
  if (memory === undefined) throw new Error('nothing was mapped');
  expect(memory.address).toBeGreaterThan(0);
  expect(memory.address + 8192).toBeLessThanOrEqual(2 ** 31);
  openLibrary('libc.so.6').bind('memset', 'uint64_t', ['uint64_t', 'int', 'size_t'])(
    memory.address + 5,
    0x5a,
    2,
  );
  expect([...new Uint8Array(memory.bytes, 4, 4)]).toEqual([0, 0x5a, 0x5a, 0]);
});

test.runIf(isKnown)('once loaded, nothing is declared any more', () => {
  const declared: string[] = [];
  const map = loadLowMemory(undefined, (path) => {
    const { bind } = openLibrary(path);
    return {
      bind(name, result, args) {
        declared.push(name);
        return bind(name, result, args);
      },
    };
  });
  expect(declared).toEqual(['mmap']);
  expect([map(4096), map(4096)]).not.toContain(undefined);
  expect(declared).toEqual(['mmap']);
});

test('what cannot be mapped is undefined', () => {
  expect(mapLowMemory(2 ** 40)).toBeUndefined();
});
