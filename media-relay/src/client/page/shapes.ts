/** One shape per state and level, on all pages and in the panel: colour alone tells nobody anything. Paths in a box of 16 by 16. */
import type { StreamState, TileState } from '../../stream/states.ts';

export const statePaths = {
  idle: 'M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3m0 2a3 3 0 1 1 0 6 3 3 0 0 1 0-6',
  live: 'M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3z',
  connecting: 'M8 2a6 6 0 1 0 6 6h-2a4 4 0 1 1-4-4z',
  stalled: 'M3 2h4v12H3zM9 2h4v12H9z',
  offline: 'M3.8 2 8 6.2 12.2 2 14 3.8 9.8 8l4.2 4.2-1.8 1.8L8 9.8 3.8 14 2 12.2 6.2 8 2 3.8z',
  denied: 'M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1m-4.5 5.8h9v2.4h-9z',
  // Play, struck through: the stream is there and cannot be shown.
  refused: 'M4 6.6V14l4.6-2.8zM5.5 2.9 14 8l-2.1 1.3zM1.7.3l14 14-1.4 1.4-14-14z',
  'over-capacity': 'M1 2h14v3H1zM1 6.5h14v3H1zM1 11h14v3H1z',
  blocked: 'M8 1.5 15.5 14.5H.5zM7 6v4.5h2V6zm0 5.5v1.7h2v-1.7z',
} as const satisfies Record<TileState | StreamState, string>;

export const levelPaths = {
  ok: 'M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11z',
  raised: 'M8 2 14.5 13.5h-13z',
  high: 'M8 .8 15.2 8 8 15.2.8 8z',
  critical: 'M2 2h12v12H2z',
} as const;

export type ShapeName = keyof typeof statePaths | keyof typeof levelPaths;

export function pathOf(name: ShapeName): string {
  return { ...statePaths, ...levelPaths }[name];
}
