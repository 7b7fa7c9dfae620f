import { SocketAddress } from 'node:net';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { timeBox } from '../testing/time-box.ts';
import { bytesToIp, ipToBytes, unmapIpv4 } from './ip.ts';

const hex = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString('hex');

describe('ip', () => {
  test.each([
    ['192.0.2.1', 'c0000201', '192.0.2.1'],
    ['::', '0'.repeat(32), '::'],
    ['::1', `${'0'.repeat(31)}1`, '::1'],
    ['2001:DB8::1', `20010db8${'0'.repeat(23)}1`, '2001:db8::1'],
    ['fe80::', `fe80${'0'.repeat(28)}`, 'fe80::'],
    ['1:0:0:2:0:0:0:3', '00010000000000020000000000000003', '1:0:0:2::3'],
    ['1:2:3:4:5:6:0:8', '00010002000300040005000600000008', '1:2:3:4:5:6:0:8'],
    ['64:ff9b::192.0.2.33', `0064ff9b${'0'.repeat(16)}c0000221`, '64:ff9b::c000:221'],
  ])('%s', (text, bytes, canonical) => {
    expect(hex(ipToBytes(text))).toBe(bytes);
    expect(bytesToIp(Buffer.from(bytes, 'hex'))).toBe(canonical);
  });

  test.each(['', 'example.org', '1.2.3', '1.2.3.256', ':::', 'fe80::1%eth0', '1:2:3:4:5:6:7'])(
    'not %j',
    (text) => {
      expect(ipToBytes(text)).toBeUndefined();
    },
  );

  test('unmaps IPv4', () => {
    expect(hex(unmapIpv4(ipToBytes('::ffff:192.0.2.1') ?? new Uint8Array()))).toBe('c0000201');
    expect(unmapIpv4(ipToBytes('::fffe:192.0.2.1') ?? new Uint8Array())).toHaveLength(16);
  });

  test('any text is an address or is not', () => {
    const text = fc.oneof(fc.string({ maxLength: 45 }), fc.ipV6(), fc.ipV4());
    const property = fc.property(text, (address) => {
      const bytes = ipToBytes(address);
      return bytes === undefined || hex(ipToBytes(bytesToIp(bytes))) === hex(bytes);
    });
    expect(() => fc.assert(property, timeBox)).not.toThrow();
  });

  test('the system reads what we write as the same address', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const address = bytesToIp(bytes);
        expect(hex(ipToBytes(new SocketAddress({ address, family: 'ipv6' }).address))).toBe(hex(bytes));
      }),
      { ...timeBox, numRuns: 2000 },
    );
  });
});
