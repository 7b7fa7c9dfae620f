import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { tileStates } from '../stream/states.ts';
import { timeBox } from '../testing/time-box.ts';
import { step, stoppedTile } from './tile-machine.ts';
import type { Tile, TileInput } from './tile-machine.ts';

const start: TileInput = { type: 'start' };
const tick: TileInput = { type: 'tick' };
const answered: TileInput = { type: 'answered' };
const frame: TileInput = { type: 'frame' };
const connected: TileInput = { type: 'path', path: 'connected' };
const disconnected: TileInput = { type: 'path', path: 'disconnected' };
const failed: TileInput = { type: 'path', path: 'failed' };

/** Plays [moment, input] pairs. Random is 0, so every delay is the shortest one. */
function play(...script: readonly (readonly [atMs: number, input: TileInput])[]): Tile {
  return continued(stoppedTile, ...script);
}

function continued(from: Tile, ...script: readonly (readonly [atMs: number, input: TileInput])[]): Tile {
  let tile = from;
  for (const [atMs, input] of script) tile = step(tile, input, atMs, () => 0);
  return tile;
}

const live = [
  [0, start],
  [50, answered],
  [80, connected],
  [120, frame],
] as const;

test('goes from connecting to live with the first picture', () => {
  expect(play([0, start])).toMatchObject({ phase: 'asking', state: 'connecting' });
  expect(play([0, start], [50, answered], [80, connected])).toMatchObject({
    phase: 'flowing',
    state: 'connecting',
  });
  expect(play(...live)).toMatchObject({ phase: 'flowing', state: 'live' });
});

test('stalls three seconds after the last picture, keeps the session, and is live with the next one', () => {
  expect(play(...live, [3119, tick]).state).toBe('live');
  const stalled = play(...live, [3120, tick]);
  expect(stalled).toMatchObject({ phase: 'flowing', state: 'stalled' });
  expect(continued(stalled, [60_000, tick])).toMatchObject({ phase: 'flowing', state: 'stalled' });
  expect(continued(stalled, [60_000, frame]).state).toBe('live');
});

test('joins again when packets arrive for ten seconds and nothing is decoded', () => {
  const deaf = continued(play(...live), [10_000, { type: 'packets' }], [10_120, tick]);
  expect(deaf).toMatchObject({ phase: 'waiting', state: 'stalled' });
});

test('is blocked ten seconds after the answer without a media path, and stays so while it tries again', () => {
  const joining = [
    [0, start],
    [50, answered],
  ] as const;
  expect(play(...joining, [10_049, tick]).phase).toBe('joining');
  const blocked = play(...joining, [10_050, tick]);
  expect(blocked).toMatchObject({ phase: 'waiting', state: 'blocked', retryAtMs: 10_550 });
  expect(continued(blocked, [10_550, tick], [10_600, answered])).toMatchObject({
    phase: 'joining',
    state: 'blocked',
  });
  expect(play(...joining, [300, failed]).state).toBe('blocked');
});

test('a lost path has three seconds to come back', () => {
  const back = play(...live, [1000, disconnected], [2000, connected], [2100, frame], [4500, tick]);
  expect(back).toMatchObject({ phase: 'flowing', state: 'live' });
  const lost = play(...live, [1000, disconnected], [3500, frame], [4000, tick]);
  expect(lost).toMatchObject({ phase: 'waiting', state: 'offline' });
  expect(play(...live, [1000, failed])).toMatchObject({ phase: 'waiting', state: 'offline' });
});

test('shows why it was refused, waits at least as long as told, and does not blink while it asks again', () => {
  const refusal = {
    tile: 'over-capacity',
    code: 'over-capacity',
    sentence: 'Full.',
    retryAfterMs: 9000,
  } as const;
  const full = play([0, start], [50, { type: 'refused', refusal }]);
  expect(full).toMatchObject({
    phase: 'waiting',
    state: 'over-capacity',
    retryAtMs: 9050,
    detail: { sentence: 'Full.' },
  });
  expect(continued(full, [9049, tick]).phase).toBe('waiting');
  expect(continued(full, [9050, tick])).toMatchObject({ phase: 'asking', state: 'over-capacity' });
  expect(continued(full, [1000, { type: 'retry' }], [1000, tick]).phase).toBe('waiting');
});

test('asks for ever, ever more slowly, and quickly again once pictures were shown for ten seconds', () => {
  let tile = play([0, start]);
  const delaysMs: number[] = [];
  for (let nowMs = 0, round = 0; round < 8; round++) {
    tile = step(tile, { type: 'failed', sentence: 'No.' }, nowMs, () => 0);
    delaysMs.push(tile.retryAtMs - nowMs);
    nowMs = tile.retryAtMs;
    tile = step(tile, tick, nowMs, () => 0);
  }
  expect(delaysMs).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
  const again = [
    [0, answered],
    [0, connected],
    [0, frame],
  ] as const;
  expect(continued(tile, ...again, [5000, frame], [5000, failed]).failures).toBe(9);
  expect(continued(tile, ...again, [10_000, frame], [10_000, failed]).failures).toBe(1);
});

test('a retry asked for from outside happens at the next tick; a stopped tile stays stopped', () => {
  const offline = play([0, start], [10, { type: 'failed', sentence: 'No.' }]);
  expect(continued(offline, [20, { type: 'retry' }], [20, tick]).phase).toBe('asking');
  expect(play(...live, [200, { type: 'stop' }], [300, frame], [9000, tick], [9000, failed]).phase).toBe(
    'stopped',
  );
});

test('whatever happens, in any order, is a state of the table with a sentence, and waiting ends', () => {
  const refusal = { tile: 'denied', code: undefined, sentence: 'No.', retryAfterMs: 0 } as const;
  const inputs: TileInput[] = [
    start,
    tick,
    answered,
    frame,
    connected,
    disconnected,
    failed,
    { type: 'stop' },
    { type: 'retry' },
    { type: 'packets' },
    { type: 'refused', refusal },
    { type: 'failed', sentence: 'No.' },
  ];
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(5000), fc.constantFrom(...inputs)), { maxLength: 60 }), (script) => {
      let tile = stoppedTile;
      let nowMs = 0;
      for (const [afterMs, input] of script) {
        nowMs += afterMs;
        tile = step(tile, input, nowMs, () => 0.5);
        expect(tileStates).toHaveProperty(tile.state);
        expect(tile.detail.sentence).not.toBe('');
        expect(tile.phase !== 'waiting' || tile.retryAtMs - nowMs <= 30_000).toBe(true);
      }
      expect(step(tile, tick, nowMs + 30_000, () => 0.5).phase).not.toBe('joining');
      expect(tile.phase !== 'waiting' || step(tile, tick, tile.retryAtMs, () => 0.5).phase === 'asking').toBe(
        true,
      );
    }),
    timeBox,
  );
});
