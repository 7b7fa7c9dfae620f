/** What a tile is and does next, as a function of what happened and when. No DOM, no timers: the player acts on the phase. */
import { tileStates } from '../stream/states.ts';
import type { TileState } from '../stream/states.ts';
import { retryDelayMs } from './back-off.ts';
import type { Refusal } from './refusal.ts';

/** No new decoded picture for so long: stalled. */
export const STALL_MS = 3000;
/** Answered, but no media path for so long: blocked. With the offer before it, people are told within 10 s. */
export const BLOCKED_MS = 8000;
/** Between two joins that find no path, however many there were: with the eight seconds above, one in 14 s. */
const BLOCKED_RETRY_MS = 5000;
/** A lost path often comes back by itself within this time. */
export const DISCONNECT_GRACE_MS = 3000;
/** Packets arrive, but nothing is decoded for so long: join again. */
export const UNDECODED_MS = 10_000;
/** After sleep or a change of the network, a session that still works shows a picture in the second half of this time. */
export const SUSPICION_MS = 3000;
/** A session that showed pictures for so long was a success: the next failure starts at the shortest delay. */
const PROVEN_MS = 10_000;

/**
 * `stopped`; `asking` (the offer is on its way); `joining` (answered, no media path yet); `flowing` (media path stands);
 * `waiting` (nothing is open; asks again at `retryAtMs`). Entering `asking` opens a session, leaving for `waiting` or
 * `stopped` closes it.
 */
export type Phase = 'stopped' | 'asking' | 'joining' | 'flowing' | 'waiting';

/** What the player itself finds wrong. Stable, and none of them is a problem code of the relay: pages translate by it. */
export const playerCodes = [
  'browser-failed',
  'click-to-play',
  'connection-broken',
  'connection-lost',
  'media-blocked',
  'no-answer',
  'undecoded',
] as const;
export type PlayerCode = (typeof playerCodes)[number];

export interface TileDetail {
  /** The relay's stable problem code when it refused, or the player's own; undefined where the state says it all. */
  readonly code: string | undefined;
  /** With `over-capacity`: which limit, as the relay named it. */
  readonly reason?: string | undefined;
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
  /** Until then the relay does not want to be asked again (Retry-After), whatever happens here. */
  readonly notBeforeMs: number;
  readonly lastFrameAtMs: number | undefined;
  /** First picture of this session. */
  readonly firstFrameAtMs: number | undefined;
  readonly lastPacketAtMs: number | undefined;
  readonly disconnectedAtMs: number | undefined;
  /** The computer slept or its network changed: the session has to prove itself. */
  readonly suspectSinceMs: number | undefined;
  /** Where media comes from, for the sentence of `blocked`: 'UDP or TCP port 8641'. */
  readonly mediaPorts: string;
  /** The same for the page's memory: whose trouble this tile's is. Undefined before the first answer. */
  readonly mediaAddresses: string | undefined;
  /** The browser refuses to play before a gesture of the user. */
  readonly needsClick: boolean;
}

export type TileInput =
  | { readonly type: 'start' | 'stop' | 'retry' | 'tick' | 'frame' | 'packets' }
  | { readonly type: 'answered'; readonly mediaPorts: string; readonly mediaAddresses: string }
  /** What the page knows of the path (media-paths.ts): these ports cannot be reached, or perhaps they can. */
  | { readonly type: 'judged'; readonly blockedPorts: string | undefined }
  /** The computer woke up, or is in another network. */
  | { readonly type: 'network-changed' }
  /** The browser measures another speed: perhaps of another network. */
  | { readonly type: 'network-doubted' }
  /** What the browser says to `play()`. */
  | { readonly type: 'playback'; readonly allowed: boolean }
  | { readonly type: 'path'; readonly path: PathChange }
  | { readonly type: 'refused'; readonly refusal: Refusal }
  /** The request itself failed, or the browser could not make or take a session description. */
  | { readonly type: 'failed'; readonly code: PlayerCode; readonly sentence: string };

/** `failed`: there is no way through, or no longer. `ended`: whatever the way, the session is over. */
export type PathChange = 'connected' | 'disconnected' | 'failed' | 'ended';

export const stoppedTile: Tile = {
  phase: 'stopped',
  phaseSinceMs: 0,
  state: 'connecting',
  detail: plain('connecting'),
  failures: 0,
  retryAtMs: 0,
  notBeforeMs: 0,
  lastFrameAtMs: undefined,
  firstFrameAtMs: undefined,
  lastPacketAtMs: undefined,
  disconnectedAtMs: undefined,
  suspectSinceMs: undefined,
  mediaPorts: 'the media port',
  mediaAddresses: undefined,
  needsClick: false,
};

export function step(tile: Tile, input: TileInput, nowMs: number, random: () => number): Tile {
  const open = tile.phase === 'asking' || tile.phase === 'joining' || tile.phase === 'flowing';
  switch (input.type) {
    case 'start':
      return tile.phase === 'stopped' ? onStart(tile, nowMs) : tile;
    case 'stop':
      return tile.phase === 'stopped' ? tile : { ...tile, phase: 'stopped', phaseSinceMs: nowMs };
    case 'retry':
      return tile.phase === 'waiting' && tile.state !== 'over-capacity'
        ? { ...tile, retryAtMs: Math.max(nowMs, tile.notBeforeMs) }
        : tile;
    case 'tick':
      return onTick(tile, nowMs, random);
    case 'answered':
      return tile.phase === 'asking'
        ? onAnswered({ ...tile, mediaPorts: input.mediaPorts, mediaAddresses: input.mediaAddresses }, nowMs)
        : tile;
    case 'judged':
      return onJudged(tile, input.blockedPorts, nowMs);
    case 'path':
      return tile.phase === 'joining' || tile.phase === 'flowing'
        ? onPath(tile, input.path, nowMs, random)
        : tile;
    case 'network-changed':
      return onNetworkChanged(tile, nowMs);
    case 'network-doubted':
      // A measurement every few seconds must neither begin joins anew nor shorten a wait.
      return tile.phase === 'flowing' && tile.state === 'live'
        ? { ...tile, suspectSinceMs: tile.suspectSinceMs ?? nowMs }
        : tile;
    case 'playback':
      return tile.phase === 'joining' || tile.phase === 'flowing' ? onPlayback(tile, input.allowed) : tile;
    case 'frame':
      return tile.phase === 'joining' || tile.phase === 'flowing' ? onFrame(tile, nowMs) : tile;
    case 'packets':
      return tile.phase === 'flowing' ? { ...tile, lastPacketAtMs: nowMs } : tile;
    case 'refused':
      return open ? wait(tile, input.refusal, nowMs, random) : tile;
    case 'failed':
      return open ? wait(tile, offline(input.code, input.sentence), nowMs, random) : tile;
  }
}

function onStart(tile: Tile, nowMs: number): Tile {
  if (nowMs < tile.notBeforeMs)
    return { ...tile, phase: 'waiting', phaseSinceMs: nowMs, retryAtMs: tile.notBeforeMs };
  const { lastFrameAtMs, mediaAddresses } = tile;
  return ask({ ...stoppedTile, lastFrameAtMs, mediaAddresses }, nowMs);
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
    suspectSinceMs: undefined,
    needsClick: false,
  };
}

function onAnswered(tile: Tile, nowMs: number): Tile {
  const joining: Tile = { ...tile, phase: 'joining', phaseSinceMs: nowMs };
  return tile.state === 'blocked' || tile.state === 'stalled' ? joining : shown(joining, 'connecting');
}

/**
 * Who waits for its turn to ask need not: it waits for the page's turns. Who was answered goes on, for it may be the one that
 * gets through. Whoever has another trouble keeps it.
 */
function onJudged(tile: Tile, blockedPorts: string | undefined, nowMs: number): Tile {
  if (tile.phase === 'stopped' || tile.phase === 'flowing') return tile;
  if (blockedPorts === undefined) {
    if (tile.state !== 'blocked') return tile;
    return shown(tile.phase === 'waiting' ? { ...tile, retryAtMs: nowMs } : tile, 'connecting');
  }
  if (!isOfPath(tile)) return tile;
  const { tile: state, code, sentence } = blocked(blockedPorts);
  const told: Tile = tile.state === 'blocked' ? tile : { ...tile, state, detail: { code, sentence } };
  return tile.phase === 'asking'
    ? { ...told, phase: 'waiting', phaseSinceMs: nowMs, retryAtMs: nowMs, notBeforeMs: 0 }
    : told;
}

/** Nothing is known against it but that it is not there. */
function isOfPath({ state, detail: { code } }: Tile): boolean {
  const hasReason = state === 'offline' || state === 'denied' || state === 'over-capacity';
  return !hasReason || (code !== undefined && ofPath.has(code));
}

const ofPath: ReadonlySet<string> = new Set<PlayerCode>([
  'connection-broken',
  'connection-lost',
  'no-answer',
]);

function onPath(tile: Tile, path: PathChange, nowMs: number, random: () => number): Tile {
  if (path === 'failed' && tile.phase === 'joining')
    return wait(tile, blocked(tile.mediaPorts), nowMs, random);
  if (path === 'failed' || path === 'ended')
    return wait(tile, offline('connection-broken', 'The connection to the relay broke.'), nowMs, random);
  if (path === 'disconnected') {
    return tile.phase === 'flowing' ? { ...tile, disconnectedAtMs: tile.disconnectedAtMs ?? nowMs } : tile;
  }
  if (tile.phase === 'flowing') return { ...tile, disconnectedAtMs: undefined };
  const flowing: Tile = { ...tile, phase: 'flowing', phaseSinceMs: nowMs };
  return tile.state === 'blocked' ? shown(flowing, 'connecting') : flowing;
}

/** A session that flows has to prove that it still does; one that waits tries at once; one that joins starts anew. */
function onNetworkChanged(tile: Tile, nowMs: number): Tile {
  switch (tile.phase) {
    case 'stopped':
    case 'asking':
      return tile;
    case 'waiting':
      return tile.state === 'over-capacity'
        ? tile
        : { ...tile, retryAtMs: Math.max(nowMs, tile.notBeforeMs) };
    case 'joining':
      return { ...tile, phase: 'waiting', phaseSinceMs: nowMs, retryAtMs: nowMs };
    case 'flowing':
      return { ...tile, suspectSinceMs: nowMs };
  }
}

function onPlayback(tile: Tile, allowed: boolean): Tile {
  if (tile.needsClick === !allowed) return tile;
  return allowed
    ? { ...tile, needsClick: false }
    : { ...tile, needsClick: true, state: 'stalled', detail: clickToPlay };
}

function onFrame(tile: Tile, nowMs: number): Tile {
  const seen = {
    ...tile,
    lastFrameAtMs: nowMs,
    firstFrameAtMs: tile.firstFrameAtMs ?? nowMs,
  };
  // It is decoded, but nobody sees it.
  if (tile.needsClick) return seen;
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
      return nowMs - tile.phaseSinceMs >= BLOCKED_MS
        ? wait(tile, blocked(tile.mediaPorts), nowMs, random)
        : tile;
    case 'flowing':
      return onTickFlowing(tile, nowMs, random);
  }
}

function onTickFlowing(tile: Tile, nowMs: number, random: () => number): Tile {
  if (tile.disconnectedAtMs !== undefined && nowMs - tile.disconnectedAtMs >= DISCONNECT_GRACE_MS) {
    return wait(tile, offline('connection-lost', 'The connection to the relay is lost.'), nowMs, random);
  }
  if (tile.suspectSinceMs !== undefined && nowMs - tile.suspectSinceMs >= SUSPICION_MS) {
    // What is heard of in the first half may have been on its way, or in the browser's buffers, before the change.
    const isProven = (tile.lastFrameAtMs ?? 0) - tile.suspectSinceMs >= SUSPICION_MS / 2;
    if (isProven) return { ...tile, suspectSinceMs: undefined };
    return { ...tile, phase: 'waiting', phaseSinceMs: nowMs, retryAtMs: nowMs };
  }
  const newestMs = Math.max(tile.phaseSinceMs, tile.lastFrameAtMs ?? 0);
  const silentMs = nowMs - newestMs;
  if (silentMs < STALL_MS) return tile;
  const packetsArrive = tile.lastPacketAtMs !== undefined && nowMs - tile.lastPacketAtMs < STALL_MS;
  if (packetsArrive && silentMs >= UNDECODED_MS) {
    return wait(
      tile,
      { ...offline('undecoded', 'Packets arrive, but this browser shows no picture.'), tile: 'stalled' },
      nowMs,
      random,
    );
  }
  return tile.state === 'stalled' ? tile : shown(tile, 'stalled');
}

function wait(tile: Tile, refusal: Refusal, nowMs: number, random: () => number): Tile {
  const proven =
    tile.firstFrameAtMs !== undefined && (tile.lastFrameAtMs ?? 0) - tile.firstFrameAtMs >= PROVEN_MS;
  const isBlocked = refusal.tile === 'blocked';
  // The relay answered: whatever else goes wrong after a night of it is a first failure.
  const failures = isBlocked ? 0 : proven ? 1 : tile.failures + 1;
  return {
    ...tile,
    phase: 'waiting',
    phaseSinceMs: nowMs,
    state: refusal.tile,
    detail: { code: refusal.code, reason: refusal.reason, sentence: refusal.sentence },
    failures,
    // The wait after `blocked` is our own, and does not grow: people are at work on the firewall.
    retryAtMs: nowMs + retryDelayMs(isBlocked ? 1 : failures, random, refusal.retryAfterMs),
    notBeforeMs: isBlocked ? 0 : nowMs + refusal.retryAfterMs,
  };
}

function shown(tile: Tile, state: TileState): Tile {
  return { ...tile, state, detail: plain(state) };
}

function plain(state: TileState): TileDetail {
  return { code: undefined, sentence: `${tileStates[state]}.` };
}

function offline(code: PlayerCode, sentence: string): Refusal {
  return { tile: 'offline', code, sentence, retryAfterMs: 0 };
}

const clickToPlay: TileDetail = {
  code: 'click-to-play',
  sentence: 'This browser starts no video by itself: click to play.',
};

function blocked(mediaPorts: string): Refusal {
  return {
    tile: 'blocked',
    code: 'media-blocked',
    sentence: `${tileStates.blocked}: the relay answers, but ${mediaPorts} cannot be reached. Let it through the firewalls in between, or set media.announce to an address that viewers reach.`,
    retryAfterMs: BLOCKED_RETRY_MS,
  };
}
