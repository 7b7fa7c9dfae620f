/** A wall of players whose network lets no media through, by a clock of its own. Browsers do the same in e2e/ice-tcp.test.ts. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { mediaFrom, WhepPlayerWall } from './whep-player-wall.ts';
import { OFFER_SPACING_MS } from './offer-pace.ts';

let wall: WhepPlayerWall;

beforeEach(() => {
  wall = new WhepPlayerWall();
});

afterEach(() => {
  wall.close();
});

const pass = (ms: number) => wall.pass(ms);

test.each([1, 16, 100, 200])(
  'each of %i says within ten seconds that no media gets through',
  async (count) => {
    wall.add(count);
    await pass(7500);
    expect(wall.count('connecting')).toBe(count);
    await pass(1500);
    expect(wall.count('blocked')).toBe(count);
    // The others heard of it.
    expect(wall.peersMade).toBeLessThanOrEqual(30);
    wall.offersMs.length = 0;
    for (let second = 0; second < 60; second++) {
      await pass(1000);
      expect(wall.count('blocked')).toBe(count);
    }
    // A turn of those that were answered in 1.5 s or more, and one of those that were not, while there are any, in a quarter of it.
    expect(wall.offersMs.length).toBeLessThanOrEqual(count > 30 ? 200 : 60);
    expect(wall.offersMs.length).toBeGreaterThanOrEqual(4);
  },
);

test('who comes to a wall that is blocked is told so at once, with no connection of its own', async () => {
  wall.add(1);
  await pass(9000);
  const before = wall.peersMade;
  wall.add(1);
  expect(wall.count('blocked')).toBe(2);
  await pass(100);
  expect(wall.peersMade).toBe(before);
});

test('one finds an opened path within seven seconds', async () => {
  wall.add(1);
  await pass(8250);
  expect(wall.count('blocked')).toBe(1);
  wall.open(8641);
  await pass(7000);
  expect(wall.connected.size).toBe(1);
});

test('200 find an opened path one after the other, and none says blocked longer than the first', async () => {
  wall.add(200);
  await pass(20_000);
  expect(wall.count('blocked')).toBe(200);
  wall.offersMs.length = 0;
  wall.open(8641);
  await pass(2500);
  expect(wall.count('blocked')).toBe(0);
  await pass(8500);
  expect(wall.connected.size).toBe(200);
  const gapsMs = wall.offersMs.slice(1).map((atMs, index) => atMs - (wall.offersMs[index] ?? 0));
  expect(Math.min(...gapsMs)).toBeGreaterThanOrEqual(OFFER_SPACING_MS);
});

test('a relay that names other addresses is asked anew by all', async () => {
  let port = 8641;
  wall.add(40, { answer: () => mediaFrom(port) });
  await pass(10_000);
  expect(wall.count('blocked')).toBe(40);
  port = 9000;
  wall.open(9000);
  await pass(7000);
  expect(wall.connected.size).toBeGreaterThanOrEqual(25);
  // The last that was on its way to the old ones: its eight seconds, and its wait.
  await pass(8000);
  expect([wall.connected.size, wall.count('blocked')]).toEqual([40, 0]);
});

test('another relay, and another media port of this one, are not judged by it', async () => {
  wall.add(20);
  await pass(10_000);
  expect(wall.count('blocked')).toBe(20);
  wall.open(9000);
  wall.open(8642);
  wall.add(1, { relay: 'https://other.example', answer: () => mediaFrom(9000) });
  await pass(1000);
  expect(wall.connected.size).toBe(1);
  // It is told what the others know, and gets through with its first turn.
  wall.add(1, { answer: () => mediaFrom(8642) });
  await pass(2500);
  expect(wall.connected.size).toBe(2);
  await pass(10_000);
  expect([wall.connected.size, wall.count('blocked')]).toEqual([2, 20]);
});

test('a wall whose paths all break is told within ten seconds of asking anew', async () => {
  wall.open(8641);
  wall.add(100);
  await pass(10_000);
  expect(wall.connected.size).toBe(100);
  wall.openPorts.clear();
  for (const peer of wall.connected) peer.become('failed');
  expect(wall.count('offline')).toBe(100);
  await pass(10_000);
  expect(wall.count('blocked')).toBe(100);
});

test('a relay that says goodbye to one that joins is no network that lets no media through', async () => {
  wall.add(1);
  await pass(1000);
  const transport = Object.assign(new EventTarget(), { state: 'wall.connected' });
  const [peer] = wall.joining;
  peer?.dispatchEvent(
    Object.assign(new Event('track'), { track: { kind: 'video' }, receiver: { transport } }),
  );
  transport.state = 'closed';
  transport.dispatchEvent(new Event('statechange'));
  expect(wall.count('offline')).toBe(1);
  wall.open(8641);
  await pass(1500);
  expect(wall.connected.size).toBe(1);
});

test('the last tile of an open port is not asked for after minutes, and then the page asks as slowly as ever', async () => {
  wall.open(8642);
  wall.add(99);
  wall.add(1, { answer: () => mediaFrom(8642) });
  await pass(65_000);
  expect(wall.connected.size).toBe(1);
  wall.offersMs.length = 0;
  await pass(30_000);
  expect(wall.offersMs.length).toBeLessThanOrEqual(25);
});

test('a player that its host stops while the page hears of an opened path holds that path no longer', async () => {
  const origin = { relay: 'https://cameras.example/api/v1/whep/', addresses: 'udp 192.0.2.7 8641' };
  let isOpen = false;
  let heard = 0;
  // The second to hear is the first that is told by the page, in the middle of the news of the other.
  const stopOthers = (own: number) => () => {
    if (!isOpen || ++heard !== 2) return;
    for (const [index, player] of wall.players.entries()) if (index !== own) player.stop();
  };
  for (const own of [0, 1, 2]) wall.add(1, { onState: stopOthers(own) });
  await pass(9000);
  expect(wall.count('blocked')).toBe(3);
  isOpen = true;
  wall.open(8641);
  await pass(20_000);
  expect(wall.connected.size).toBe(1);
  for (const player of wall.players) player.stop();
  const laterMs = Date.now() + 3000;
  wall.mediaPaths.failed(origin, 'UDP port 8641', 3000, laterMs);
  expect(wall.mediaPaths.blockedPorts(origin, laterMs)).toBe('UDP port 8641');
});
