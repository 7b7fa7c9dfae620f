/** How a page asks of which some tiles fail alone, by a clock of its own: a proxy in front of one camera, say. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { mediaFrom, notReady, WhepPlayerWall } from './whep-player-wall.ts';
import type { Answer } from './whep-player-wall.ts';

let wall: WhepPlayerWall;

beforeEach(() => {
  wall = new WhepPlayerWall();
});

afterEach(() => {
  wall.close();
});

const proxyDown: Answer = { status: 502, body: '<html>' };
const tryLater: Answer = { status: 503, body: '<html>', retryAfter: '600' };

test('one that a proxy tells to come back in ten minutes does, and the others do not wait for it', async () => {
  wall.open(8641);
  wall.add(10);
  await wall.pass(10_000);
  let offers = 0;
  const answer = () => {
    offers++;
    return tryLater;
  };
  wall.add(1, { answer });
  await wall.pass(2000);
  for (const peer of wall.connected) peer.become('failed');
  await wall.pass(15_000);
  expect(wall.connected.size).toBe(10);
  await wall.pass(580_000);
  expect(offers).toBe(1);
});

test.each([
  ['that its proxy refuses', 1, () => proxyDown],
  ['that nobody answers', 1, () => undefined],
  ['of eight', 8, () => proxyDown],
] as const)('a wall that is blocked stays so beside one %s', async (_, count, answer) => {
  wall.add(count, { answer });
  wall.add(40);
  await wall.pass(60_000);
  wall.offersMs.length = 0;
  for (let second = 0; second < 120; second++) {
    await wall.pass(1000);
    expect(wall.count('blocked')).toBe(40);
  }
  // A turn every 1.5 s or more, and the back-off of those that fail.
  expect(wall.offersMs.length).toBeLessThanOrEqual(80 + 8 * count);
});

test.each([1, 2, 4, 8])(
  '60 cameras that are not there ask no more often beside %i that fail',
  async (count) => {
    wall.add(count, { answer: () => proxyDown });
    wall.add(60, { answer: () => notReady });
    await wall.pass(120_000);
    wall.offersMs.length = 0;
    await wall.pass(120_000);
    // Each in 15 s or more.
    expect(wall.offersMs.length).toBeLessThanOrEqual(8 * (60 + count));
  },
);

test.each([1, 10, 40])('%i play again soon after a relay that was away for two minutes', async (count) => {
  let isAway = false;
  wall.open(8641);
  wall.add(count, { answer: () => (isAway ? undefined : mediaFrom(8641)) });
  await wall.pass(20_000);
  isAway = true;
  for (const peer of wall.connected) peer.become('failed');
  await wall.pass(120_000);
  isAway = false;
  // The longest back-off of one, and all at the gate's pace.
  await wall.pass(count === 1 ? 30_500 : 20_000);
  expect(wall.connected.size).toBe(count);
});
