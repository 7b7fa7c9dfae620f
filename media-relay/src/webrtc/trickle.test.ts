import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ProtocolError } from '../media/protocol-error.ts';
import { timeBox } from '../testing/time-box.ts';
import { candidates, parseAnnounced } from './addresses.ts';
import { offerText } from './fixtures/offers.ts';
import { isRefusal, negotiate } from './negotiate.ts';
import { parseOffer } from './offer.ts';
import { parseTrickleFragment, restartOf, writeRestartFragment } from './trickle.ts';

const fragment = [
  'a=group:BUNDLE 0 1',
  'm=video 9 UDP/TLS/RTP/SAVPF 108',
  'a=mid:0',
  'a=ice-ufrag:EsAw',
  'a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1',
  'a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw network-id 1',
  'a=candidate:3471623853 1 udp 2122194687 198.51.100.2 61765 typ host generation 0 ufrag EsAw network-id 2',
  'a=end-of-candidates',
  '',
].join('\r\n');

describe('parseTrickleFragment', () => {
  test('reads what WHEP players send', () => {
    expect(parseTrickleFragment(fragment)).toEqual({
      ufrag: 'EsAw',
      pwd: 'P2uYro0UCOQ4zxjKXaWCBui1',
      candidates: 2,
      endOfCandidates: true,
    });
  });

  test('credentials may stand in front of the sections, several times, or nowhere', () => {
    const session = 'a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n';
    expect(parseTrickleFragment(session + fragment)).toEqual(parseTrickleFragment(fragment));
    expect(parseTrickleFragment('m=audio 9 RTP/AVP 0\na=mid:0\n')).toEqual({
      ufrag: undefined,
      pwd: undefined,
      candidates: 0,
      endOfCandidates: false,
    });
  });

  test.each([
    ['SDP_AMBIGUOUS_ICE', `a=ice-ufrag:othr\r\n${fragment}`, 'a=ice-ufrag'],
    ['SDP_BAD_ICE', fragment.replace('EsAw', 'x'), '"x"'],
    ['SDP_BAD_LINE', 'hello', '"hello"'],
  ])('%s', (code, text, shown) => {
    expect(() => parseTrickleFragment(text)).toThrow(
      expect.objectContaining({ name: 'ProtocolError', code }),
    );
    expect(() => parseTrickleFragment(text)).toThrow(shown);
  });

  test('anything else is a ProtocolError', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.tuple(fc.nat(fragment.length), fc.string({ maxLength: 20 })).map(([at, more]) => {
        return fragment.slice(0, at) + more + fragment.slice(at + more.length);
      }),
    );
    const property = fc.property(text, (one) => {
      try {
        expect(parseTrickleFragment(one).candidates).toBeGreaterThanOrEqual(0);
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
      }
    });
    fc.assert(property, timeBox);
  });
});

describe('ICE restart', () => {
  test('is a ufrag that differs, with its password', () => {
    const parsed = parseTrickleFragment(fragment);
    expect(restartOf(parsed, 'EsAw')).toBeUndefined();
    expect(restartOf(parsed, 'old1')).toEqual({ ufrag: 'EsAw', pwd: 'P2uYro0UCOQ4zxjKXaWCBui1' });
    expect(restartOf({ ...parsed, pwd: undefined }, 'old1')).toBeUndefined();
  });

  test('is answered with our new credentials in the section that carries the transport', () => {
    const media = {
      video: { profileLevelId: '42e01f' },
      audio: { codec: 'pcmu', channels: 1 },
    } as const;
    const negotiation = negotiate(parseOffer(offerText('node-datachannel')), media, false);
    if (isRefusal(negotiation)) throw new Error(negotiation.message);
    const text = writeRestartFragment(
      negotiation,
      { ufrag: 'newUfrag', pwd: 'newPassword/with+24chars' },
      candidates([], 8641, [parseAnnounced('203.0.113.7')]),
    );
    expect(text.split('\r\n')).toEqual([
      'a=ice-lite',
      'a=ice-options:ice2 trickle',
      'a=group:BUNDLE video audio',
      'm=video 9 UDP/TLS/RTP/SAVPF 102',
      'a=mid:video',
      'a=ice-ufrag:newUfrag',
      'a=ice-pwd:newPassword/with+24chars',
      'a=candidate:1 1 udp 2130706431 203.0.113.7 8641 typ host',
      'a=end-of-candidates',
      '',
    ]);
    expect(parseTrickleFragment(text)).toMatchObject({
      ufrag: 'newUfrag',
      candidates: 1,
      endOfCandidates: true,
    });
  });
});
