import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import type { AccessUnit } from '../media/access-unit.ts';
import { Arena } from '../native/arena.ts';
import { plainPacketiser, plainTrack } from '../testing/plain-pictures.ts';
import { timeBox } from '../testing/time-box.ts';
import { PacketStore, type StoredFrame } from './packet-store.ts';

const arena = new Arena();
const open: PacketStore[] = [];
const store = (limits?: ConstructorParameters<typeof PacketStore>[2]): PacketStore => {
  const made = new PacketStore(arena, plainPacketiser, limits);
  open.push(made);
  return made;
};
afterEach(() => {
  for (const one of open.splice(0)) one.close();
  expect(arena.blocksInUse).toBe(0);
});

function unit(bytes: number, arrivalMs: number, isKey = false, fill = 1, isBroken = false): AccessUnit {
  const data = new Uint8Array(bytes).fill(fill);
  return {
    track: plainTrack,
    ticks: arrivalMs * 90,
    arrivalMs,
    captureMs: undefined,
    isKey,
    isBroken,
    data,
    unitEnds: [bytes],
  };
}

const bytesOf = (from: PacketStore, frame: StoredFrame): Uint8Array =>
  from.memory.bytes.subarray(frame.offset, frame.offset + frame.byteLength);

describe('the group of pictures', () => {
  test('starts at a key frame and holds what follows, in order', () => {
    const s = store();
    s.append(unit(500, 0, false, 1), 0);
    expect(s.gopStart).toBeUndefined();
    s.append(unit(2500, 33, true, 2), 2970);
    s.append(unit(700, 66, false, 3), 5940);
    expect(s.gopStart).toBe(1);
    expect([...(s.frame(1)?.payloadLengths ?? [])]).toEqual([1000, 1000, 500]);
    expect(s.newest?.ticks).toBe(5940);
    expect(s.nextNumber).toBe(3);
  });

  test('a broken key frame starts nothing', () => {
    const s = store();
    s.append(unit(100, 0, true), 0);
    s.append(unit(100, 33, true, 1, true), 1);
    expect(s.gopStart).toBeUndefined();
    s.append(unit(100, 66, true), 2);
    expect(s.gopStart).toBe(2);
  });

  test.each([
    ['600 frames', { count: 601, stepMs: 1, bytes: 10 }],
    ['10 s', { count: 12, stepMs: 1000, bytes: 10 }],
    ['its bytes', { count: 30, stepMs: 33, bytes: 10_000 }],
  ])(
    'longer than %s, it is not kept, and says so until a group is short again',
    (_name, { count, stepMs, bytes }) => {
      const s = store({ gopSeconds: 10, gopFrames: 600, gopBytes: 200_000, historySeconds: 2 });
      let at = 0;
      s.append(unit(bytes, at, true), 0);
      for (let i = 0; i < count; i++) s.append(unit(bytes, (at += stepMs)), 0);
      expect(s.gopStart).toBeUndefined();
      expect(s.gopTooLong).toBe(true);
      s.append(unit(bytes, (at += 33), true), 0);
      expect(s.gopStart).toBeDefined();
      expect(s.gopTooLong).toBe(true);
      s.append(unit(bytes, (at += 33), true), 0);
      expect(s.gopTooLong).toBe(false);
    },
  );

  test('is broken by an interruption of the source', () => {
    const s = store();
    s.append(unit(100, 0, true), 0);
    s.breakGop();
    expect(s.gopStart).toBeUndefined();
    expect(s.frame(0)).toBeDefined();
  });
});

test('frames of the last two seconds stay for resends when a new group begins', () => {
  const s = store();
  for (let i = 0; i < 300; i++) s.append(unit(5000, i * 33, i % 30 === 0, i % 251), i);
  const newest = s.newest?.number ?? 0;
  for (let number = newest - 60; number <= newest; number++) {
    const frame = s.frame(number);
    expect(frame && bytesOf(s, frame).every((byte) => byte === number % 251)).toBe(true);
  }
});

test('an access unit that could never fit is left out', () => {
  const s = store({ gopSeconds: 10, gopFrames: 600, gopBytes: 1000, historySeconds: 2 });
  expect(s.append(unit(6 * 2 ** 20, 0, true), 0)).toBeUndefined();
  expect(s.append(unit(100, 1, true), 0)).toBeDefined();
});

test('whatever comes, stored frames keep their bytes and memory stays bounded', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          bytes: fc.integer({ min: 1, max: 300_000 }),
          key: fc.boolean(),
          gapMs: fc.integer({ min: 0, max: 3000 }),
        }),
        { maxLength: 200 },
      ),
      (units) => {
        const s = new PacketStore(arena, plainPacketiser, {
          gopSeconds: 10,
          gopFrames: 600,
          gopBytes: 2 ** 20,
          historySeconds: 2,
        });
        let at = 0;
        for (const { bytes, key, gapMs } of units) {
          at += gapMs;
          const frame = s.append(unit(bytes, at, key, s.nextNumber % 251), 0);
          expect(frame?.number).toBe(s.nextNumber - 1);
          for (let number = s.nextNumber - 1; number >= 0; number--) {
            const stored = s.frame(number);
            if (stored === undefined) break;
            const stretch = bytesOf(s, stored);
            expect(stretch[0]).toBe(number % 251);
            expect(stretch.at(-1)).toBe(number % 251);
          }
          if (s.gopStart !== undefined) expect(s.frame(s.gopStart)?.isKey).toBe(true);
        }
        expect(s.memory.bytes.length).toBeLessThanOrEqual(9 * 2 ** 20 + 300_000);
        s.close();
      },
    ),
    timeBox,
  );
});
