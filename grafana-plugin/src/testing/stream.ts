import type { RelayStream } from '../relay/relay-streams.ts';

export function stream(name: string, facts: Partial<RelayStream> = {}): RelayStream {
  return {
    name,
    title: name,
    site: undefined,
    labels: {},
    state: 'live',
    reason: undefined,
    reasonCode: undefined,
    warnings: [],
    flags: [],
    videoCodec: 'H264',
    audioCodec: undefined,
    width: 640,
    height: 360,
    framesPerSecond: 25,
    bitrateBps: 1_000_000,
    viewers: 0,
    lastFrameMs: undefined,
    ...facts,
  };
}
