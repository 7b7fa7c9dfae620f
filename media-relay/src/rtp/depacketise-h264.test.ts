import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readNals } from '../media/fixtures/read.ts';
import { nalType, nalTypeAt } from '../media/h264.ts';
import { timeBox } from '../testing/time-box.ts';
import { H264Depacketiser } from './depacketise-h264.ts';
import { aggregate, fragments } from './fixtures/payloads.ts';
import { ParameterSets } from './parameter-sets.ts';

const nals = readNals('baseline');
const sps = nals.find((nal) => nalTypeAt(nal, 0) === nalType.sps) ?? new Uint8Array(0);
const pps = nals.find((nal) => nalTypeAt(nal, 0) === nalType.pps) ?? new Uint8Array(0);
const aud = Uint8Array.of(0x09, 0xf0);
const sei = Uint8Array.of(0x06, 5, 1, 7, 0x80);
/** Slices by hand: the first bit after the header says whether macroblock 0 is in it. */
const idr = Uint8Array.from([0x65, 0x88, ...Array.from({ length: 100 }, (_, i) => i)]);
const idrRest = Uint8Array.from([0x65, 0x08, 1, 2, 3]);
const p = Uint8Array.of(0x41, 0x9a, 1, 2, 3);
const pRest = Uint8Array.of(0x41, 0x1a, 4, 5, 6);

interface Seen {
  readonly timestamp: number;
  readonly isKey: boolean;
  readonly isBroken: boolean;
  readonly nals: number[][];
}

function setUp() {
  const seen: Seen[] = [];
  const sets = new ParameterSets();
  const depacketiser = new H264Depacketiser(sets, ({ timestamp, isKey, isBroken, data, unitEnds }) => {
    const starts = [0, ...unitEnds];
    seen.push({
      timestamp,
      isKey,
      isBroken,
      nals: unitEnds.map((end, i) => [...data.subarray(starts[i], end)]),
    });
    expect(unitEnds.at(-1)).toBe(data.length);
  });
  const send = (payload: Uint8Array, timestamp: number, marker = false, afterGap = false): void => {
    const buffer = Uint8Array.from([0xaa, 0xaa, ...payload, 0xaa]);
    depacketiser.packet(buffer, 2, 2 + payload.length, timestamp, marker, timestamp, afterGap);
  };
  return { seen, sets, depacketiser, send };
}

/** As after some seconds: parameter sets known, markers trusted. */
function setUpSettled() {
  const all = setUp();
  all.sets.remember(sps);
  all.sets.remember(pps);
  all.send(p, 0, true);
  all.send(p, 1, true);
  all.seen.length = 0;
  return all;
}

const list = (...units: Uint8Array[]): number[][] => units.map((nal) => [...nal]);

describe('H264Depacketiser', () => {
  it('puts single NAL units, STAP-A and FU-A together', () => {
    const { send, seen } = setUpSettled();
    send(aggregate(aud, sps, pps, sei), 10);
    for (const part of fragments(idr, 4)) send(part, 10);
    send(idrRest, 10, true);
    send(p, 20, true);
    expect(seen).toEqual([
      { timestamp: 10, isKey: true, isBroken: false, nals: list(sps, pps, sei, idr, idrRest) },
      { timestamp: 20, isKey: false, isBroken: false, nals: list(p) },
    ]);
  });

  it('puts parameter sets in front of an IDR picture that comes without, once', () => {
    const { send, seen } = setUpSettled();
    send(idr, 10, true);
    send(pps, 20);
    send(sps, 20);
    send(idr, 20, true);
    expect(seen.map((picture) => picture.nals)).toEqual([list(sps, pps, idr), list(sps, pps, idr)]);
  });

  it('calls no IDR picture a key while its parameter sets are not known', () => {
    const { send, seen, depacketiser } = setUp();
    send(idr, 10, true);
    depacketiser.flushQuiet(1000);
    expect(seen).toMatchObject([{ isKey: false, isBroken: false }]);
  });

  it('remembers parameter sets sent under another timestamp, even marked, and puts longer lists than its headroom in front', () => {
    const { send, seen } = setUpSettled();
    const manyPps = Array.from({ length: 255 }, (_, id) => {
      const code = (id + 2).toString(2);
      const bits = `${'0'.repeat(code.length - 1)}${code}${'1'.repeat(60)}`.padEnd(80, '0');
      return Uint8Array.from([0x68, ...(bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2))]);
    });
    for (const set of manyPps) send(set, 5, true);
    send(idr, 10, true);
    expect(seen).toEqual([
      { timestamp: 10, isKey: true, isBroken: false, nals: list(sps, pps, ...manyPps, idr) },
    ]);
    send(idr, 20, true);
    expect(seen[1]?.nals).toEqual(seen[0]?.nals);
  });

  describe('marker bit', () => {
    it('ends a picture by the next timestamp when it is missing', () => {
      const { send, seen } = setUpSettled();
      send(p, 10);
      send(pRest, 10);
      send(p, 20);
      expect(seen).toEqual([{ timestamp: 10, isKey: false, isBroken: false, nals: list(p, pRest) }]);
    });

    it('learns from the first picture that it is set on every slice', () => {
      const { send, seen } = setUp();
      send(sps, 10, true);
      send(pps, 10, true);
      send(idr, 10, true);
      send(idrRest, 10, true);
      send(p, 20, true);
      send(pRest, 20, true);
      send(p, 30, true);
      expect(seen).toEqual([
        { timestamp: 10, isKey: true, isBroken: false, nals: list(sps, pps, idr, idrRest) },
        { timestamp: 20, isKey: false, isBroken: false, nals: list(p, pRest) },
      ]);
    });

    it('hands on the first picture of a slow camera after a pause', () => {
      const { send, seen, depacketiser } = setUp();
      send(p, 10, true);
      depacketiser.flushQuiet(49);
      expect(seen).toHaveLength(0);
      depacketiser.flushQuiet(50);
      expect(seen).toHaveLength(1);
    });

    it('marks the rest of a picture that went out too early, and learns', () => {
      const { send, seen } = setUpSettled();
      send(p, 10, true);
      send(pRest, 10, true);
      send(p, 20, true);
      send(pRest, 20, true);
      send(p, 30, true);
      expect(seen.map(({ timestamp, isBroken, nals }) => [timestamp, isBroken, nals.length])).toEqual([
        [10, false, 1],
        [10, true, 1],
        [20, false, 2],
      ]);
    });

    it('lets two pictures share a timestamp', () => {
      const { send, seen } = setUpSettled();
      send(p, 10, true);
      send(p, 10, true);
      send(p, 20);
      send(aud, 20);
      send(p, 20, true);
      expect(seen.map(({ isBroken, nals }) => [isBroken, nals.length])).toEqual([
        [false, 1],
        [false, 1],
        [false, 1],
        [false, 1],
      ]);
    });
  });

  describe('loss', () => {
    it('drops the NAL unit with the hole, and tells of its picture', () => {
      const { send, seen, depacketiser } = setUpSettled();
      const parts = fragments(idr, 4);
      send(idr, 10);
      send(parts[0] ?? idr, 10);
      send(parts[2] ?? idr, 10, false, true);
      send(parts[3] ?? idr, 10);
      send(idrRest, 10, true);
      expect(seen).toEqual([
        { timestamp: 10, isKey: true, isBroken: true, nals: list(sps, pps, idr, idrRest) },
      ]);
      expect(depacketiser.broken).toBe(1);
    });

    it('of a tail breaks that picture, not the next one', () => {
      const { send, seen } = setUpSettled();
      send(p, 10);
      send(p, 20, true, true);
      expect(seen.map(({ isBroken }) => isBroken)).toEqual([true, false]);
    });

    it('of a tail and the next head breaks both', () => {
      const { send, seen } = setUpSettled();
      send(p, 10);
      send(pRest, 20, true, true);
      send(p, 30, true);
      expect(seen.map(({ isBroken }) => isBroken)).toEqual([true, true, false]);
    });

    it('between whole pictures breaks the next, unless that is an IDR', () => {
      const { send, seen } = setUpSettled();
      send(p, 10, true);
      send(p, 30, true, true);
      send(p, 40, true);
      send(idr, 60, true, true);
      send(idrRest, 80, true, true);
      expect(seen.map(({ isBroken }) => isBroken)).toEqual([false, true, false, false, true]);
    });

    it('begins in the middle of a picture: broken', () => {
      const { send, seen, depacketiser } = setUp();
      send(pRest, 10, true);
      send(p, 20, true);
      depacketiser.flushQuiet(1000);
      expect(seen.map(({ isBroken }) => isBroken)).toEqual([true, false]);
    });

    it('of a whole picture whose fragments never began is told by the next', () => {
      const { send, seen, depacketiser } = setUpSettled();
      send(fragments(idr, 3)[1] ?? idr, 10, false, true);
      send(fragments(idr, 3)[2] ?? idr, 10, true);
      send(p, 20, true);
      expect(seen).toMatchObject([{ timestamp: 20, isBroken: true }]);
      expect(depacketiser.broken).toBe(2);
    });
  });

  it.each([
    ['an empty NAL unit in a STAP-A', Uint8Array.of(24, 0, 0), 'malformed'],
    ['a STAP-A size beyond the end', Uint8Array.of(24, 0, 9, 0x41), 'malformed'],
    ['a STAP-A with half a size', Uint8Array.of(24, 0), 'malformed'],
    ['a FU-A without its header', Uint8Array.of(28), 'malformed'],
    ['a FU-A of a STAP-A', Uint8Array.of(28, 0x98, 1), 'malformed'],
    ['the forbidden bit', Uint8Array.of(0xc1, 1), 'malformed'],
    ['type 0', Uint8Array.of(0, 1), 'malformed'],
    ['type 31', Uint8Array.of(31, 1), 'malformed'],
    ['a PPS that is none', Uint8Array.of(0x68, 0), 'malformed'],
    ['STAP-B', Uint8Array.of(25, 0, 0, 0, 1, 1), 'unsupported'],
    ['MTAP16', Uint8Array.of(26, 0, 0), 'unsupported'],
    ['FU-B', Uint8Array.of(29, 0x81, 0, 0, 1), 'unsupported'],
  ] as const)('counts %s and breaks its picture', (_what, payload, counter) => {
    const { send, seen, depacketiser } = setUpSettled();
    send(p, 10);
    send(payload, 10);
    send(pRest, 10, true);
    expect(depacketiser[counter]).toBe(1);
    expect(seen).toEqual([{ timestamp: 10, isKey: false, isBroken: true, nals: list(p, pRest) }]);
  });

  it('ignores padding-only packets', () => {
    const { send, seen } = setUpSettled();
    send(new Uint8Array(0), 10, true);
    send(p, 20, true);
    expect(seen).toHaveLength(1);
  });

  it('drops a picture of more than 16 MB or 4,096 NAL units, and goes on', () => {
    const { send, seen, depacketiser } = setUpSettled();
    const piece = new Uint8Array(60_000);
    piece.set([28, 0x05]);
    send(Uint8Array.of(28, 0x85, 0x88), 10);
    for (let i = 0; i < 300; i += 1) send(piece, 10);
    send(Uint8Array.of(28, 0x45, 0), 10, true);
    send(p, 20, true);
    expect(depacketiser.oversize).toBe(1);
    expect(seen).toMatchObject([{ timestamp: 20, isBroken: true }]);
    for (let i = 0; i < 5000; i += 1) send(pRest, 30);
    send(idr, 40, true);
    expect(depacketiser.oversize).toBe(2);
    expect(seen[1]).toMatchObject({ timestamp: 40, isKey: true, isBroken: false });
  });

  it('survives any payloads, and never hands on an empty or inconsistent picture', () => {
    const byteOfInterest = fc.oneof(
      fc.nat(255),
      fc.constantFrom(0x41, 0x65, 0x67, 0x68, 24, 28, 0x7c, 0x85, 0x45, 0x05),
    );
    const anyPacket = fc.tuple(
      fc.array(byteOfInterest, { maxLength: 12 }),
      fc.nat(3),
      fc.boolean(),
      fc.boolean(),
    );
    fc.assert(
      fc.property(fc.array(anyPacket, { maxLength: 40 }), (packets) => {
        const { send, seen, depacketiser } = setUp();
        for (const [payload, timestamp, marker, gap] of packets) {
          send(Uint8Array.from(payload), timestamp, marker, gap);
        }
        depacketiser.flushQuiet(1e9);
        for (const picture of seen) {
          expect(picture.nals.length).toBeGreaterThan(0);
          for (const nal of picture.nals) expect(nal.length).toBeGreaterThan(0);
        }
      }),
      timeBox,
    );
  });
});
