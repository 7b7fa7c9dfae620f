import { createSecretKey } from 'node:crypto';
import { expect, test } from 'vitest';
import { IceLite } from './ice-lite.ts';
import { PathEcho } from './path-echo.ts';
import { parseStun } from './stun.ts';
import { writeBindingSuccess } from './stun-writer.ts';

const viewer = { ufrag: 'them', pwd: 'the-password-of-the-viewer' };
const from = { address: '192.0.2.1', port: 4000 };
const success = (request: Uint8Array, pwd = viewer.pwd): Uint8Array =>
  writeBindingSuccess(
    parseStun(request)?.transactionId ?? new Uint8Array(12),
    from,
    createSecretKey(pwd, 'utf8'),
  );

test('asks what an ICE agent accepts, and measures until its answer', () => {
  const echo = new PathEcho('us', viewer);
  const trips: number[] = [];
  const request = echo.request(1000, (ms) => trips.push(ms));
  const agent = new IceLite({ local: viewer, remoteUfrag: 'us' });
  // A lite agent expects the other side to control; a request of ours must not claim to.
  expect(parseStun(request)).toMatchObject({ username: 'them:us', role: 'controlled', useCandidate: false });
  expect(agent.handle(request, from, 0).response).toBeDefined();
  expect(echo.handle(success(request), 1042)).toBe(true);
  expect(echo.handle(success(request), 1050)).toBe(false);
  expect(trips).toEqual([42]);
});

test('leaves everything else alone: requests, forged answers, answers to nobody, noise', () => {
  const echo = new PathEcho('us', viewer);
  const trips: number[] = [];
  const request = echo.request(0, (ms) => trips.push(ms));
  const other = new PathEcho('us', viewer).request(0, () => undefined);
  for (const datagram of [request, success(request, 'guessed'), success(other), new Uint8Array(20)])
    expect(echo.handle(datagram, 10)).toBe(false);
  expect(trips).toEqual([]);
});

test('an answer of the same batch of datagrams took no time, and none goes back in it', () => {
  const echo = new PathEcho('us', viewer);
  const trips: number[] = [];
  const request = echo.request(1000.4, (ms) => trips.push(ms));
  expect(echo.handle(success(request), 1000)).toBe(true);
  expect(trips).toEqual([0]);
});

test('forgets what is never answered', () => {
  const echo = new PathEcho('us', viewer);
  const requests = Array.from({ length: 33 }, () => echo.request(0, () => undefined));
  expect(requests.map((request) => echo.handle(success(request), 1))).toEqual([
    false,
    ...Array(32).fill(true),
  ]);
});
