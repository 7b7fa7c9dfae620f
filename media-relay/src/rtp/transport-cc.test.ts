import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../media/protocol-error.ts';
import { timeBox } from '../testing/time-box.ts';
import { parseRtcp } from './rtcp.ts';
import { notReceived, parseTransportFeedback, ReferenceClock } from './transport-cc.ts';

const lost = notReceived;

/** A body: SSRCs 1 and 2, base 0xfffe, the count, reference time 0x000102, feedback 3, then `rest`. */
function parse(count: number, rest: string): ReturnType<typeof parseTransportFeedback> {
  const head = `0000000100000002fffe${count.toString(16).padStart(4, '0')}00010203`;
  const bytes = Buffer.from(head + rest.replaceAll(' ', ''), 'hex');
  return parseTransportFeedback(bytes, 0, bytes.length);
}

const arrivalsOf = (count: number, rest: string): number[] => [...(parse(count, rest)?.arrivals ?? [])];

describe('parseTransportFeedback', () => {
  it('reads runs: received, lost, late by a large delta', () => {
    expect(parse(6, '2002 0003 4001  04 08 ffff')).toEqual({
      senderSsrc: 1,
      mediaSsrc: 2,
      baseSeq: 0xfffe,
      feedbackCount: 3,
      referenceTime: 0x102,
      arrivals: Int32Array.from([4, 12, lost, lost, lost, 11]),
    });
  });

  it('reads a vector of one bit each, longer than what is left to tell', () => {
    expect(arrivalsOf(3, 'a800 01 02 00')).toEqual([1, lost, 3]);
  });

  it('reads a vector of two bits each, and a vector after a run', () => {
    expect(arrivalsOf(7, 'd811 05 0190 01 00')).toEqual([5, 405, lost, lost, 406, lost, 406]);
    expect(arrivalsOf(3, '0001 d000 09 00')).toEqual([lost, 9, lost]);
  });

  it.each([
    ['a count of 0', 0, '', 'RTCP_TRANSPORT_CC_BAD_COUNT'],
    ['no chunk', 1, '', 'RTCP_BAD_LENGTH'],
    ['half a chunk', 1, '20', 'RTCP_BAD_LENGTH'],
    ['an empty run', 1, '2000 0000', 'RTCP_TRANSPORT_CC_BAD_CHUNK'],
    ['a run beyond the count', 1, '2002 0101', 'RTCP_TRANSPORT_CC_BAD_CHUNK'],
    ['the reserved status', 1, '6001 0000', 'RTCP_TRANSPORT_CC_BAD_CHUNK'],
    ['a delta too few', 2, '2002 01', 'RTCP_BAD_LENGTH'],
    ['half a large delta', 1, '4001 01', 'RTCP_BAD_LENGTH'],
    ['a word too many', 1, '2001 01 00000000', 'RTCP_BAD_LENGTH'],
  ])('refuses %s', (_what, count, rest, code) => {
    expect(() => parse(count, rest)).toThrow(expect.objectContaining({ name: 'ProtocolError', code }));
  });

  it('of an outage, longer than anybody remembers, is left out and spoils nothing beside it', () => {
    expect(parse(2000, '07cf 2001 04')?.arrivals).toHaveLength(2000);
    expect(parse(2001, '07d0 2001 04')).toBeUndefined();
    const long = '8fcd0005 00000001 00000002 000a07d1 00000500 07d0 2001';
    const bytes = Buffer.from(`80c9000100000001${long}80c9000100000002`.replaceAll(' ', ''), 'hex');
    expect(parseRtcp(bytes, 0, bytes.length)).toEqual([
      { type: 'rr', ssrc: 1, reports: [] },
      { type: 'other', packetType: 205, format: 15 },
      { type: 'rr', ssrc: 2, reports: [] },
    ]);
  });

  it('comes as an RTCP packet, its last word filled with or without the padding bit, anywhere in a compound', () => {
    const body = '00000001 00000002 000a0001 00000500 2001 04';
    const report = { type: 'transport-cc', baseSeq: 10, arrivals: Int32Array.of(4) };
    for (const head of ['afcd0005', '8fcd0005']) {
      const fill = head.startsWith('a') ? '01' : '00';
      const bytes = Buffer.from(`${head}${body}${fill}80c9000100000001`.replaceAll(' ', ''), 'hex');
      expect(parseRtcp(bytes, 0, bytes.length)).toMatchObject([report, { type: 'rr' }]);
    }
    const endless = Buffer.from(`afcd0005${body}ff`.replaceAll(' ', ''), 'hex');
    expect(() => parseRtcp(endless, 0, endless.length)).toThrow(
      expect.objectContaining({ code: 'RTCP_BAD_PADDING' }),
    );
  });

  it('gives arrivals or a ProtocolError for any bytes', () => {
    const anyBody = fc
      .tuple(fc.nat(40), fc.array(fc.nat(255), { maxLength: 40 }), fc.integer({ min: 0, max: 20 }))
      .map(([count, rest, cut]) =>
        Uint8Array.from(
          [...Array.from({ length: 11 }, () => 7), count, 0, 0, 1, 1, ...rest].slice(0, 60 - cut),
        ),
      );
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), anyBody), (bytes) => {
        try {
          const feedback = parseTransportFeedback(bytes, 0, bytes.length);
          if (feedback) expect(feedback.arrivals.length).toBeGreaterThan(0);
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error;
        }
      }),
      timeBox,
    );
  });

  it('reads back any arrivals', () => {
    const step = fc.option(fc.integer({ min: -0x8000, max: 0x7fff }), { nil: undefined });
    const deltas = fc.array(fc.oneof(step, fc.nat(255)), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(deltas, (steps) => {
        let at = 0;
        const expected = steps.map((ticks) => (ticks === undefined ? lost : (at += ticks)));
        expect(arrivalsOf(steps.length, encode(steps))).toEqual(expected);
      }),
      timeBox,
    );
  });
});

/** Two-bit vectors of seven, then the deltas. */
function encode(steps: readonly (number | undefined)[]): string {
  const chunks: number[] = [];
  const deltas: number[] = [];
  steps.forEach((ticks, i) => {
    const isSmall = ticks !== undefined && ticks >= 0 && ticks <= 255;
    const symbol = ticks === undefined ? 0 : isSmall ? 1 : 2;
    const chunk = Math.floor(i / 7);
    chunks[chunk] = (chunks[chunk] ?? 0xc000) | (symbol << (12 - 2 * (i % 7)));
    if (ticks === undefined) return;
    if (isSmall) deltas.push(ticks);
    else deltas.push((ticks >> 8) & 0xff, ticks & 0xff);
  });
  const bytes = [...chunks.flatMap((chunk) => [chunk >> 8, chunk & 0xff]), ...deltas];
  return Buffer.from(bytes).toString('hex');
}

describe('ReferenceClock', () => {
  it('goes on past 24 bits, and back for a feedback that comes late', () => {
    const clock = new ReferenceClock();
    expect(clock.unwrapMs(0xff_fffe)).toBe(0xff_fffe * 64);
    expect(clock.unwrapMs(1)).toBe(0x100_0001 * 64);
    expect(clock.unwrapMs(0xff_ffff)).toBe(0xff_ffff * 64);
    expect(clock.unwrapMs(2)).toBe(0x100_0002 * 64);
  });
});
