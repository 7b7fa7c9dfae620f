import { parse } from 'sdp-transform';
import { describe, expect, test } from 'vitest';
import { candidates, localAddresses, parseAnnounced } from './addresses.ts';
import { writeAnswer, type AnswerFacts } from './answer.ts';
import { offerNames, offerText } from './fixtures/offers.ts';
import { isRefusal, negotiate } from './negotiate.ts';
import type { Negotiation, StreamMedia } from './negotiation.ts';
import { parseOffer } from './offer.ts';

const stream: StreamMedia = { video: { profileLevelId: '42e01f' }, audio: { codec: 'pcmu', channels: 1 } };
const interfaces = {
  eth0: [{ address: '192.0.2.3' }, { address: '2001:db8::3' }],
  lo: [{ address: '127.0.0.1' }],
};
const fingerprint = Array.from({ length: 32 }, () => 'AB').join(':');
const facts: AnswerFacts = {
  sessionId: '4611686018427387904',
  ice: { ufrag: 'ourUfrag', pwd: 'ourPassword/with+24chars' },
  fingerprint,
  cname: 'sightline',
  videoSsrc: 1001,
  videoRtxSsrc: 1002,
  audioSsrc: 1003,
  candidates: candidates(localAddresses(interfaces, []), 8641, []),
};

const aesGcm = 'a=x-srtp:AEAD_AES_128_GCM';

function negotiation(text: string, media = stream): Negotiation {
  const result = negotiate(parseOffer(text), media, true);
  if (isRefusal(result)) throw new Error(result.message);
  return result;
}

function opusAnswer(channels: number): string {
  const media: StreamMedia = { ...stream, audio: { codec: 'opus', channels } };
  return writeAnswer(negotiation(offerText('safari'), media), facts);
}

describe('writeAnswer', () => {
  test('word for word, for libdatachannel with audio and an announced address', () => {
    const announced = [parseAnnounced('203.0.113.7:9000')];
    const own = { ...facts, candidates: candidates(localAddresses(interfaces, []), 8641, announced) };
    expect(writeAnswer(negotiation(offerText('node-datachannel')), own).split('\r\n')).toEqual([
      'v=0',
      'o=- 4611686018427387904 1 IN IP4 127.0.0.1',
      's=-',
      't=0 0',
      'a=ice-lite',
      'a=ice-options:ice2 trickle',
      'a=group:BUNDLE video audio',
      'a=msid-semantic:WMS sightline',
      'm=video 9000 UDP/TLS/RTP/SAVPF 102 103',
      'c=IN IP4 203.0.113.7',
      'a=mid:video',
      'a=sendonly',
      'a=rtcp-mux',
      'a=ice-ufrag:ourUfrag',
      'a=ice-pwd:ourPassword/with+24chars',
      `a=fingerprint:sha-256 ${fingerprint}`,
      'a=setup:passive',
      'a=rtpmap:102 H264/90000',
      'a=rtcp-fb:102 goog-remb',
      'a=rtcp-fb:102 nack',
      'a=rtcp-fb:102 nack pli',
      'a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f',
      'a=rtpmap:103 rtx/90000',
      'a=fmtp:103 apt=102',
      'a=msid:sightline video',
      'a=ssrc-group:FID 1001 1002',
      'a=ssrc:1001 cname:sightline',
      'a=ssrc:1002 cname:sightline',
      'a=candidate:1 1 udp 2130706431 203.0.113.7 9000 typ host',
      'a=candidate:2 1 udp 2130706175 192.0.2.3 8641 typ host',
      'a=candidate:3 1 udp 2130705919 2001:db8::3 8641 typ host',
      'a=candidate:4 1 udp 2130705663 127.0.0.1 8641 typ host',
      'a=end-of-candidates',
      'm=audio 9000 UDP/TLS/RTP/SAVPF 0',
      'c=IN IP4 203.0.113.7',
      'a=mid:audio',
      'a=sendonly',
      'a=rtcp-mux',
      'a=ice-ufrag:ourUfrag',
      'a=ice-pwd:ourPassword/with+24chars',
      `a=fingerprint:sha-256 ${fingerprint}`,
      'a=setup:passive',
      'a=rtpmap:0 PCMU/8000',
      'a=msid:sightline audio',
      'a=ssrc:1003 cname:sightline',
      '',
    ]);
  });

  test('word for word, for werift without RTX, audio rejected, no address known', () => {
    const text = writeAnswer(negotiation(offerText('werift'), { video: { profileLevelId: '42e01f' } }), {
      ...facts,
      candidates: [],
    });
    expect(text.split('\r\n').slice(6)).toEqual([
      'a=group:BUNDLE 0',
      'a=msid-semantic:WMS sightline',
      'm=video 9 UDP/TLS/RTP/SAVPF 97',
      'c=IN IP4 0.0.0.0',
      'a=mid:0',
      'a=sendonly',
      'a=rtcp-mux',
      'a=ice-ufrag:ourUfrag',
      'a=ice-pwd:ourPassword/with+24chars',
      `a=fingerprint:sha-256 ${fingerprint}`,
      'a=setup:passive',
      'a=rtpmap:97 H264/90000',
      'a=rtcp-fb:97 goog-remb',
      'a=rtcp-fb:97 nack',
      'a=rtcp-fb:97 nack pli',
      'a=fmtp:97 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f',
      'a=msid:sightline video',
      'a=ssrc:1001 cname:sightline',
      'a=end-of-candidates',
      'm=audio 0 UDP/TLS/RTP/SAVPF 96',
      'c=IN IP4 0.0.0.0',
      'a=mid:1',
      'a=inactive',
      '',
    ]);
  });

  test.each(offerNames.filter((name) => name !== 'firefox-without-h264'))(
    'another parser reads the answer to %s as it is meant',
    (name) => {
      const offer = parseOffer(offerText(name));
      const text = writeAnswer(negotiation(offerText(name)), facts);
      const sdp = parse(text);
      expect(sdp.icelite).toBe('ice-lite');
      expect(sdp.groups).toEqual([{ type: 'BUNDLE', mids: offer.bundle.join(' ') }]);
      expect(sdp.media).toHaveLength(offer.media.length);
      const [video] = sdp.media;
      expect(video).toMatchObject({
        type: 'video',
        direction: 'sendonly',
        setup: 'passive',
        rtcpMux: 'rtcp-mux',
      });
      expect(video?.candidates?.map(({ ip }) => ip)).toEqual(['192.0.2.3', '2001:db8::3', '127.0.0.1']);
      // Every payload type listed is described, and was offered.
      const listed = String(video?.payloads).split(' ').map(Number);
      expect(video?.rtp.map(({ payload }) => payload)).toEqual(listed);
      expect(offer.media[0]?.formats).toEqual(expect.arrayContaining(listed.map(String)));
      expect(text).not.toContain('undefined');
      // Both or neither: the number in each packet and the feedback about it.
      const isCounted = text.includes('draft-holmer-rmcat-transport-wide-cc-extensions-01');
      expect(isCounted).toBe(['chromium', 'firefox', 'safari'].includes(name));
      expect(text.includes(' transport-cc\r\n')).toBe(isCounted);
    },
  );

  test('where the player is known to take AES-GCM, the relay begins', () => {
    const text = writeAnswer(negotiation(offerText('safari').replace('t=0 0', `t=0 0\r\n${aesGcm}`)), facts);
    expect(text).toContain('a=setup:active\r\n');
    expect(text).not.toContain('a=setup:passive');
  });

  test('header extensions turn their direction around', () => {
    expect(writeAnswer(negotiation(offerText('firefox')), facts)).toContain(
      'a=extmap:6/sendonly http://www.webrtc.org/experiments/rtp-hdrext/playout-delay\r\n',
    );
    expect(writeAnswer(negotiation(offerText('firefox')), facts)).toContain(
      'a=extmap:7 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n',
    );
    expect(writeAnswer(negotiation(offerText('chromium')), facts)).toMatch(
      /a=extmap:4 http:.*transport-wide.*\r\na=extmap:5 http:.*playout-delay/,
    );
  });

  test('Opus keeps its two channels, and says when they differ', () => {
    expect(opusAnswer(1)).toContain('a=rtpmap:111 opus/48000/2\r\na=msid:sightline audio\r\n');
    expect(opusAnswer(2)).toContain('a=rtpmap:111 opus/48000/2\r\na=fmtp:111 sprop-stereo=1\r\n');
  });

  test('data channels and further sections are rejected in their place', () => {
    const text = `${offerText('werift')}m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:2\r\n`;
    const answer = writeAnswer(negotiation(text.replace('BUNDLE 0 1', 'BUNDLE 0 1 2')), facts);
    expect(answer).toContain('a=group:BUNDLE 0 1\r\n');
    expect(answer).toMatch(
      /m=application 0 UDP\/DTLS\/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:2\r\na=inactive\r\n$/,
    );
  });
});
