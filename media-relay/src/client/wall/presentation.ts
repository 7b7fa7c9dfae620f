/** What a tile says, from what its player and the relay know. Pure. */
import { tileStates } from '../../stream/states.ts';
import type { PictureFlag, StreamState, TileState } from '../../stream/states.ts';
import type { TileStatistics } from '../statistics.ts';
import type { TileDetail } from '../tile-machine.ts';
import type { WallStream } from './stream-list.ts';

export const tileWords = {
  live: 'Live',
  connecting: 'Connecting',
  stalled: 'Stalled',
  offline: 'Offline',
  denied: 'Not allowed',
  'over-capacity': 'Relay full',
  blocked: 'Blocked',
} as const satisfies Record<TileState, string>;

const flagWords = {
  frozen: 'Frozen',
  black: 'Black',
  overexposed: 'Overexposed',
  underexposed: 'Too dark',
  blurred: 'Blurred',
} as const satisfies Record<PictureFlag, string>;

/** A flag that this page does not know yet is shown as the relay wrote it. */
export function flagText(flag: string): string {
  return Object.hasOwn(flagWords, flag) ? flagWords[flag as PictureFlag] : flag;
}

export interface Presentation {
  /** Chooses the colour. */
  readonly state: TileState;
  readonly shape: TileState | 'refused';
  readonly word: string;
  readonly sentence: string;
}

/** The browser and the stream do not go together: trying again changes nothing until one of them changes. */
const unplayable = new Set(['no-common-codec', 'stream-refused', 'offer-without-video', 'offer-malformed']);

/** The relay sees the camera, the player sees the relay: the one nearer to the fault explains it. */
export function present(tile: TileState, detail: TileDetail, stream: WallStream): Presentation {
  // Who was never asked for says `blocked` by what others were told: there may be no camera behind it.
  const isBlocked = tile === 'blocked';
  const relayExplains = isBlocked || tile === 'connecting' || tile === 'stalled' || tile === 'offline';
  const reason = stream.reason ?? (isBlocked ? `${tileStates.offline}.` : detail.sentence);
  if (relayExplains && stream.state === 'refused')
    return { state: 'offline', shape: 'refused', word: 'Refused', sentence: reason };
  if (detail.code !== undefined && unplayable.has(detail.code)) {
    return { state: tile, shape: 'refused', word: 'Cannot play', sentence: detail.sentence };
  }
  if (relayExplains && stream.state === 'offline')
    return { state: 'offline', shape: 'offline', word: tileWords.offline, sentence: reason };
  if (tile === 'connecting' && stream.state === 'connecting') {
    return {
      state: tile,
      shape: tile,
      word: tileWords.connecting,
      sentence: 'The relay connects to the camera.',
    };
  }
  return { state: tile, shape: tile, word: tileWords[tile], sentence: detail.sentence };
}

/** The relay just got the camera back. */
export function cameBack(before: StreamState, after: StreamState): boolean {
  return before !== 'live' && after === 'live';
}

export function statisticsLine(statistics: TileStatistics): readonly string[] {
  const { fps, bitrateBps, delayMs, width, height } = statistics;
  return [
    ...(delayMs === undefined ? [] : [`${Math.max(0, Math.round(delayMs))} ms`]),
    `${Math.round(fps)} fps`,
    bitrateText(bitrateBps),
    ...(width === undefined || height === undefined ? [] : [`${width}×${height}`]),
  ];
}

export function bitrateText(bitrateBps: number): string {
  if (bitrateBps >= 999_500) return `${(bitrateBps / 1e6).toFixed(bitrateBps >= 9_950_000 ? 0 : 1)} Mbit/s`;
  return `${Math.round(bitrateBps / 1000)} kbit/s`;
}

/** A duration as a person says it, rounded down: '12 s', '3 min', '2 h 5 min', '4 d 3 h'. */
export function durationText(durationMs: number): string {
  const seconds = Math.max(0, Math.floor(durationMs / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
