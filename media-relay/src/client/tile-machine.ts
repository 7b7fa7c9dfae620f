/** What a tile is and does next, as a function of what happened and when. No DOM, no timers: the player acts on the phase. */
import { tileStates } from '../stream/states.ts';
import type { TileState } from '../stream/states.ts';
import { retryDelayMs } from './back-off.ts';
import type { Refusal } from './refusal.ts';

/** No new decoded picture for so long: stalled. */
export const STALL_MS = 3000;
/** Answered, but no media path for so long: blocked. */
export const BLOCKED_MS = 10_000;
/** A lost path often comes back by itself within this time. */
export const DISCONNECT_GRACE_MS = 3000;
/** Packets arrive, but nothing is decoded for so long: join again. */
export const UNDECODED_MS = 10_000;
/** A session that showed pictures for so long was a success: the next failure starts at the shortest delay. */
const PROVEN_MS = 10_000;

/**
 * `stopped`; `asking` (the offer is on its way); `joining` (answered, no media path yet); `flowing` (media path stands);
 * `waiting` (nothing is open; asks again at `retryAtMs`). Entering `asking` opens a session, leaving for `waiting` or
 * `stopped` closes it.
 */
export type Phase = 'stopped' | 'asking' | 'joining' | 'flowing' | 'waiting';

export interface TileDetail {
  /** The relay's stable problem code, when it refused. */
  readonly code: string | undefined;
  /** One sentence for people. */
  readonly sentence: string;
}

export interface Tile {
  readonly phase: Phase;
  readonly phaseSinceMs: number;
  readonly state: TileState;
  readonly detail: TileDetail;
  readonly failures: number;
  readonly retryAtMs: number;
  readonly lastFrameAtMs: number | undefined;
  /** First picture of this session. */
  readonly firstFrameAtMs: number | undefined;
  readonly lastPacketAtMs: number | undefined;
  readonly disconnectedAtMs: number | undefined;
}

export type TileInput =
  | { readonly type: 'start' | 'stop' | 'retry' | 'tick' | 'answered' | 'frame' | 'packets' }
  | { readonly type: 'path'; readonly path: 'connected' | 'disconnected' | 'failed' }
  | { readonly type: 'refused'; readonly refusal: Refusal }
  /** The request itself failed, or the browser could not make or take a session description. */
  | { readonly type: 'failed'; readonly sentence: string };

export const stoppedTile: Tile = {
  phase: 'stopped',
  phaseSinceMs: 0,
  state: 'connecting',
  detail: plain('connecting'),
  failures: 0,
  retryAtMs: 0,
  lastFrameAtMs: undefined,
  firstFrameAtMs: undefined,
  lastPacketAtMs: undefined,
  disconnectedAtMs: undefined,
};

export function step(tile: Tile, input: TileInput, nowMs: number, random: () => number): Tile {
  const open = tile.phase === 'asking' || tile.phase === 'joining' || tile.phase === 'flowing';
  switch (input.type) {
    case 'start':
      return tile.phase === 'stopped'
        ? ask({ ...stoppedTile, lastFrameAtMs: tile.lastFrameAtMs }, nowMs)
        : tile;
    case 'stop':
      return tile.phase === 'stopped' ? tile : { ...tile, phase: 'stopped', phaseSinceMs: nowMs };
    case 'retry':
      return tile.phase === 'waiting' && tile.state !== 'over-capacity'
        ? { ...tile, retryAtMs: nowMs }
        : tile;
    case 'tick':
      return onTick(tile, nowMs, random);
    case 'answered':
      return tile.phase === 'asking' ? onAnswered(tile, nowMs) : tile;
    case 'path':
      return tile.phase === 'joining' || tile.phase === 'flowing'
        ? onPath(tile, input.path, nowMs, random)
        : tile;
    case 'frame':
      return tile.phase === 'joining' || tile.phase === 'flowing' ? onFrame(tile, nowMs) : tile;
    case 'packets':
      return tile.phase === 'flowing' ? { ...tile, lastPacketAtMs: nowMs } : tile;
    case 'refused':
      return open ? wait(tile, input.refusal, nowMs, random) : tile;
    case 'failed':
      return open ? wait(tile, offline(input.sentence), nowMs, random) : tile;
  }
}

/** A tile in trouble keeps its state and sentence while it tries again, so that a dead camera does not blink. */
function ask(tile: Tile, nowMs: number): Tile {
  return {
    ...tile,
    phase: 'asking',
    phaseSinceMs: nowMs,
    firstFrameAtMs: undefined,
    lastPacketAtMs: undefined,
    disconnectedAtMs: undefined,
  };
}

function onAnswered(tile: Tile, nowMs: number): Tile {
  const joining: Tile = { ...tile, phase: 'joining', phaseSinceMs: nowMs };
  return tile.state === 'blocked' || tile.state === 'stalled' ? joining : shown(joining, 'connecting');
}

function onPath(
  tile: Tile,
  path: 'connected' | 'disconnected' | 'failed',
  nowMs: number,
  random: () => number,
): Tile {
  if (path === 'failed') {
    return tile.phase === 'joining'
      ? wait(tile, blocked, nowMs, random)
      : wait(tile, offline('The connection to the relay broke.'), nowMs, random);
  }
  if (path === 'disconnected') {
    return tile.phase === 'flowing' ? { ...tile, disconnectedAtMs: tile.disconnectedAtMs ?? nowMs } : tile;
  }
  if (tile.phase === 'flowing') return { ...tile, disconnectedAtMs: undefined };
  const flowing: Tile = { ...tile, phase: 'flowing', phaseSinceMs: nowMs };
  return tile.state === 'blocked' ? shown(flowing, 'connecting') : flowing;
}

function onFrame(tile: Tile, nowMs: number): Tile {
  const seen = { ...tile, lastFrameAtMs: nowMs, firstFrameAtMs: tile.firstFrameAtMs ?? nowMs };
  return tile.state === 'live' ? seen : shown(seen, 'live');
}

function onTick(tile: Tile, nowMs: number, random: () => number): Tile {
  switch (tile.phase) {
    case 'stopped':
    case 'asking':
      return tile;
    case 'waiting':
      return nowMs >= tile.retryAtMs ? ask(tile, nowMs) : tile;
    case 'joining':
      return nowMs - tile.phaseSinceMs >= BLOCKED_MS ? wait(tile, blocked, nowMs, random) : tile;
    case 'flowing':
      return onTickFlowing(tile, nowMs, random);
  }
}

function onTickFlowing(tile: Tile, nowMs: number, random: () => number): Tile {
  if (tile.disconnectedAtMs !== undefined && nowMs - tile.disconnectedAtMs >= DISCONNECT_GRACE_MS) {
    return wait(tile, offline('The connection to the relay is lost.'), nowMs, random);
  }
  const newestMs = Math.max(tile.phaseSinceMs, tile.lastFrameAtMs ?? 0);
  const silentMs = nowMs - newestMs;
  if (silentMs < STALL_MS) return tile;
  const packetsArrive = tile.lastPacketAtMs !== undefined && nowMs - tile.lastPacketAtMs < STALL_MS;
  if (packetsArrive && silentMs >= UNDECODED_MS) {
    return wait(
      tile,
      { ...offline('Packets arrive, but this browser shows no picture.'), tile: 'stalled' },
      nowMs,
      random,
    );
  }
  return tile.state === 'stalled' ? tile : shown(tile, 'stalled');
}

function wait(tile: Tile, refusal: Refusal, nowMs: number, random: () => number): Tile {
  const proven =
    tile.firstFrameAtMs !== undefined && (tile.lastFrameAtMs ?? 0) - tile.firstFrameAtMs >= PROVEN_MS;
  const failures = proven ? 1 : tile.failures + 1;
  return {
    ...tile,
    phase: 'waiting',
    phaseSinceMs: nowMs,
    state: refusal.tile,
    detail: { code: refusal.code, sentence: refusal.sentence },
    failures,
    retryAtMs: nowMs + retryDelayMs(failures, random, refusal.retryAfterMs),
  };
}

function shown(tile: Tile, state: TileState): Tile {
  return { ...tile, state, detail: plain(state) };
}

function plain(state: TileState): TileDetail {
  return { code: undefined, sentence: `${tileStates[state]}.` };
}

function offline(sentence: string): Refusal {
  return { tile: 'offline', code: undefined, sentence, retryAfterMs: 0 };
}

const blocked: Refusal = {
  tile: 'blocked',
  code: undefined,
  sentence: `${tileStates.blocked}: the relay answers, but its media port cannot be reached.`,
  retryAfterMs: 0,
};
