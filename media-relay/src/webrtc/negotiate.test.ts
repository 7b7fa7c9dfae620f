import { describe, expect, test } from 'vitest';
import { offerText } from './fixtures/offers.ts';
import { isRefusal, negotiate } from './negotiate.ts';
import type { Negotiation, Refusal, StreamMedia } from './negotiation.ts';
import { parseOffer } from './offer.ts';

const baseline: StreamMedia = { video: { profileLevelId: '42c01e' } };
const withPcmu: StreamMedia = { ...baseline, audio: { codec: 'pcmu', channels: 1 } };

function accepted(text: string, stream: StreamMedia): Negotiation {
  const result = negotiate(parseOffer(text), stream, true);
  if (isRefusal(result)) throw new Error(result.message);
  return result;
}

function refused(text: string, stream: StreamMedia = baseline): Refusal {
  const result = negotiate(parseOffer(text), stream, true);
  if (!isRefusal(result)) throw new Error('expected a refusal');
  return result;
}

describe('video', () => {
  test.each([
    ['42c01e', 'chromium', 108, 109],
    ['420029', 'chromium', 102, 103],
    ['4d4028', 'chromium', 116, 117],
    ['640033', 'chromium', 41, 42],
    ['640028', 'safari', 96, 97],
    ['4d0028', 'safari', 96, 97],
    ['42e01f', 'safari', 98, 99],
    ['42001f', 'firefox', 105, 106],
    // Nothing offered contains High: the first with packetization-mode 1.
    ['640028', 'firefox', 126, 127],
    ['42e01f', 'werift', 97, undefined],
    ['640028', 'node-datachannel', 102, 103],
    // A profile that nobody knows.
    ['ff0000', 'firefox', 126, 127],
  ] as const)(
    'a stream of %s takes from %s payload type %d',
    (profileLevelId, name, payloadType, rtxPayloadType) => {
      const { video } = accepted(offerText(name), { video: { profileLevelId } });
      expect(video).toMatchObject({ payloadType, rtxPayloadType });
    },
  );

  test('answers every packetization-mode=1 payload type, the chosen one first, the others as offered', () => {
    const [section] = accepted(offerText('chromium'), baseline).sections;
    if (!section?.accepted) throw new Error('rejected');
    expect(section.payloads.map((one) => [one.payloadType, one.rtxPayloadType])).toEqual([
      [108, 109],
      [102, 103],
      [116, 117],
      [41, 42],
    ]);
    expect(section.payloads[1]?.formatParameters).toBe(
      'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f',
    );
  });

  test('answers the feedback that it honours, and nothing that was not offered', () => {
    expect(accepted(offerText('chromium'), baseline).video.feedback).toEqual({
      nack: true,
      nackPli: true,
      ccmFir: true,
      googRemb: true,
      transportCc: true,
    });
    expect(accepted(offerText('werift'), baseline).video.feedback).toMatchObject({
      nack: true,
      ccmFir: false,
    });
  });

  test('takes playout-delay under the offered id, one-byte headers only', () => {
    expect(accepted(offerText('chromium'), baseline).video.playoutDelayId).toBe(5);
    expect(accepted(offerText('firefox'), baseline).video.playoutDelayId).toBe(6);
    expect(accepted(offerText('werift'), baseline).video.playoutDelayId).toBeUndefined();
    const high = offerText('chromium').replace('extmap:5 ', 'extmap:15 ');
    expect(accepted(high, baseline).video.playoutDelayId).toBeUndefined();
    const sending = offerText('firefox').replace('extmap:6/recvonly', 'extmap:6/sendonly');
    expect(accepted(sending, baseline).video.playoutDelayId).toBeUndefined();
  });

  test('takes the transport-wide sequence number where its feedback is offered too', () => {
    expect(accepted(offerText('chromium'), baseline).video.transportCcId).toBe(4);
    expect(accepted(offerText('safari'), baseline).video.transportCcId).toBe(4);
    const neither = { transportCcId: undefined, feedback: { transportCc: false } };
    expect(accepted(offerText('werift'), baseline).video).toMatchObject(neither);
    const reportless = offerText('chromium').replaceAll(/a=rtcp-fb:\d+ transport-cc\r\n/g, '');
    expect(accepted(reportless, baseline).video).toMatchObject(neither);
    const high = offerText('chromium').replaceAll('extmap:4 ', 'extmap:15 ');
    const result = accepted(high, baseline);
    expect(result.video).toMatchObject(neither);
    const [section] = result.sections;
    expect(section?.accepted && section.payloads.flatMap(({ feedback }) => feedback)).not.toContain(
      'transport-cc',
    );
  });

  test('never takes a payload type that looks like RTCP', () => {
    const text = offerText('node-datachannel').replaceAll(/\b103\b/g, '72');
    expect(accepted(text, baseline).video).toMatchObject({ payloadType: 102, rtxPayloadType: undefined });
    expect(refused(offerText('werift').replaceAll(/\b97\b/g, '72')).code).toBe('no-common-codec');
  });

  test('infers Baseline where the offer names no profile', () => {
    const text = offerText('werift').replace(';profile-level-id=42e01f', '');
    const [section] = accepted(text, baseline).sections;
    expect(section).toMatchObject({
      payloads: [{ formatParameters: 'level-asymmetry-allowed=1;packetization-mode=1' }],
    });
  });

  test('takes the second video section when the first cannot play it', () => {
    const [head = '', video = '', audio = ''] = offerText('werift').split(/(?=m=)/);
    const vp8 = video.replace('H264', 'VP8').replace('a=mid:0', 'a=mid:9');
    const text = head.replace('BUNDLE 0 1', 'BUNDLE 9 0 1') + vp8 + video + audio;
    const result = accepted(text, baseline);
    expect(result.sections.map((section) => section.accepted)).toEqual([false, true, false]);
    expect(result.bundle).toEqual(['0']);
    expect(result.video.mid).toBe('0');
  });
});

describe('audio', () => {
  test.each([
    ['pcmu', 1, 0, 8000],
    ['pcma', 1, 8, 8000],
    ['opus', 1, 111, 48000],
    ['opus', 2, 111, 48000],
  ] as const)('%s with %d channels', (codec, channels, payloadType, clockRate) => {
    const result = accepted(offerText('chromium'), { ...baseline, audio: { codec, channels } });
    expect(result.audio).toEqual({ mid: '1', payloadType, codec, clockRate });
    expect(result.bundle).toEqual(['0', '1']);
  });

  test.each([
    ['the stream has none', baseline, (text: string) => text],
    [
      'it is not offered',
      { ...baseline, audio: { codec: 'opus', channels: 1 } } as const,
      (text: string) => text,
    ],
    [
      'it is G.711 in stereo',
      { ...baseline, audio: { codec: 'pcmu', channels: 2 } } as const,
      (text: string) => text,
    ],
    ['it is outside of the bundle', withPcmu, (text: string) => text.replace('BUNDLE 0 1', 'BUNDLE 0')],
    [
      'it is only offered to us',
      withPcmu,
      (text: string) => text.replace(/(m=audio[^]*)a=recvonly/, '$1a=sendonly'),
    ],
    ['its port is zero', withPcmu, (text: string) => text.replace('m=audio 9', 'm=audio 0')],
  ])('is rejected when %s', (_, stream, change) => {
    const result = accepted(change(offerText('werift')), stream);
    expect(result.audio).toBeUndefined();
    expect(result.bundle).toEqual(['0']);
    expect(result.sections[1]).toEqual({
      accepted: false,
      kind: 'audio',
      protocol: 'UDP/TLS/RTP/SAVPF',
      mid: '1',
      format: '96',
    });
  });

  test('bundle-only sections count, and the transport is the one of the first section of the group', () => {
    const text = offerText('chromium')
      .replace('m=audio 9', 'm=audio 0')
      .replace(/(m=audio[^]*a=mid:1)/, '$1\r\na=bundle-only')
      .replace('BUNDLE 0 1', 'BUNDLE 1 0')
      .replace(/(m=audio[^]*a=ice-ufrag:)qMRQ/, '$1tagged');
    const result = accepted(text, withPcmu);
    expect(result.audio?.payloadType).toBe(0);
    expect(result.remote.iceUfrag).toBe('tagged');
    expect(result.sections.map((section) => section.accepted && section.isTagged)).toEqual([false, true]);
  });
});

describe('refusals', () => {
  test.each([
    [
      'no video section',
      offerText('werift')
        .replace(/m=video[^]*(?=m=audio)/, '')
        .replace('BUNDLE 0 1', 'BUNDLE 1'),
    ],
    ['video only to us', offerText('werift').replace('a=recvonly', 'a=sendonly')],
    ['inactive video', offerText('werift').replace('a=recvonly', 'a=inactive')],
    [
      'a data channel alone',
      offerText('werift').replace('m=video 9 UDP/TLS/RTP/SAVPF 97', 'm=application 9 UDP/DTLS/SCTP 97'),
    ],
  ])('offer-without-video: %s', (_, text) => {
    const refusal = refused(text);
    expect(refusal.code).toBe('offer-without-video');
    expect(refusal.message).toContain('m=video');
  });

  test('no-common-codec says what was offered, what the stream is and what to do', () => {
    expect(refused(offerText('firefox-without-h264'), { video: { profileLevelId: '640028' } })).toEqual({
      code: 'no-common-codec',
      message:
        'The stream is H.264 (profile high, 640028), but the browser offers only VP8, VP9, AV1. ' +
        'Use a browser that plays H.264 over WebRTC; Firefox needs its OpenH264 plugin for that (Add-ons, Plugins).',
    });
    const mode0 = offerText('werift').replace('packetization-mode=1', 'packetization-mode=0');
    expect(refused(mode0)).toMatchObject({
      code: 'no-common-codec',
      message: expect.stringContaining('packetization-mode 0'),
    });
  });

  test.each([
    ['a=setup:holdconn', (text: string) => text.replaceAll('a=setup:actpass', 'a=setup:holdconn')],
    ['a=setup:passive', (text: string) => text.replaceAll('a=setup:actpass', 'a=setup:passive')],
    ['a=rtcp-mux', (text: string) => text.replaceAll('a=rtcp-mux\r\n', '')],
    ['a=ice-lite', (text: string) => text.replace('t=0 0', 't=0 0\r\na=ice-lite')],
    ['a=ice-ufrag', (text: string) => text.replaceAll(/a=ice-ufrag:.*\r\n/g, '')],
    ['a=ice-pwd', (text: string) => text.replaceAll(/a=ice-pwd:.*\r\n/g, '')],
    ['a=fingerprint', (text: string) => text.replaceAll(/a=fingerprint:.*\r\n/g, '')],
  ])('offer-malformed names %s', (what, change) => {
    const refusal = refused(change(offerText('chromium')));
    expect(refusal.code).toBe('offer-malformed');
    expect(refusal.message).toContain(what);
  });

  test('a stream without video is refused for what it is', () => {
    expect(refused(offerText('chromium'), { audio: { codec: 'pcmu', channels: 1 } }).code).toBe(
      'stream-refused',
    );
  });
});

describe('the DTLS role', () => {
  const aesGcm = 'a=x-srtp:AEAD_AES_128_GCM\r\n';
  const offer = (setup: string, line = aesGcm): string =>
    offerText('chromium').replaceAll('a=setup:actpass', `a=setup:${setup}`).replace('m=', `${line}m=`);

  test.each([
    ['the player takes AES-GCM', offer('actpass'), true, 'client'],
    ['nobody knows that', offer('actpass', ''), true, 'server'],
    ['it takes another profile', offer('actpass', aesGcm.replace('128', '256')), true, 'server'],
    ['we cannot', offer('actpass'), false, 'server'],
    ['the player begins', offer('active'), true, 'server'],
  ] as const)('where %s', (_why, text, canBeDtlsClient, role) => {
    const result = negotiate(parseOffer(text), baseline, canBeDtlsClient);
    if (isRefusal(result)) throw new Error(result.message);
    expect(result.dtlsRole).toBe(role);
  });
});
