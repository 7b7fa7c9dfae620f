import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { readAccessUnits } from '../media/fixtures/read.ts';
import { timeBox } from '../testing/time-box.ts';
import { packetiseH264, packetisedBytesBound, packetsBound } from './packetise-h264.ts';
import { unitsBound, writeUnits } from './units-of-payloads.ts';

/** Through packets and back, with other bytes around them. */
function thereAndBack(nals: readonly Uint8Array[], maxPayloadBytes: number): Uint8Array[] {
  let end = 0;
  const unit = {
    track: { kind: 'video', codec: 'h264', encodingName: 'H264', clockRate: 90_000, h264: undefined },
    ticks: 0,
    arrivalMs: 0,
    captureMs: undefined,
    isKey: false,
    isBroken: false,
    data: Buffer.concat(nals),
    unitEnds: nals.map((nal) => (end += nal.length)),
  } as const;
  const memory = new Uint8Array(5 + packetisedBytesBound(unit, maxPayloadBytes)).fill(0xee);
  const lengths = new Uint16Array(packetsBound(unit, maxPayloadBytes));
  const { packets } = packetiseH264(unit, maxPayloadBytes, memory, 5, lengths, 0);
  const used = lengths.slice(0, packets);
  const units = new Uint8Array(unitsBound(memory, 5, used));
  return split(units.subarray(0, writeUnits(memory, 5, used, units)));
}

function split(units: Uint8Array): Uint8Array[] {
  const view = new DataView(units.buffer, units.byteOffset, units.byteLength);
  const nals: Uint8Array[] = [];
  for (let at = 0; at < units.length;) {
    const end = at + 4 + view.getUint32(at);
    expect(end).toBeLessThanOrEqual(units.length);
    nals.push(units.subarray(at + 4, end));
    at = end;
  }
  return nals;
}

const nal = fc
  .tuple(fc.constantFrom(0x67, 0x68, 0x65, 0x41), fc.uint8Array({ minLength: 0, maxLength: 5000 }))
  .map(([header, rest]) => Uint8Array.of(header, ...rest));

test('what is packetised comes back as it was', () => {
  fc.assert(
    fc.property(
      fc.array(nal, { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 64, max: 1400 }),
      (nals, maxPayloadBytes) => {
        expect(thereAndBack(nals, maxPayloadBytes).map((unit) => Buffer.from(unit))).toEqual(
          nals.map((unit) => Buffer.from(unit)),
        );
      },
    ),
    timeBox,
  );
});

test.each(['high-1-slice', 'high-4-slices'] as const)('pictures of x264 (%s)', (name) => {
  for (const nals of readAccessUnits(name)) {
    // SEI and delimiters are not sent to anybody.
    const sent = nals.filter((unit) => ![6, 9, 12].includes((unit[0] ?? 0) & 0x1f));
    expect(thereAndBack(sent, 1158).map((unit) => Buffer.from(unit))).toEqual(
      sent.map((unit) => Buffer.from(unit)),
    );
  }
});
