import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { timeBox } from '../testing/time-box.ts';
import { RtpPacket } from './packet.ts';

describe('RtpPacket', () => {
  it('reads the fixed header', () => {
    const packet = new RtpPacket();
    const bytes = Uint8Array.of(
      7,
      0x80,
      0xe0,
      0x12,
      0x34,
      0xfe,
      0xdc,
      0xba,
      0x98,
      0xca,
      0xfe,
      0xba,
      0xbe,
      1,
      2,
      3,
      9,
    );
    expect(packet.parse(bytes, 1, 16)).toBe(true);
    expect(packet).toMatchObject({
      marker: true,
      payloadType: 96,
      sequence: 0x1234,
      timestamp: 0xfedcba98,
      ssrc: 0xcafebabe,
      payloadStart: 13,
      payloadEnd: 16,
    });
  });

  it('steps over CSRCs, extension and padding', () => {
    const packet = new RtpPacket();
    const bytes = new Uint8Array(12 + 8 + 4 + 4 + 5 + 3);
    bytes.set([0x80 | 0x20 | 0x10 | 2, 8]);
    bytes[12 + 8 + 3] = 1;
    bytes[bytes.length - 1] = 3;
    expect(packet.parse(bytes, 0, bytes.length)).toBe(true);
    expect([packet.payloadStart, packet.payloadEnd]).toEqual([28, 33]);
  });

  it('refuses a wrong version, a short header, and lengths that do not fit', () => {
    const packet = new RtpPacket();
    const parse = (first: number, length: number, last = 0): boolean => {
      const bytes = new Uint8Array(length);
      bytes[0] = first;
      if (last > 0) bytes[length - 1] = last;
      return packet.parse(bytes, 0, length);
    };
    expect(parse(0x80, 12)).toBe(true);
    expect(parse(0x40, 12)).toBe(false);
    expect(parse(0x80, 11)).toBe(false);
    expect(parse(0x81, 15)).toBe(false);
    expect(parse(0x90, 15)).toBe(false);
    expect(parse(0xa0, 13, 2)).toBe(false);
    expect(parse(0xa0, 13)).toBe(false);
    expect(parse(0xa0, 13, 1)).toBe(true);
  });

  it('for any bytes: false, or a payload inside of them', () => {
    const packet = new RtpPacket();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(3), fc.boolean(), (bytes, start, isVersion2) => {
        if (isVersion2 && start < bytes.length) bytes[start] = 0x80 | ((bytes[start] ?? 0) & 0x3f);
        if (!packet.parse(bytes, start, bytes.length)) return;
        expect(packet.payloadStart).toBeGreaterThanOrEqual(start + 12);
        expect(packet.payloadEnd).toBeGreaterThanOrEqual(packet.payloadStart);
        expect(packet.payloadEnd).toBeLessThanOrEqual(bytes.length);
      }),
      timeBox,
    );
  });
});
