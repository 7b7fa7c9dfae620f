import { expect, test } from 'vitest';
import { answerSdp, offerSdp, parseRemote } from './sink-sdp.ts';

const local = { ufrag: 'ufr1', pwd: 'p'.repeat(32), port: 4000, fingerprint: 'AA:BB' };

const answer = [
  'a=ice-ufrag:abcd',
  'a=ice-pwd:0123456789abcdef01234567',
  'a=fingerprint:sha-256 11:22',
  'a=candidate:1 1 udp 2130706431 fd00::2 8641 typ host',
  'a=candidate:2 1 tcp 2130706431 127.0.0.1 8641 typ host tcptype passive',
  'a=candidate:3 1 udp 2130706431 192.0.2.2 8641 typ host',
  'a=candidate:4 1 udp 2130706431 127.0.0.1 8642 typ host',
  'a=rtpmap:124 rtx/90000',
  '',
].join('\r\n');

test('of the candidates, UDP on loopback is taken', () => {
  expect(parseRemote(answer)).toEqual({
    ip: '127.0.0.1',
    port: 8642,
    ufrag: 'abcd',
    pwd: '0123456789abcdef01234567',
    fingerprint: '11:22',
    rtxPayloadType: 124,
    isDtlsClient: false,
  });
  expect(parseRemote(`${answer}a=setup:active\r\n`).isDtlsClient).toBe(true);
});

test('without loopback, IPv4 over UDP is taken', () => {
  expect(parseRemote(answer.replace(/.*127\.0\.0\.1 8642.*\r\n/, '')).ip).toBe('192.0.2.2');
});

test('what is missing is named', () => {
  expect(() => parseRemote(answer.replace('a=ice-pwd', 'a=x'))).toThrow(/ice-pwd/);
  expect(() => parseRemote('')).toThrow(/candidate/);
});

test('an answer takes the offered payload type, format and mid', () => {
  const offer = offerSdp(local).replace('a=mid:0', 'a=mid:v');
  const lines = answerSdp(offer, local).split('\r\n');
  expect(lines).toContain('m=video 9 UDP/TLS/RTP/SAVPF 103');
  expect(lines).toContain('a=mid:v');
  expect(lines).toContain('a=setup:active');
  expect(lines.some((line) => line.startsWith('a=fmtp:103 '))).toBe(true);
  expect(() => answerSdp('v=0\r\n', local)).toThrow(/H\.264/);
});
