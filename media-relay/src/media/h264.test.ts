import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { timeBox } from '../testing/time-box.ts';
import type { FixtureName } from './fixtures/read.ts';
import { readAccessUnits, readNals } from './fixtures/read.ts';
import { nalType, nalTypeAt, parameterSetId, parseSps, sliceType, spropParameterSets } from './h264.ts';
import { ProtocolError } from './protocol-error.ts';

function spsOf(name: FixtureName): Uint8Array {
  const sps = readNals(name).find((nal) => nalTypeAt(nal, 0) === nalType.sps);
  if (sps === undefined) throw new Error('no SPS');
  return sps;
}

/** An SPS written field by field: [value, bits] for u(n), 'ue'/'se' for Exp-Golomb. */
type Field = readonly [value: number, coding: number | 'ue' | 'se'];
function writeSps(head: readonly [number, number, number], fields: readonly Field[]): Uint8Array {
  let bits = '';
  for (const [value, coding] of fields) {
    if (typeof coding === 'number') {
      bits += value.toString(2).padStart(coding, '0');
    } else {
      const code = (coding === 'ue' ? value : value > 0 ? 2 * value - 1 : -2 * value) + 1;
      bits += '0'.repeat(code.toString(2).length - 1) + code.toString(2);
    }
  }
  bits += '1';
  const rbsp = bits.padEnd(Math.ceil(bits.length / 8) * 8, '0').match(/.{8}/g) ?? [];
  return Uint8Array.from([0x67, ...head, ...rbsp.map((byte) => Number.parseInt(byte, 2))]);
}

describe('parseSps', () => {
  it('reads what x264 writes', () => {
    expect(parseSps(spsOf('high-1-slice'))).toEqual({
      profileLevelId: '64000d',
      profileName: 'High',
      width: 320,
      height: 180,
      framesPerSecond: 25,
      maxReorderFrames: 0,
    });
    expect(parseSps(spsOf('high-4-slices'))).toMatchObject({ width: 320, height: 192 });
    expect(parseSps(spsOf('baseline'))).toMatchObject({
      profileName: 'Constrained Baseline',
      profileLevelId: '42c00d',
      width: 320,
      height: 180,
    });
    expect(parseSps(spsOf('b-frames'))).toMatchObject({ maxReorderFrames: 2 });
  });

  it('reads 1080p with cropping, scaling lists and HRD parameters', () => {
    expect(parseSps(spsOf('cropped-1080p'))).toMatchObject({
      width: 1920,
      height: 1080,
      framesPerSecond: 25,
      maxReorderFrames: 2,
    });
  });

  it('reads an interlaced 1080i SPS: map units count twice, cropping in units of four lines', () => {
    const sps = writeSps(
      [77, 0, 40],
      [
        [0, 'ue'],
        [0, 'ue'],
        [1, 'ue'], // pic_order_cnt_type 1 with one offset
        [0, 1],
        [-1, 'se'],
        [2, 'se'],
        [1, 'ue'],
        [-5, 'se'],
        [4, 'ue'],
        [0, 1],
        [119, 'ue'],
        [33, 'ue'],
        [0, 1], // frame_mbs_only_flag
        [1, 1],
        [1, 1],
        [1, 1],
        [0, 'ue'],
        [0, 'ue'],
        [0, 'ue'],
        [2, 'ue'],
        [0, 1],
      ],
    );
    expect(parseSps(sps)).toEqual({
      profileLevelId: '4d0028',
      profileName: 'Main',
      width: 1920,
      height: 1080,
      framesPerSecond: undefined,
      maxReorderFrames: undefined,
    });
  });

  it('reads a 4:4:4 SPS with twelve scaling lists, one of them cut short, and crops in single samples', () => {
    const flatList: Field[] = [[1, 1], [8, 'se'], ...Array.from({ length: 15 }, (): Field => [0, 'se'])];
    const sps = writeSps(
      [244, 0, 31],
      [
        [0, 'ue'],
        [3, 'ue'],
        [0, 1],
        [0, 'ue'],
        [0, 'ue'],
        [0, 1],
        [1, 1],
        ...flatList,
        [1, 1],
        [-8, 'se'], // nextScale 0: the default list
        ...Array.from({ length: 10 }, (): Field => [0, 1]),
        [0, 'ue'],
        [2, 'ue'],
        [1, 'ue'],
        [0, 1],
        [39, 'ue'],
        [29, 'ue'],
        [1, 1],
        [1, 1],
        [1, 1],
        [0, 'ue'],
        [1, 'ue'],
        [0, 'ue'],
        [3, 'ue'],
        [0, 1],
      ],
    );
    expect(parseSps(sps)).toMatchObject({ profileName: 'High 4:4:4 Predictive', width: 639, height: 477 });
  });

  const baselineHead: readonly Field[] = [
    [0, 'ue'],
    [0, 'ue'],
    [2, 'ue'],
    [1, 'ue'],
    [0, 1],
    [39, 'ue'],
    [29, 'ue'],
    [1, 1],
    [1, 1],
    [0, 1],
  ];

  it('plays on when the VUI is cut short or absurd', () => {
    const plain = { width: 640, height: 480, framesPerSecond: undefined, maxReorderFrames: undefined };
    const truncated = writeSps([66, 0xe0, 30], [...baselineHead, [1, 1], [1, 1]]);
    expect(parseSps(truncated)).toMatchObject({ ...plain, profileLevelId: '42e01e' });
    const timing: Field[] = [
      [1, 1],
      [0, 4],
      [1, 1],
      [1, 32],
      [2_000_000_000, 32],
      [1, 1],
      [0, 4],
    ];
    expect(parseSps(writeSps([66, 0xe0, 30], [...baselineHead, ...timing]))).toMatchObject(plain);
  });

  it('refuses an impossible size, a reserved value and another NAL type', () => {
    const huge = baselineHead.map((field): Field => (field[0] === 39 ? [5000, 'ue'] : field));
    expect(() => parseSps(writeSps([66, 0, 30], [...huge, [0, 1]]))).toThrow(/80016x480/);
    expect(() =>
      parseSps(
        writeSps(
          [100, 0, 30],
          [
            [0, 'ue'],
            [4, 'ue'],
            [0, 32],
          ],
        ),
      ),
    ).toThrow(/chroma_format_idc 4/);
    expect(() => parseSps(Uint8Array.of(0x68, 0))).toThrow(
      expect.objectContaining({ code: 'H264_NOT_AN_SPS' }),
    );
    expect(() => parseSps(Uint8Array.of(0x67, 66, 0))).toThrow(
      expect.objectContaining({ code: 'BITS_OVERRUN' }),
    );
  });

  it('gives facts or a ProtocolError for any bytes, and for any damage to a real SPS', () => {
    const real = spsOf('cropped-1080p');
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 60 }).map((tail) => Uint8Array.from([0x67, ...tail])),
          fc
            .tuple(fc.nat(real.length - 1), fc.nat(255), fc.nat(real.length))
            .map(([at, byte, length]) => real.with(at, byte).subarray(0, length)),
        ),
        (nal) => {
          try {
            const facts = parseSps(nal);
            expect(facts.width).toBeGreaterThan(0);
            expect(facts.height).toBeGreaterThan(0);
            expect(facts.profileLevelId).toMatch(/^[0-9a-f]{6}$/);
          } catch (error) {
            if (!(error instanceof ProtocolError)) throw error;
          }
        },
      ),
      timeBox,
    );
  });
});

describe('spropParameterSets', () => {
  it('reads the list that ffmpeg writes', () => {
    const { sps, pps } = spropParameterSets('Z2QADay2CgzYCIAAAAMAgAAAGQeKFXA=,aOrMsiw=');
    expect(sps.map((nal) => parseSps(nal).width)).toEqual([320]);
    expect(pps.map((nal) => parameterSetId(nal))).toEqual([0]);
  });

  it('leaves out empty items and other NAL units, and refuses what is not base64', () => {
    expect(spropParameterSets(', ,BQE=')).toEqual({ sps: [], pps: [] });
    expect(() => spropParameterSets('Z2Q*')).toThrow(expect.objectContaining({ code: 'H264_BAD_SPROP' }));
  });

  it('gives lists or a ProtocolError for any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => {
        try {
          const { sps, pps } = spropParameterSets(text);
          for (const nal of sps) expect(nalTypeAt(nal, 0)).toBe(nalType.sps);
          for (const nal of pps) expect(nalTypeAt(nal, 0)).toBe(nalType.pps);
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error;
        }
      }),
      timeBox,
    );
  });
});

describe('slices', () => {
  it('tells the pictures apart', () => {
    expect(readAccessUnits('high-1-slice')).toHaveLength(12);
    const four = readAccessUnits('high-4-slices');
    expect(four).toHaveLength(12);
    expect(four.at(-1)).toHaveLength(4);
  });

  it('sees the B slices', () => {
    const types = readNals('b-frames')
      .filter((nal) => nalTypeAt(nal, 0) === nalType.slice)
      .map((nal) => sliceType(nal, 0, nal.length));
    expect(types).toContain('b');
    expect(types).toContain('p');
    const without = readNals('baseline').filter((nal) =>
      [nalType.slice, nalType.idr].includes(nalTypeAt(nal, 0) as 1),
    );
    expect(new Set(without.map((nal) => sliceType(nal, 0, nal.length)))).toEqual(new Set(['i', 'p']));
  });

  it('answers or throws ProtocolError for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
        try {
          expect(['p', 'b', 'i', 'sp', 'si']).toContain(sliceType(bytes, 0, bytes.length));
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error;
        }
      }),
      timeBox,
    );
  });
});
