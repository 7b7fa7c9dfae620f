import { expect, test } from 'vitest';
import { MediaPaths } from './media-paths.ts';

const relay = 'https://cameras.example/api/v1/whep/';
const first = { relay, addresses: 'udp 192.0.2.7 8641' };
const second = { relay, addresses: 'udp 192.0.2.7 8642' };
const unasked = { relay, addresses: undefined };
const ports = 'UDP port 8641';

function watched(): { readonly paths: MediaPaths; readonly told: () => number } {
  const paths = new MediaPaths(() => 1);
  let told = 0;
  paths.subscribe(() => void told++);
  return { paths, told: () => told };
}

test('one vain join speaks for its addresses and for those who were never answered, until one gets through', () => {
  const { paths, told } = watched();
  expect(paths.blockedPorts(unasked, 0)).toBeUndefined();
  paths.failed(first, ports, 8000, 8000);
  expect(paths.blockedPorts(first, 8000)).toBe(ports);
  expect(paths.blockedPorts(unasked, 8000)).toBe(ports);
  paths.failed(first, ports, 8000, 9000);
  expect(told()).toBe(1);
  const ended = paths.opened(first);
  expect(told()).toBe(2);
  expect(paths.blockedPorts(first, 9000)).toBeUndefined();
  expect(paths.blockedPorts(unasked, 9000)).toBeUndefined();
  // While one stands, a join that fails beside it is its own trouble.
  paths.failed(first, ports, 8000, 10_000);
  expect(paths.blockedPorts(unasked, 10_000)).toBeUndefined();
  ended();
  paths.failed(first, ports, 8000, 11_000);
  expect(paths.blockedPorts(first, 11_000)).toBe(ports);
});

test('nobody is judged by another relay, by another media port of the same one, or by a session that failed quickly', () => {
  const { paths } = watched();
  paths.failed(first, ports, 1999, 2000);
  expect(paths.blockedPorts(first, 2000)).toBeUndefined();
  paths.failed(first, ports, 8000, 8000);
  const other = 'https://other.example/api/v1/whep/';
  expect(paths.blockedPorts({ relay: other, addresses: first.addresses }, 8000)).toBeUndefined();
  expect(paths.blockedPorts({ relay: other, addresses: undefined }, 8000)).toBeUndefined();
  paths.opened(second);
  expect(paths.blockedPorts(second, 8000)).toBeUndefined();
  expect(paths.blockedPorts(unasked, 8000)).toBeUndefined();
  expect(paths.blockedPorts(first, 8000)).toBe(ports);
});

test('who was answered is not judged by another port, even before anybody joined by its own', () => {
  const { paths } = watched();
  paths.failed(first, ports, 8000, 8000);
  expect(paths.blockedPorts(second, 8000)).toBeUndefined();
});

test('whose way is blocked takes turns of two seconds; the others, and those who were never answered, do not wait for them', () => {
  const { paths } = watched();
  expect([paths.mayTry(first, 0), paths.mayTry(first, 0)]).toEqual([true, true]);
  paths.failed(first, ports, 8000, 8000);
  expect(paths.mayTry(first, 9999)).toBe(false);
  expect([paths.mayTry(first, 10_000), paths.mayTry(first, 10_000)]).toEqual([true, false]);
  // The way of one of those may be open.
  expect(paths.mayTry(unasked, 8499)).toBe(false);
  for (const nowMs of [8500, 9000]) {
    expect([paths.mayTry(unasked, nowMs), paths.mayTry(unasked, nowMs)]).toEqual([true, false]);
  }
  expect(paths.mayTry(first, 12_000)).toBe(true);
  paths.opened(first);
  expect([paths.mayTry(first, 12_000), paths.mayTry(unasked, 12_000)]).toEqual([true, true]);
});

test('what was known lapses when nobody tries, and is forgotten with the network', () => {
  const { paths, told } = watched();
  paths.failed(first, ports, 8000, 8000);
  expect(paths.blockedPorts(first, 37_999)).toBe(ports);
  expect(paths.blockedPorts(first, 38_000)).toBeUndefined();
  paths.failed(first, ports, 8000, 40_000);
  expect(told()).toBe(2);
  paths.forget();
  expect(told()).toBe(3);
  expect(paths.blockedPorts(first, 40_000)).toBeUndefined();
  expect(paths.mayTry(first, 40_000)).toBe(true);
});

test('addresses that the relay no longer names are no reason any more', () => {
  const { paths, told } = watched();
  paths.failed(first, ports, 8000, 8000);
  paths.outdated(second, 8000);
  expect(told()).toBe(1);
  paths.outdated(first, 8000);
  paths.outdated(first, 8000);
  // Was on its way already.
  paths.failed(first, ports, 8000, 15_000);
  expect(told()).toBe(2);
  expect(paths.blockedPorts(first, 8000)).toBeUndefined();
  expect(paths.blockedPorts(unasked, 8000)).toBeUndefined();
});

test('remembers no more addresses than a relay has', () => {
  const { paths } = watched();
  for (let port = 0; port < 1000; port++)
    paths.failed({ relay, addresses: `udp ${port}` }, ports, 8000, 8000);
  expect(paths.blockedPorts({ relay, addresses: 'udp 999' }, 8000)).toBe(ports);
  paths.opened({ relay, addresses: 'udp 999' });
  // Evicted: judged as if it were new.
  expect(paths.blockedPorts({ relay, addresses: 'udp 0' }, 8000)).toBeUndefined();
  expect(paths.blockedPorts({ relay, addresses: 'udp 998' }, 8000)).toBe(ports);
});

test('forgets no addresses that sessions stand on, however many', () => {
  const { paths } = watched();
  const origins = Array.from({ length: 40 }, (_, port) => ({ relay, addresses: `udp ${port}` }));
  const ends = origins.map((origin) => paths.opened(origin));
  for (const origin of origins) {
    paths.failed(origin, ports, 8000, 8000);
    expect(paths.blockedPorts(origin, 8000)).toBeUndefined();
  }
  for (const end of ends) end();
  for (const origin of origins) {
    paths.failed(origin, ports, 8000, 8000);
    expect(paths.blockedPorts(origin, 8000)).toBe(ports);
  }
});
