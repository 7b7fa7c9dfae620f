import { expect, test } from 'vitest';

import { networkSpeedBps } from './host.ts';

const route = 'Iface\tDestination\tGateway\ndocker0\t000011AC\t00000000\neth0\t00000000\t010011AC\n';
const read = (files: Readonly<Record<string, string>>) => (path: string) => files[path];

test('the speed is that of the interface with the default route', () => {
  const files = {
    '/proc/net/route': route,
    '/sys/class/net/eth0/speed': '1000\n',
    '/sys/class/net/docker0/speed': '10000\n',
  };
  expect(networkSpeedBps(read(files))).toBe(1e9);
});

test.each([
  ['virtual', { '/proc/net/route': route, '/sys/class/net/eth0/speed': '-1\n' }],
  ['silent', { '/proc/net/route': route }],
  ['without a route', { '/proc/net/route': 'Iface\tDestination\n' }],
  ['elsewhere', {}],
])('a %s interface has no known speed', (_, files) => {
  expect(networkSpeedBps(read(files))).toBeUndefined();
});
