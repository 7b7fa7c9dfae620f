import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../media/protocol-error.ts';
import { timeBox } from '../testing/time-box.ts';
import { formatTransport, parseTransport } from './transport.ts';

describe('formatTransport', () => {
  it('asks for one thing at a time', () => {
    expect(formatTransport({ lower: 'tcp', channels: [2, 3] })).toBe('RTP/AVP/TCP;unicast;interleaved=2-3');
    expect(formatTransport({ lower: 'udp', clientPorts: [5000, 5001] })).toBe(
      'RTP/AVP;unicast;client_port=5000-5001',
    );
  });
});

describe('parseTransport', () => {
  it.each<[string, object[]]>([
    [
      'RTP/AVP;unicast;client_port=5000-5001;server_port=6256-6257;ssrc=1D3EA1B4;source=10.0.0.5;mode="play"',
      [
        {
          lower: 'udp',
          clientPorts: [5000, 5001],
          serverPorts: [6256, 6257],
          ssrc: 0x1d3ea1b4,
          source: '10.0.0.5',
        },
      ],
    ],
    ['rtp/avp/tcp;UNICAST;Interleaved=4-5', [{ lower: 'tcp', channels: [4, 5], isMulticast: false }]],
    ['RTP/AVP/TCP; unicast; interleaved = 0', [{ lower: 'tcp', channels: [0, 1] }]],
    ['RTP/AVP/UDP;unicast;client_port="8000-8001"', [{ lower: 'udp', clientPorts: [8000, 8001] }]],
    [
      'RTP/AVP;multicast;destination="a,b;c",RTP/AVP/TCP;interleaved=0-1',
      [{ isMulticast: true }, { lower: 'tcp', channels: [0, 1] }],
    ],
    ['RTP/AVP/TCP;ssrc=not-hex;;', [{ ssrc: undefined, channels: undefined }]],
  ])('reads %s', (value, expected) => {
    expect(parseTransport(value)).toMatchObject(expected);
  });

  it.each([
    '',
    ',',
    'RAW/RAW/UDP',
    'RTP/AVP/TCP;interleaved=0-256',
    'RTP/AVP;server_port=70000',
    'RTP/AVP;server_port=a-b',
  ])('rejects "%s"', (value) => {
    expect(() => parseTransport(value)).toThrow(expect.objectContaining({ code: 'RTSP_BAD_TRANSPORT' }));
  });

  it('turns any text into candidates or a ProtocolError', () => {
    const pieces = fc.constantFrom(
      'RTP/AVP',
      '/TCP',
      ';',
      ',',
      'interleaved=',
      '0-1',
      '"',
      'server_port=',
      '9',
      '-',
      'ssrc=',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(pieces).map((parts) => parts.join('')),
        ),
        (value) => {
          try {
            expect(parseTransport(value).length).toBeGreaterThan(0);
          } catch (error) {
            expect(error).toBeInstanceOf(ProtocolError);
          }
        },
      ),
      timeBox,
    );
  });
});
