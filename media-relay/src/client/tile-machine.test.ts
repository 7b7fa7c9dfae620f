import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { tileStates } from '../stream/states.ts';
import { timeBox } from '../testing/time-box.ts';
import { step, stoppedTile } from './tile-machine.ts';
import type { Tile, TileInput } from './tile-machine.ts';

const start: TileInput = { type: 'start' };
const tick: TileInput = { type: 'tick' };
const mediaPorts = 'UDP or TCP port 8641';
const answered: TileInput = { type: 'answered', mediaPorts, mediaAddresses: 'udp 192.0.2.7 8641' };
const blocked: TileInput = { type: 'judged', blockedPorts: mediaPorts };
const perhapsOpen: TileInput = { type: 'judged', blockedPorts: undefined };
const changed: TileInput = { type: 'network-changed' };
const doubted: TileInput = { type: 'network-doubted' };
const frame: TileInput = { type: 'frame' };
const connected: TileInput = { type: 'path', path: 'connected' };
const disconnected: TileInput = { type: 'path', path: 'disconnected' };
const failed: TileInput = { type: 'path', path: 'failed' };
const ended: TileInput = { type: 'path', path: 'ended' };

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

test('is blocked eight seconds after the answer without a media path, names the port, and tries again slowly', () => {
  const joining = [
    [0, start],
    [50, answered],
  ] as const;
  expect(play(...joining, [8049, tick]).phase).toBe('joining');
  const alone = play(...joining, [8050, tick]);
  expect(alone).toMatchObject({ phase: 'waiting', state: 'blocked', retryAtMs: 13_050 });
  expect(alone.detail.sentence).toMatch(/UDP or TCP port 8641 cannot be reached\. Let it through/);
  expect(continued(alone, [13_050, tick], [13_100, answered])).toMatchObject({
    phase: 'joining',
    state: 'blocked',
  });
  expect(play(...joining, [300, failed]).state).toBe('blocked');
});

test('a session that ends while it joins says nothing of the network: the next one is asked for at once', () => {
  const joining = play([0, start], [50, answered], [2000, ended]);
  expect(joining).toMatchObject({ phase: 'waiting', state: 'offline', retryAtMs: 2500 });
  expect(joining.detail).toEqual(play(...live, [2000, failed]).detail);
  expect(play(...live, [2000, ended])).toEqual(play(...live, [2000, failed]));
});

test('what the page knows: who waits to ask says blocked and waits, who was answered goes on, who has a reason keeps it', () => {
  const queued = play([0, start], [8000, blocked]);
  expect(queued).toMatchObject({ phase: 'waiting', state: 'blocked', failures: 0, retryAtMs: 8000 });
  expect(queued.detail).toMatchObject({ code: 'media-blocked' });
  expect(queued.detail.sentence).toMatch(/UDP or TCP port 8641 cannot be reached/);
  const joining = play([0, start], [50, answered], [8000, blocked]);
  expect(joining).toMatchObject({ phase: 'joining', state: 'blocked' });
  expect(continued(joining, [8001, connected], [8002, frame]).state).toBe('live');
  const refusal = { tile: 'offline', code: undefined, sentence: 'No camera.', retryAfterMs: 0 } as const;
  const refused = play([0, start], [50, { type: 'refused', refusal }]);
  expect(continued(refused, [60, blocked])).toEqual(refused);
  const broken = play(...live, [1000, failed], [1100, blocked]);
  expect(broken).toMatchObject({ phase: 'waiting', state: 'blocked', retryAtMs: 1500 });
  expect(play(...live, [200, blocked]).state).toBe('live');
});

test('when somebody gets through, who was blocked asks at once and does not say so any longer', () => {
  const alone = play([0, start], [50, answered], [8050, tick]);
  const told = continued(alone, [8100, perhapsOpen]);
  expect(told).toMatchObject({ phase: 'waiting', state: 'connecting', retryAtMs: 8100 });
  const offline = play([0, start], [10, { type: 'failed', code: 'no-answer', sentence: 'No.' }]);
  expect(continued(offline, [20, perhapsOpen])).toEqual(offline);
  // A lonely tile asks as often after hours.
  let nowMs = 8050;
  let tile = alone;
  for (let round = 0; round < 10; round++) {
    expect(tile.retryAtMs - nowMs).toBe(5000);
    nowMs = tile.retryAtMs + 8000;
    tile = continued(tile, [tile.retryAtMs, tick], [tile.retryAtMs, answered], [nowMs, tick]);
  }
  // What goes wrong then is a first failure.
  const asking = continued(tile, [tile.retryAtMs, tick]);
  const lost = continued(asking, [
    asking.phaseSinceMs,
    { type: 'failed', code: 'no-answer', sentence: 'No.' },
  ]);
  expect(lost.retryAtMs - asking.phaseSinceMs).toBe(500);
});

test('after a change of the network a session shows pictures within three seconds, or another one replaces it', () => {
  const proven = play(...live, [1000, changed], [3500, frame], [4000, tick]);
  expect(proven).toMatchObject({ phase: 'flowing', state: 'live', suspectSinceMs: undefined });
  const suspect = play(...live, [1000, changed], [2499, frame], [3999, tick]);
  expect(suspect).toMatchObject({ phase: 'flowing', state: 'live' });
  const left = continued(suspect, [4000, tick]);
  expect(left).toMatchObject({ phase: 'waiting', state: 'live', failures: 0 });
  expect(continued(left, [4000, tick])).toMatchObject({ phase: 'asking', suspectSinceMs: undefined });
});

test('a change of the network starts a join anew, ends a back-off, and does not hurry a full relay', () => {
  const joining = play([0, start], [50, answered], [1000, changed]);
  expect(joining).toMatchObject({ phase: 'waiting', state: 'connecting', retryAtMs: 1000 });
  const offline = play(
    [0, start],
    [10, { type: 'failed', code: 'no-answer', sentence: 'No.' }],
    [20, changed],
    [20, tick],
  );
  expect(offline.phase).toBe('asking');
  const refusal = { tile: 'over-capacity', code: undefined, sentence: 'Full.', retryAfterMs: 9000 } as const;
  const full = play([0, start], [50, { type: 'refused', refusal }], [60, changed]);
  expect(full.retryAtMs).toBe(9050);
  expect(play([0, start], [10, changed])).toEqual(play([0, start]));
});

test('another speed of the network makes a picture prove itself, and neither begins a join anew nor ends a back-off', () => {
  const measured = [1000, 3000, 5000, 7000].map((atMs) => [atMs, doubted] as const);
  const joining = play([0, start], [50, answered]);
  expect(continued(joining, ...measured)).toEqual(joining);
  expect(continued(joining, ...measured, [8050, tick]).state).toBe('blocked');
  const offline = play([0, start], [10, { type: 'failed', code: 'no-answer', sentence: 'No.' }]);
  expect(continued(offline, ...measured)).toEqual(offline);
  const stalled = play(...live, [3120, tick]);
  expect(continued(stalled, [4000, doubted], [8000, tick])).toMatchObject({
    phase: 'flowing',
    state: 'stalled',
  });
  expect(play(...live, [1000, doubted], [3500, frame], [4000, tick])).toMatchObject({
    phase: 'flowing',
    state: 'live',
  });
  expect(play(...live, [1000, doubted], [2000, doubted], [4000, tick]).phase).toBe('waiting');
});

test('nothing here asks before Retry-After: no retry, no change of the network, not even stopping and starting', () => {
  const refusal = { tile: 'offline', code: 'stream-not-ready', sentence: 'No.', retryAfterMs: 4000 } as const;
  const told = play([0, start], [1000, { type: 'refused', refusal }]);
  for (const input of [{ type: 'retry' }, changed] as const) {
    expect(continued(told, [1500, input])).toMatchObject({ phase: 'waiting', retryAtMs: 5000 });
  }
  const again = continued(told, [1500, { type: 'stop' }], [2000, start]);
  expect(again).toMatchObject({ phase: 'waiting', state: 'offline', retryAtMs: 5000 });
  expect(continued(again, [5000, tick]).phase).toBe('asking');
});

test('says that it takes a click where the browser refuses to play, whatever is decoded meanwhile', () => {
  const refused = play(
    ...live,
    [200, { type: 'playback', allowed: false }],
    [300, frame],
    [5000, frame],
    [5100, tick],
  );
  expect(refused).toMatchObject({
    phase: 'flowing',
    state: 'stalled',
    detail: { sentence: expect.stringContaining('click to play') },
  });
  const clicked = continued(refused, [6000, { type: 'playback', allowed: true }], [6030, frame]);
  expect(clicked).toMatchObject({ state: 'live', needsClick: false });
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
    tile = step(tile, { type: 'failed', code: 'no-answer', sentence: 'No.' }, nowMs, () => 0);
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
  const offline = play([0, start], [10, { type: 'failed', code: 'no-answer', sentence: 'No.' }]);
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
    ended,
    { type: 'stop' },
    { type: 'retry' },
    { type: 'packets' },
    { type: 'refused', refusal },
    { type: 'failed', code: 'no-answer', sentence: 'No.' },
    changed,
    doubted,
    blocked,
    perhapsOpen,
    { type: 'playback', allowed: false },
    { type: 'playback', allowed: true },
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
