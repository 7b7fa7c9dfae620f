import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ProtocolError } from '../media/protocol-error.ts';
import { timeBox } from '../testing/time-box.ts';
import { offerNames, offerText } from './fixtures/offers.ts';
import { isRefusal, malformedOffer, negotiate } from './negotiate.ts';
import { parseOffer } from './offer.ts';

describe('parseOffer', () => {
  test('reads a whole Chromium offer', () => {
    const offer = parseOffer(offerText('chromium'));
    const [video, audio] = offer.media;
    expect(offer.bundle).toEqual(['0', '1']);
    expect(offer.iceLite).toBe(false);
    expect(video).toMatchObject({
      line: 8,
      kind: 'video',
      port: 9,
      protocol: 'UDP/TLS/RTP/SAVPF',
      mid: '0',
      direction: 'recvonly',
      rtcpMux: true,
      reducedSizeRtcp: true,
      transport: {
        iceUfrag: 'qMRQ',
        icePwd: 'XSaN4wkrIGJ5OwOUJpHvn4dz',
        iceOptions: ['trickle'],
        setup: 'actpass',
      },
    });
    expect(video?.transport.fingerprint).toMatch(/^E4:A7:(..:){29}1B$/);
    expect(video?.payloads).toHaveLength(34);
    expect(video?.payloads.find(({ payloadType }) => payloadType === 102)).toEqual({
      payloadType: 102,
      codec: 'h264',
      encodingName: 'H264',
      clockRate: 90000,
      channels: 1,
      parameters: new Map([
        ['level-asymmetry-allowed', '1'],
        ['packetization-mode', '1'],
        ['profile-level-id', '42001f'],
      ]),
      feedback: ['goog-remb', 'transport-cc', 'ccm fir', 'nack', 'nack pli'],
      rtxPayloadType: 103,
    });
    expect(video?.extensions).toContainEqual({
      id: 5,
      uri: 'http://www.webrtc.org/experiments/rtp-hdrext/playout-delay',
      direction: 'sendrecv',
    });
    expect(audio?.payloads[0]).toMatchObject({
      payloadType: 111,
      codec: 'opus',
      clockRate: 48000,
      channels: 2,
    });
  });

  test('takes from the session level what a Firefox section does not say', () => {
    const [video] = parseOffer(offerText('firefox')).media;
    expect(video?.transport.fingerprint).toMatch(/^6B:3A:/);
    expect(video?.transport.iceOptions).toEqual(['trickle']);
    expect(video?.extensions[3]).toMatchObject({ id: 6, direction: 'recvonly' });
    expect(video?.payloads.find(({ payloadType }) => payloadType === 126)?.rtxPayloadType).toBe(127);
  });

  test('passes over weaker fingerprints beside a SHA-256', () => {
    const text = offerText('chromium').replaceAll(
      'a=fingerprint:',
      'a=fingerprint:sha-1 00:11\r\na=fingerprint:',
    );
    expect(parseOffer(text).media[0]?.transport.fingerprint).toMatch(/^E4:A7:/);
  });

  test('knows static payload types without rtpmap, and feedback for all of them', () => {
    const text = offerText('node-datachannel').replace('a=rtpmap:0 PCMU/8000/1', 'a=rtcp-fb:* nack');
    const audio = parseOffer(text).media[1];
    expect(audio?.payloads).toMatchObject([{ codec: 'pcmu', clockRate: 8000, feedback: ['nack'] }]);
  });

  test('reads a data channel as a section without payload types', () => {
    const text = `${offerText('werift')}m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\n`;
    expect(parseOffer(text).media[2]).toMatchObject({
      kind: 'application',
      formats: ['webrtc-datachannel'],
      payloads: [],
    });
  });

  test.each([
    ['SDP_BAD_VERSION', 'v=0', 'v=1', 'line 1'],
    ['SDP_BAD_ORIGIN', 'o=- ', 'o=', 'line 2'],
    ['SDP_MISSING_LINE', 't=0 0\r\n', '', 't='],
    ['SDP_BAD_MEDIA', 'm=video ', 'm= ', 'line 8'],
    ['SDP_BAD_PORT', 'm=video 9 ', 'm=video 65536 ', '"65536"'],
    ['SDP_BAD_PROTOCOL', 'UDP/TLS/RTP/SAVPF', '<b>', '"<b>"'],
    ['SDP_BAD_FORMATS', 'SAVPF 96 97', 'SAVPF 96  97', 'line 8'],
    ['SDP_BAD_PAYLOAD_TYPE', 'SAVPF 96', 'SAVPF 128', '"128"'],
    ['SDP_DUPLICATE_PAYLOAD_TYPE', 'SAVPF 96 97', 'SAVPF 96 96', '"96"'],
    ['SDP_BAD_ICE', 'ice-ufrag:qMRQ', 'ice-ufrag:q', '"q"'],
    ['SDP_BAD_ICE', 'ice-pwd:XSaN4wkrIGJ5OwOUJpHvn4dz', 'ice-pwd:secret', '6 characters'],
    ['SDP_BAD_FINGERPRINT', 'sha-256 E4:', 'sha-256 ', 'A7:51'],
    ['SDP_NO_SHA256_FINGERPRINT', 'a=fingerprint:sha-256', 'a=fingerprint:sha-1', 'sha-1'],
    ['SDP_BAD_SETUP', 'setup:actpass', 'setup:both', '"both"'],
    ['SDP_BAD_MID', 'a=mid:0', 'a=mid:"0"', '""0""'],
    ['SDP_DUPLICATE_MID', 'a=mid:1', 'a=mid:0', '"0"'],
    ['SDP_BAD_GROUP', 'BUNDLE 0 1', 'BUNDLE 0 7', '"7"'],
    ['SDP_DUPLICATE_ATTRIBUTE', 'a=mid:0', 'a=mid:0\r\na=mid:0', 'a=mid'],
    ['SDP_DUPLICATE_ATTRIBUTE', 'a=recvonly', 'a=recvonly\r\na=sendonly', 'sendonly'],
    ['SDP_BAD_RTPMAP', 'rtpmap:96 VP8/90000', 'rtpmap:96 VP8', '"96 VP8"'],
    ['SDP_DUPLICATE_RTPMAP', 'a=rtpmap:97 rtx/90000', 'a=rtpmap:96 rtx/90000', '"96 rtx/90000"'],
    ['SDP_BAD_FMTP', 'fmtp:97 apt=96', 'fmtp:x apt=96', '"x apt=96"'],
    ['SDP_BAD_RTCP_FB', 'rtcp-fb:96 goog-remb', 'rtcp-fb:96', '"96"'],
    ['SDP_BAD_EXTMAP', 'extmap:1 urn', 'extmap:0 urn', '"0 urn'],
    ['SDP_BAD_PROFILE_LEVEL_ID', 'profile-level-id=42001f', 'profile-level-id=42xx1f', '"42xx1f"'],
  ])('%s instead of "%s"', (code, from, to, shown) => {
    const good = offerText('chromium');
    expect(good).toContain(from);
    const parse = () => parseOffer(good.replace(from, to));
    expect(parse).toThrow(expect.objectContaining({ name: 'ProtocolError', code }));
    expect(parse).toThrow(shown);
  });

  test.each([
    'ice-pwd:hunter2-hunter2-hunter2',
    'ice-pwd:hunter2hunter2hunter2hunter2\r\na=ice-pwd:hunter2',
    'ice-pwd:hunter2\0',
  ])('does not show an ICE password: %j', (line) => {
    const text = offerText('chromium').replaceAll(/ice-pwd:.*/g, line);
    expect(() => parseOffer(text)).toThrow(/^(?!.*hunter2).*ice-pwd/s);
  });

  test('becomes a refusal that a person understands', () => {
    let error: unknown;
    try {
      parseOffer('v=0\r\n');
    } catch (thrown) {
      error = thrown;
    }
    if (!(error instanceof ProtocolError)) throw new Error('expected a ProtocolError');
    expect(malformedOffer(error)).toEqual({
      code: 'offer-malformed',
      message: expect.stringContaining('SDP line 2: expected o= with six fields'),
    });
  });
});

/** A negotiation, a refusal or a ProtocolError, each of bounded size: nothing else gets out. */
function survives(text: string): boolean {
  try {
    const offer = parseOffer(text);
    const stream = { video: { profileLevelId: '42e01f' }, audio: { codec: 'opus', channels: 2 } } as const;
    const result = negotiate(offer, stream, true);
    return isRefusal(result) ? result.message.length < 700 : result.sections.length === offer.media.length;
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return error.code.startsWith('SDP_') && error.message.length < 300;
  }
}

describe('whatever arrives', () => {
  test('random text', () => {
    const property = fc.property(fc.string({ unit: 'binary', maxLength: 300 }), survives);
    expect(() => fc.assert(property, timeBox)).not.toThrow();
  });

  test('real offers with lines lost, doubled, swapped and bitten', () => {
    const edit = fc.record({
      at: fc.nat(250),
      column: fc.nat(40),
      kind: fc.constantFrom('drop', 'double', 'move', 'bite', 'insert'),
      text: fc.string({ maxLength: 12 }),
    });
    const property = fc.property(
      fc.constantFrom(...offerNames),
      fc.array(edit, { minLength: 1, maxLength: 6 }),
      (name, edits) => {
        const lines = offerText(name).split('\r\n');
        for (const { at, column, kind, text } of edits) {
          const index = at % lines.length;
          const line = lines[index] ?? '';
          if (kind === 'drop') lines.splice(index, 1);
          if (kind === 'double') lines.splice(index, 0, line);
          if (kind === 'move') lines.push(...lines.splice(index, 1));
          if (kind === 'bite') lines[index] = line.slice(0, column) + text + line.slice(column + text.length);
          if (kind === 'insert') lines[index] = line.slice(0, column) + text + line.slice(column);
        }
        return survives(lines.join('\r\n'));
      },
    );
    expect(() => fc.assert(property, timeBox)).not.toThrow();
  });
});
