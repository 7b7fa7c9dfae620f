import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../media/protocol-error.ts';
import { timeBox } from '../testing/time-box.ts';
import type { ReportBlock } from './rtcp.ts';
import { looksLikeRtcp, parseRtcp, writeBye, writeReceiverReport, writeSenderReport } from './rtcp.ts';

function parseHex(hex: string): ReturnType<typeof parseRtcp> {
  const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  return parseRtcp(bytes, 0, bytes.length);
}

const block: ReportBlock = {
  ssrc: 0xdeadbeef,
  fractionLost: 128,
  cumulativeLost: -2,
  highestSequence: 0x0001ffff,
  jitterTicks: 77,
  lastSr: 0x89abcdef,
  delaySinceLastSr: 0x10000,
};

describe('parseRtcp', () => {
  it('reads back the reports that we write', () => {
    const bytes = new Uint8Array(256);
    const report = {
      ssrc: 0xfffffff0,
      unixMs: 1_800_000_000_500,
      rtpTimestamp: 90_000,
      packets: 5,
      octets: 6,
    };
    let end = writeSenderReport(bytes, 4, report, 'relay');
    end = writeReceiverReport(bytes, end, 9, [block], 'r\u00e9');
    end = writeBye(bytes, end, 9);
    expect(parseRtcp(bytes, 4, end)).toEqual([
      {
        type: 'sr',
        ssrc: 0xfffffff0,
        ntpSeconds: 1_800_000_000 + 2_208_988_800,
        ntpFraction: 2 ** 31,
        rtpTimestamp: 90_000,
        packets: 5,
        octets: 6,
        reports: [],
      },
      { type: 'sdes', chunks: [{ ssrc: 0xfffffff0, cname: 'relay' }] },
      { type: 'rr', ssrc: 9, reports: [block] },
      { type: 'sdes', chunks: [{ ssrc: 9, cname: 'r\u00e9' }] },
      { type: 'bye', ssrcs: [9] },
    ]);
    expect(looksLikeRtcp(bytes, 4, end)).toBe(true);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('pads a CNAME of %i bytes to whole words', (length) => {
    const bytes = new Uint8Array(64).fill(0xff);
    const cname = 'x'.repeat(length);
    const end = writeReceiverReport(bytes, 0, 1, [], cname);
    expect(end % 4).toBe(0);
    expect(end).toBeLessThanOrEqual(24 + length);
    expect(parseRtcp(bytes, 0, end).at(-1)).toEqual({ type: 'sdes', chunks: [{ ssrc: 1, cname }] });
  });

  it('expands a generic NACK (RFC 4585 6.2.1), across the wrap', () => {
    expect(parseHex('81cd0004 00000001 00000002 fffe8005 00100000')).toEqual([
      { type: 'nack', senderSsrc: 1, mediaSsrc: 2, sequences: [0xfffe, 0xffff, 1, 14, 0x10] },
    ]);
  });

  it('reads PLI, FIR and REMB', () => {
    expect(parseHex('81ce0002 00000001 00000002')).toEqual([{ type: 'pli', senderSsrc: 1, mediaSsrc: 2 }]);
    expect(parseHex('84ce0004 00000001 00000000 00000007 2a000000')).toEqual([
      { type: 'fir', senderSsrc: 1, requests: [{ ssrc: 7, sequence: 42 }] },
    ]);
    // exponent 3, mantissa 250,000
    expect(parseHex('8fce0005 00000001 00000000 52454d42 010fd090 00000007')).toEqual([
      { type: 'remb', senderSsrc: 1, bitrateBps: 2_000_000, ssrcs: [7] },
    ]);
  });

  it('steps over what it does not know', () => {
    expect(parseHex('80cf0001 00000001 88cd0003 00000001 00000002 00000000')).toEqual([
      { type: 'other', packetType: 207, format: 0 },
      { type: 'other', packetType: 205, format: 8 },
    ]);
  });

  it('takes padding off the last packet only', () => {
    expect(parseHex('a0c90002 00000001 00000004')).toEqual([{ type: 'rr', ssrc: 1, reports: [] }]);
    expect(() => parseHex('a0c90002 00000001 00000004 80c90001 00000001')).toThrow(/Padding of 4/);
  });

  it.each([
    ['a version of 1', '40c90001 00000001', 'RTCP_BAD_VERSION'],
    ['a length beyond the end', '80c90002 00000001', 'RTCP_BAD_LENGTH'],
    ['stray bytes', '80c90001 00000001 80c9', 'RTCP_TRUNCATED'],
    ['nothing', '', 'RTCP_TRUNCATED'],
    ['report blocks that are not there', '82c90001 00000001', 'RTCP_BAD_LENGTH'],
    ['a short SR', '80c80001 00000001', 'RTCP_BAD_LENGTH'],
    ['an SDES text beyond the end', '81ca0002 00000001 01ff0000', 'RTCP_BAD_LENGTH'],
    ['an SDES chunk without its end', '81ca0002 00000001 01024141', 'RTCP_BAD_LENGTH'],
    ['a NACK without entries', '81cd0002 00000001 00000002', 'RTCP_BAD_LENGTH'],
    [
      'a REMB with fewer SSRCs than it says',
      '8fce0004 00000001 00000000 52454d42 010fd090',
      'RTCP_BAD_LENGTH',
    ],
    ['padding longer than the packet', 'a0c90001 000000fc', 'RTCP_BAD_PADDING'],
  ])('refuses %s', (_what, hex, code) => {
    expect(() => parseHex(hex)).toThrow(expect.objectContaining({ code }));
  });

  it('refuses a NACK that asks for a flood', () => {
    const bytes = new Uint8Array(12 + 4 * 1025);
    bytes.set([0x81, 205, (2 + 1025) >> 8, (2 + 1025) & 0xff]);
    expect(() => parseRtcp(bytes, 0, bytes.length)).toThrow(
      expect.objectContaining({ code: 'RTCP_NACK_TOO_LONG' }),
    );
  });

  it('gives packets or a ProtocolError for any bytes', () => {
    const anyPacket = fc
      .tuple(
        fc.nat(63),
        fc.integer({ min: 199, max: 208 }),
        fc.array(fc.nat(255), { maxLength: 40 }),
        fc.nat(4),
      )
      .map(([first, type, body, slack]) => [
        0x80 | first,
        type,
        0,
        Math.max(0, Math.floor(body.length / 4) + (slack === 4 ? 1 : 0)),
        ...body.slice(0, Math.floor(body.length / 4) * 4),
      ]);
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 60 }),
          fc.array(anyPacket, { maxLength: 3 }).map((all) => Uint8Array.from(all.flat())),
        ),
        (bytes) => {
          try {
            expect(parseRtcp(bytes, 0, bytes.length).length).toBeGreaterThan(0);
          } catch (error) {
            if (!(error instanceof ProtocolError)) throw error;
          }
        },
      ),
      timeBox,
    );
  });
});
