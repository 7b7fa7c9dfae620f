import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AccessUnit } from '../media/access-unit.ts';
import { readAccessUnits } from '../media/fixtures/read.ts';
import type { FixtureName } from '../media/fixtures/read.ts';
import { nalType, nalTypeAt } from '../media/h264.ts';
import { timeBox } from '../testing/time-box.ts';
import { H264Depacketiser } from './depacketise-h264.ts';
import { packetiseH264, packetisedBytesBound, packetsBound } from './packetise-h264.ts';
import { ParameterSets } from './parameter-sets.ts';

function unitOf(nals: readonly Uint8Array[]): AccessUnit {
  let end = 0;
  return {
    track: { kind: 'video', codec: 'h264', encodingName: 'H264', clockRate: 90_000, h264: undefined },
    ticks: 0,
    arrivalMs: 0,
    captureMs: undefined,
    isKey: false,
    isBroken: false,
    data: Buffer.concat(nals),
    unitEnds: nals.map((nal) => (end += nal.length)),
  };
}

function packetise(unit: AccessUnit, maxPayloadBytes: number): Uint8Array[] {
  const target = new Uint8Array(7 + packetisedBytesBound(unit, maxPayloadBytes)).fill(0xee);
  const lengths = new Uint16Array(3 + packetsBound(unit, maxPayloadBytes));
  const { packets, bytes } = packetiseH264(unit, maxPayloadBytes, target, 7, lengths, 3);
  expect(packets).toBeLessThanOrEqual(packetsBound(unit, maxPayloadBytes));
  expect(bytes).toBeLessThanOrEqual(packetisedBytesBound(unit, maxPayloadBytes));
  const payloads: Uint8Array[] = [];
  let at = 7;
  for (const length of lengths.subarray(3, 3 + packets)) {
    expect(length).toBeLessThanOrEqual(maxPayloadBytes);
    payloads.push(target.slice(at, at + length));
    at += length;
  }
  expect(at - 7).toBe(bytes);
  expect(target.subarray(0, 7).every((byte) => byte === 0xee)).toBe(true);
  return payloads;
}

function depacketise(payloads: readonly Uint8Array[]): Uint8Array[] {
  const nals: Uint8Array[] = [];
  let isBroken = false;
  const depacketiser = new H264Depacketiser(new ParameterSets(), (picture) => {
    isBroken = picture.isBroken;
    let start = 0;
    for (const end of picture.unitEnds) {
      nals.push(picture.data.slice(start, end));
      start = end;
    }
  });
  for (const [i, payload] of payloads.entries()) {
    depacketiser.packet(payload, 0, payload.length, 1, i === payloads.length - 1, 0, false);
  }
  depacketiser.flushQuiet(1e6);
  expect(isBroken).toBe(false);
  return nals;
}

const hex = (nals: readonly Uint8Array[]): string[] => nals.map((nal) => Buffer.from(nal).toString('hex'));
const nal = (header: number, length: number): Uint8Array => {
  const bytes = Uint8Array.from({ length }, (_, i) => (i * 7 + length) & 0xff);
  bytes[0] = header;
  bytes[1] = 0x88;
  return bytes;
};

const sizes = (nals: Uint8Array[]): number[] => packetise(unitOf(nals), 100).map((payload) => payload.length);

describe('packetiseH264', () => {
  it('aggregates parameter sets, sends what fits alone, and cuts the rest into equal pieces', () => {
    const payloads = packetise(unitOf([nal(0x67, 12), nal(0x68, 4), nal(0x65, 2500), nal(0x65, 1100)]), 1150);
    expect(payloads.map((payload) => payload.length)).toEqual([1 + 2 + 12 + 2 + 4, 835, 835, 835, 1100]);
    expect(payloads[0]?.[0]).toBe(0x60 | 24);
    expect(payloads.slice(1, 4).map((payload) => [payload[0], payload[1]])).toEqual([
      [0x60 | 28, 0x85],
      [0x60 | 28, 0x05],
      [0x60 | 28, 0x45],
    ]);
  });

  it('makes only the last piece smaller', () => {
    const payloads = packetise(unitOf([nal(0x41, 10_001)]), 1000);
    // 10,000 bytes in ceil(10,000 / 998) = 11 pieces of ceil(10,000 / 11) = 910
    expect(payloads.map((payload) => payload.length)).toEqual([
      ...Array.from({ length: 10 }, () => 912),
      902,
    ]);
  });

  it('leaves out delimiters, SEI, filler and ends, also between parameter sets', () => {
    const nals = [0x09, 0x06, 0x67, 0x06, 0x68, 0x06, 0x65, 0x0c, 0x0a, 0x0b].map((header) =>
      nal(header, 20),
    );
    const payloads = packetise(unitOf(nals), 1000);
    expect(payloads.map((payload) => (payload[0] ?? 0) & 0x1f)).toEqual([24, 5]);
    expect(payloads[0]).toHaveLength(1 + 2 * 22);
    expect(packetise(unitOf([nal(0x09, 2), nal(0x06, 2000)]), 1000)).toEqual([]);
  });

  it('puts a lone parameter set and those that do not fit together into packets of their own', () => {
    expect(sizes([nal(0x68, 10), nal(0x65, 50)])).toEqual([10, 50]);
    expect(sizes([nal(0x67, 60), nal(0x68, 60), nal(0x68, 30), nal(0x65, 50)])).toEqual([60, 95, 50]);
    expect(sizes([nal(0x67, 130), nal(0x68, 10), nal(0x65, 100)])).toEqual([67, 66, 10, 100]);
  });

  it.each<FixtureName>(['high-1-slice', 'high-4-slices', 'baseline', 'b-frames', 'cropped-1080p'])(
    'comes back from the depacketiser: %s',
    (name) => {
      for (const nals of readAccessUnits(name)) {
        const sent = nals.filter(
          (unit) => ![nalType.accessUnitDelimiter, nalType.sei].includes(nalTypeAt(unit, 0) as 6),
        );
        expect(hex(depacketise(packetise(unitOf(nals), 400)))).toEqual(hex(sent));
      }
    },
  );

  it('comes back from the depacketiser: any NAL units, any payload size', () => {
    const anyNal = fc
      .tuple(
        fc.constantFrom(0x41, 0x65, 0x01, 0x6f, 0x06, 0x09, 0x0c, 0x73),
        fc.integer({ min: 2, max: 3000 }),
      )
      .map(([header, length]) => nal(header, length));
    fc.assert(
      fc.property(
        fc.array(anyNal, { maxLength: 8 }),
        fc.integer({ min: 64, max: 1400 }),
        (nals, maxPayloadBytes) => {
          const unit = unitOf([...nals, nal(0x41, 30)]);
          const sent = [...nals, nal(0x41, 30)].filter((one) => ![6, 9, 12].includes(nalTypeAt(one, 0)));
          expect(hex(depacketise(packetise(unit, maxPayloadBytes)))).toEqual(hex(sent));
        },
      ),
      timeBox,
    );
  });
});
