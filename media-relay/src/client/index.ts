export { SessionManager } from './session-manager.ts';
export { fetchSignalling } from './signalling.ts';
export type { SignalRequest, SignalResponse, Signalling } from './signalling.ts';
export type { TileStatistics } from './statistics.ts';
export type { TileDetail } from './tile-machine.ts';
export { WhepPlayer } from './whep-player.ts';
export type { WhepPlayerOptions } from './whep-player.ts';
export { tileStates } from '../stream/states.ts';
export type { Quality, TileState } from '../stream/states.ts';
