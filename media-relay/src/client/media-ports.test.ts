import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { timeBox } from '../testing/time-box.ts';
import { mediaAddressesOf, mediaPortsOf } from './media-ports.ts';

const udp = 'a=candidate:1 1 udp 2130706431 192.0.2.7 8641 typ host';
const tcp = 'a=candidate:2 1 tcp 1520435199 192.0.2.7 8641 typ host tcptype passive';

test('names transports and ports, each once', () => {
  expect(mediaPortsOf(['v=0', udp, tcp, ''].join('\r\n'))).toBe('UDP or TCP port 8641');
  expect(mediaPortsOf(`${udp}\r\n${udp.replace('8641', '9000')}\r\n`)).toBe('UDP port 8641 or 9000');
  expect(mediaPortsOf('v=0\r\n')).toBe('its media port');
});

test('the same addresses are the same text, and others another', () => {
  const addresses = mediaAddressesOf(`v=0\r\n${udp}\r\n${tcp}\r\n`);
  expect(addresses).toBe('tcp 192.0.2.7 8641,udp 192.0.2.7 8641');
  expect(mediaAddressesOf(`${tcp}\r\n${udp.replace('2130706431', '7')}\r\n${udp}\r\n`)).toBe(addresses);
  expect(mediaAddressesOf(`${udp}\r\n${tcp.replace('8641', '8642')}\r\n`)).not.toBe(addresses);
  expect(mediaAddressesOf('v=0\r\n')).toBe('');
});

test('any text gives a short phrase', () => {
  const property = fc.property(fc.array(fc.oneof(fc.string(), fc.constantFrom(udp, tcp))), (lines) => {
    expect(mediaPortsOf(lines.join('\r\n')).length).toBeLessThan(200);
  });
  fc.assert(property, timeBox);
});
