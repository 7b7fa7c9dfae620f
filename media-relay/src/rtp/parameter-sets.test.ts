import { expect, it } from 'vitest';
import { ParameterSets } from './parameter-sets.ts';

/** ITU-T H.264 9.1 */
function ue(value: number): string {
  const code = (value + 1).toString(2);
  return '0'.repeat(code.length - 1) + code;
}

/** Baseline, pic_order_cnt_type 2, one reference frame, no cropping, no VUI. */
function sps(id: number, widthMbs: number, heightMbs: number): Uint8Array {
  const bits = `${ue(id)}10110100${ue(widthMbs - 1)}${ue(heightMbs - 1)}11001`;
  const bytes = bits.padEnd(Math.ceil(bits.length / 8) * 8, '0').match(/.{8}/g) ?? [];
  return Uint8Array.from([0x67, 0x42, 0xc0, 0x1e, ...bytes.map((byte) => Number.parseInt(byte, 2))]);
}

it('tells the facts of the SPS that was seen last, also when it was known before', () => {
  const sets = new ParameterSets();
  const sizes = [sps(0, 40, 30), sps(1, 20, 15), sps(0, 40, 30)].map((nal) => {
    sets.remember(nal);
    return `${sets.facts?.width}x${sets.facts?.height}`;
  });
  expect(sizes).toEqual(['640x480', '320x240', '640x480']);
  expect(sets.list).toHaveLength(2);
});
