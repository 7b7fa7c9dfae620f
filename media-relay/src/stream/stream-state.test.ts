import { expect, test } from 'vitest';
import { streamState, type StreamFacts } from './stream-state.ts';

const facts: StreamFacts = {
  wanted: true,
  link: 'connecting',
  lastFrameMs: undefined,
  failed: false,
  refusal: undefined,
};

test.each<[string, Partial<StreamFacts>, string]>([
  ['nobody watches an on-demand camera', { wanted: false, link: 'off' }, 'idle'],
  ['the first connection is under way', {}, 'connecting'],
  ['connected, the first frame is still to come', { link: 'connected' }, 'connecting'],
  ['frames arrive', { link: 'connected', lastFrameMs: 96_000 }, 'live'],
  ['the last frame is 5 s old to the millisecond', { link: 'connected', lastFrameMs: 95_000 }, 'live'],
  ['and one more', { link: 'connected', lastFrameMs: 94_999 }, 'stalled'],
  ['connected again after a failure, but no frame', { link: 'connected', failed: true }, 'stalled'],
  ['the first attempt failed', { link: 'waiting', failed: true }, 'offline'],
  ['trying again', { link: 'connecting', failed: true }, 'offline'],
  [
    'the connection broke a moment ago: frames are still young',
    { link: 'waiting', failed: true, lastFrameMs: 99_000 },
    'live',
  ],
  ['it broke long ago', { link: 'connecting', lastFrameMs: 1000 }, 'offline'],
  ['the codec cannot be shown', { link: 'connected', lastFrameMs: 99_000, refusal: 'H265' }, 'refused'],
  ['lingering after the last viewer', { wanted: false, link: 'connected', lastFrameMs: 99_900 }, 'live'],
])('%s', (_name, change, state) => {
  expect(streamState({ ...facts, ...change }, 100_000)).toBe(state);
});
