import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../media/protocol-error.ts';
import { timeBox } from '../testing/time-box.ts';
import { parseSdp } from './sdp.ts';
import { chooseTracks } from './tracks.ts';

const camera = [
  'v=0',
  'o=- 1 1 IN IP4 10.0.0.5',
  's=Media Presentation',
  't=0 0',
  'a=control:*',
  'a=range:npt=now-',
  'm=video 0 RTP/AVP 96',
  'a=control:trackID=1',
  'a=rtpmap:96 H264/90000',
  'a=fmtp:96 Packetization-Mode=1; profile-level-id=420029; SPROP-PARAMETER-SETS=Z0I=,aM4=;',
  'm=audio 0 RTP/AVP 0',
  'a=control:trackID=2',
].join('\r\n');

describe('parseSdp', () => {
  it('reads sections, formats and parameters', () => {
    const { control, range, media } = parseSdp(camera);
    expect({ control, range }).toEqual({ control: '*', range: 'npt=now-' });
    expect(media.map((section) => [section.kind, section.control])).toEqual([
      ['video', 'trackID=1'],
      ['audio', 'trackID=2'],
    ]);
    const format = media[0]?.formats[0];
    expect(format).toMatchObject({ payloadType: 96, encodingName: 'H264', clockRate: 90_000 });
    expect([...(format?.parameters ?? [])]).toEqual([
      ['packetization-mode', '1'],
      ['profile-level-id', '420029'],
      ['sprop-parameter-sets', 'Z0I=,aM4='],
    ]);
  });

  it('knows the static payload types and lets rtpmap override them', () => {
    const { media } = parseSdp(
      'm=audio 0 RTP/AVP 0 8 97\na=rtpmap:97 opus/48000/2\nm=audio 0 RTP/AVP 0\na=rtpmap:0 L16/44100/2',
    );
    expect(
      media.map((section) => section.formats.map((f) => [f.encodingName, f.clockRate, f.channels])),
    ).toEqual([
      [
        ['PCMU', 8000, 1],
        ['PCMA', 8000, 1],
        ['opus', 48_000, 2],
      ],
      [['L16', 44_100, 2]],
    ]);
  });

  it('skips lines that it does not know, and sections of other profiles', () => {
    const { media } = parseSdp('junk\n\nx=y\na=tool:x\nm=application 0 TCP/TLS webrtc\na=sendrecv\n');
    expect(media).toEqual([{ kind: 'application', formats: [], control: undefined, direction: 'sendrecv' }]);
  });

  it.each([
    ['m=video', 'SDP_BAD_MEDIA'],
    ['m=video x RTP/AVP 96', 'SDP_BAD_MEDIA'],
    ['m=video 0 RTP/AVP 96\na=rtpmap:96', 'SDP_BAD_FORMAT'],
    ['m=video 0 RTP/AVP 96\na=rtpmap:96 H264/fast', 'SDP_BAD_FORMAT'],
    ['m=video 0 RTP/AVP 96\na=fmtp:nonsense', 'SDP_BAD_FORMAT'],
    ['m=video 0 RTP/AVP 96\n'.repeat(65), 'SDP_TOO_MANY_MEDIA'],
    [`m=video 0 RTP/AVP${' 96'.repeat(65)}`, 'SDP_TOO_MANY_FORMATS'],
  ])('rejects %s', (text, code) => {
    expect(() => parseSdp(text)).toThrow(expect.objectContaining({ code }));
  });

  it('reads an fmtp line without parameters', () => {
    const { media } = parseSdp('m=audio 0 RTP/AVP 97\na=rtpmap:97 opus/48000/2\na=fmtp:97 ');
    expect(media[0]?.formats).toMatchObject([{ encodingName: 'opus', parameters: new Map() }]);
  });

  it('rejects a text of more than 64 kB', () => {
    expect(() => parseSdp('a'.repeat(65_537))).toThrow(expect.objectContaining({ code: 'SDP_TOO_LONG' }));
    expect(parseSdp('a'.repeat(65_536)).media).toEqual([]);
  });

  // A regular expression that tries every way to split them takes more than 4 s for each.
  it.each([
    ['a name and spaces', (long: string) => `m=video 0 RTP/AVP 96\na=rtpmap:96 H264${long}x`],
    ['spaces and no end of line', (long: string) => `m=video 0 RTP/AVP 96\na=fmtp:96${long}x\u2028x`],
    ['a word and no end of line', (long: string) => `m=video 0 ${long.replaceAll(' ', 'x')} 96\u2028`],
  ])(
    'looks once at a line that is very long: %s',
    (_, text) => {
      try {
        parseSdp(text(' '.repeat(64_000)));
      } catch (error) {
        expect(error).toMatchObject({ code: 'SDP_BAD_FORMAT' });
      }
    },
    1000,
  );

  it('turns any text into a description or a ProtocolError', () => {
    const pieces = fc.constantFrom(
      'm=video 0 RTP/AVP 96',
      '\r\n',
      'a=rtpmap:',
      '96 ',
      'H264/90000',
      'a=fmtp:',
      'a=',
      'm=',
      ';',
      '=',
      '/',
      '999',
      'a=control:',
      '*',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(pieces).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (sdp) => {
        try {
          expect(parseSdp(sdp).media.length).toBeLessThanOrEqual(64);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
      timeBox,
    );
  });
});

describe('chooseTracks', () => {
  const choose = (sdp: string): string[] =>
    chooseTracks(parseSdp(sdp), 'rtsp://c/live').map(
      ({ track, controlUrl, payloadType }) => `${track.codec} ${payloadType} ${controlUrl}`,
    );

  it('takes the first H.264 video and the first audio a browser can play', () => {
    expect(choose(camera)).toEqual(['h264 96 rtsp://c/live/trackID=1', 'pcmu 0 rtsp://c/live/trackID=2']);
    const many = [
      'm=video 0 RTP/AVP 26\na=control:0',
      'm=video 0 RTP/AVP 98 97\na=rtpmap:98 H265/90000\na=rtpmap:97 h264/90000\na=control:1',
      'm=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=control:2',
      'm=audio 0 RTP/AVP 99\na=rtpmap:99 MPEG4-GENERIC/16000/1\na=control:3',
      'm=audio 0 RTP/AVP 100\na=rtpmap:100 PCMA/16000\na=control:4',
      'm=audio 0 RTP/AVP 101\na=rtpmap:101 OPUS/48000/2\na=control:5',
    ].join('\n');
    expect(choose(many)).toEqual(['h264 97 rtsp://c/live/1', 'opus 101 rtsp://c/live/5']);
  });

  it('skips the ONVIF back channel, but not video that the camera calls sendonly', () => {
    const sdp = [
      'm=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=sendonly\na=control:v',
      'm=audio 0 RTP/AVP 0\na=control:back\na=sendonly',
      'm=audio 0 RTP/AVP 8\na=control:a\na=recvonly',
    ].join('\n');
    expect(choose(sdp)).toEqual(['h264 96 rtsp://c/live/v', 'pcma 8 rtsp://c/live/a']);
  });

  it('names what the camera offers instead, and the remedy', () => {
    const sdp = 'm=video 0 RTP/AVP 96\na=rtpmap:96 H265/90000\nm=video 0 RTP/AVP 26\nm=audio 0 RTP/AVP 0';
    expect(() => choose(sdp)).toThrow(
      'The camera sends H265, payload type 26, and only H.264 can be shown. Set its video encoding to H.264',
    );
    expect(() => choose('m=audio 0 RTP/AVP 0')).toThrow('offers no video');
  });
});
