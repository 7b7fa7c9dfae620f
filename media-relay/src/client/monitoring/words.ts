import type { StreamState } from '../../stream/states.ts';

export const streamWords = {
  idle: 'Idle',
  connecting: 'Connecting',
  live: 'Live',
  stalled: 'Stalled',
  offline: 'Offline',
  refused: 'Refused',
} as const satisfies Record<StreamState, string>;
