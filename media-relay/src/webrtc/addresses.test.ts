import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ProtocolError } from '../media/protocol-error.ts';
import { timeBox } from '../testing/time-box.ts';
import {
  candidateLines,
  candidatePriority,
  candidates,
  localAddresses,
  missingAddresses,
  parseAnnounced,
  requireLocal,
  tcpCandidatePriority,
  type NetworkInterfaces,
} from './addresses.ts';

const host: NetworkInterfaces = {
  lo: [{ address: '127.0.0.1' }, { address: '::1', scopeid: 0 }],
  eth1: [{ address: '192.0.2.20' }, { address: '2001:DB8::20', scopeid: 0 }],
  eth0: [{ address: '192.0.2.3' }, { address: 'fe80::1', scopeid: 2 }, { address: '169.254.7.7' }],
  br0: [{ address: '192.0.2.3' }],
  gone: undefined,
};
const addressesOf = (list: readonly { readonly address: string }[]) => list.map(({ address }) => address);

describe('localAddresses', () => {
  test('orders by kind and number, leaves out IPv6 link-local and repetitions', () => {
    const list = localAddresses(host, []);
    expect(addressesOf(list)).toEqual([
      '192.0.2.3',
      '192.0.2.20',
      '2001:db8::20',
      '169.254.7.7',
      '127.0.0.1',
      '::1',
    ]);
    expect(list.map(({ preference }) => preference)).toEqual([65535, 65534, 65533, 65532, 65531, 65530]);
    expect(list.map(({ announce }) => announce)).toEqual([true, true, true, false, true, true]);
    expect(list[2]).toMatchObject({ family: 6, scopeId: undefined });
  });

  test('does not depend on the order of the system', () => {
    const reversed = Object.fromEntries(Object.entries(host).toReversed());
    expect(localAddresses(reversed, [])).toEqual(localAddresses(host, []));
  });

  test('announces link-local IPv4 when there is nothing but loopback besides', () => {
    const lonely = { eth0: [{ address: '169.254.7.7' }], lo: [{ address: '127.0.0.1' }] };
    expect(localAddresses(lonely, []).map(({ announce }) => announce)).toEqual([true, true]);
    expect(localAddresses({ lo: host['lo'] }, []).map(({ announce }) => announce)).toEqual([true, true]);
    expect(localAddresses({}, [])).toEqual([]);
  });

  test('binds what is allowed, however it is written', () => {
    expect(addressesOf(localAddresses(host, ['2001:0db8:0::20', '127.0.0.1']))).toEqual([
      '2001:db8::20',
      '127.0.0.1',
    ]);
    expect(addressesOf(localAddresses(host, ['::']))).toEqual(['2001:db8::20', '::1']);
    expect(addressesOf(localAddresses(host, ['0.0.0.0']))).toHaveLength(4);
  });

  test.each(['192.0.2.99', 'eth0', 'fe80::1', ''])(
    'does without %j, which this host does not have',
    (address) => {
      const allow = ['127.0.0.1', address];
      expect(addressesOf(localAddresses(host, allow))).toEqual(['127.0.0.1']);
      expect(localAddresses(host, [address])).toEqual([]);
      expect(missingAddresses(host, allow)).toEqual([address]);
      const start = () => requireLocal(host, allow);
      expect(start).toThrow(expect.objectContaining({ name: 'ProtocolError', code: 'ADDRESS_NOT_LOCAL' }));
      expect(start).toThrow(`"${address}" is not one of this host: it has 127.0.0.1, ::1, 192.0.2.20`);
    },
  );

  test('misses nothing where each is there, or stands for a family', () => {
    const allow = ['2001:0db8:0::20', '127.0.0.1', '::', '0.0.0.0'];
    expect(missingAddresses(host, allow)).toEqual([]);
    expect(() => requireLocal(host, allow)).not.toThrow();
    expect(missingAddresses({}, ['::'])).toEqual([]);
  });
});

describe('parseAnnounced', () => {
  test.each([
    ['203.0.113.7', { address: '203.0.113.7', family: 4, port: undefined }],
    ['203.0.113.7:8641', { address: '203.0.113.7', family: 4, port: 8641 }],
    ['2001:DB8:0::1', { address: '2001:db8::1', family: 6, port: undefined }],
    ['[2001:db8::1]', { address: '2001:db8::1', family: 6, port: undefined }],
    ['[2001:db8::1]:8641', { address: '2001:db8::1', family: 6, port: 8641 }],
  ])('%s', (text, expected) => {
    expect(parseAnnounced(text)).toEqual(expected);
  });

  test.each([
    ['ANNOUNCED_NOT_AN_ADDRESS', 'relay.example.org', 'write the address that its name resolves to'],
    ['ANNOUNCED_NOT_AN_ADDRESS', 'relay.example.org:8641', 'write the address'],
    ['ANNOUNCED_NOT_AN_ADDRESS', '', '""'],
    ['ANNOUNCED_NOT_AN_ADDRESS', 'fe80::1%eth0', 'is not an IP address'],
    ['ANNOUNCED_NOT_AN_ADDRESS', '[2001:db8::1', 'is not an IP address'],
    ['ANNOUNCED_BAD_PORT', '203.0.113.7:0', '1 to 65535'],
    ['ANNOUNCED_BAD_PORT', '203.0.113.7:', '1 to 65535'],
    ['ANNOUNCED_BAD_PORT', '[2001:db8::1]:70000', '1 to 65535'],
    ['ANNOUNCED_NOT_UNICAST', '0.0.0.0', 'viewers connect to'],
    ['ANNOUNCED_NOT_UNICAST', '239.1.2.3:8641', 'viewers connect to'],
    ['ANNOUNCED_NOT_UNICAST', '[ff02::1]:8641', 'viewers connect to'],
    ['ANNOUNCED_NOT_UNICAST', '::', 'viewers connect to'],
  ])('%s: "%s"', (code, text, shown) => {
    expect(() => parseAnnounced(text)).toThrow(expect.objectContaining({ name: 'ProtocolError', code }));
    expect(() => parseAnnounced(text)).toThrow(shown);
  });

  test('any text is an address or a ProtocolError', () => {
    const text = fc.oneof(
      fc.string({ maxLength: 60 }),
      fc
        .tuple(fc.oneof(fc.ipV4(), fc.ipV6()), fc.string({ maxLength: 8 }))
        .map(([ip, rest]) => `[${ip}]${rest}`),
      fc.tuple(fc.ipV4(), fc.integer()).map(([ip, port]) => `${ip}:${port}`),
    );
    const property = fc.property(text, (one) => {
      try {
        const { address, port } = parseAnnounced(one);
        expect(parseAnnounced(address)).toMatchObject({ address, port: undefined });
        expect(port ?? 1).toBeGreaterThan(0);
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
      }
    });
    fc.assert(property, timeBox);
  });
});

describe('candidates', () => {
  test('announced ones first, then the local ones, each once, with falling priorities', () => {
    const announced = ['203.0.113.7:9000', '192.0.2.3', '[2001:db8::7]:9001'].map(parseAnnounced);
    const list = candidates(localAddresses(host, []), 8641, announced);
    expect(candidateLines(list)).toEqual([
      'a=candidate:1 1 udp 2130706431 203.0.113.7 9000 typ host',
      'a=candidate:2 1 udp 2130706175 192.0.2.3 8641 typ host',
      'a=candidate:3 1 udp 2130705919 2001:db8::7 9001 typ host',
      'a=candidate:4 1 udp 2130705663 192.0.2.20 8641 typ host',
      'a=candidate:5 1 udp 2130705407 2001:db8::20 8641 typ host',
      'a=candidate:6 1 udp 2130705151 127.0.0.1 8641 typ host',
      'a=candidate:7 1 udp 2130704895 ::1 8641 typ host',
    ]);
  });

  test('the same over TCP below all of UDP, where the port listens, loopback only when there is nothing else', () => {
    const announced = [parseAnnounced('203.0.113.7:9000')];
    const local = localAddresses(host, ['192.0.2.3', '192.0.2.20', '127.0.0.1']);
    expect(candidateLines(candidates(local, 8641, announced, ['127.0.0.1', '192.0.2.20']))).toEqual([
      'a=candidate:1 1 udp 2130706431 203.0.113.7 9000 typ host',
      'a=candidate:2 1 udp 2130706175 192.0.2.3 8641 typ host',
      'a=candidate:3 1 udp 2130705919 192.0.2.20 8641 typ host',
      'a=candidate:4 1 udp 2130705663 127.0.0.1 8641 typ host',
      'a=candidate:5 1 tcp 1520435199 203.0.113.7 9000 typ host tcptype passive',
      'a=candidate:6 1 tcp 1520434943 192.0.2.20 8641 typ host tcptype passive',
    ]);
    const loopback = localAddresses(host, ['127.0.0.1']);
    expect(candidateLines(candidates(loopback, 8641, [], ['127.0.0.1']))).toEqual([
      'a=candidate:1 1 udp 2130706431 127.0.0.1 8641 typ host',
      'a=candidate:2 1 tcp 1520435199 127.0.0.1 8641 typ host tcptype passive',
    ]);
    expect(candidates(loopback, 8641, announced, []).map(({ transport }) => transport)).toEqual([
      'udp',
      'udp',
    ]);
  });

  test('priority by RFC 8445 5.1.2.1', () => {
    // 126 << 24 | 65535 << 8 | 255, the value that single-homed hosts have in every trace.
    expect(candidatePriority(65535)).toBe(2130706431);
    expect(candidatePriority(0)).toBe(2113929471);
  });

  test('priority over TCP by RFC 6544 4.2: type, direction, then the order', () => {
    // 90 << 24 | (4 << 13 | 8191) << 8 | 255
    expect(tcpCandidatePriority(8191)).toBe(1520435199);
    expect(tcpCandidatePriority(8191)).toBeLessThan(candidatePriority(0));
  });
});
