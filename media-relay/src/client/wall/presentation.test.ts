import { expect, test } from 'vitest';
import { tileStates } from '../../stream/states.ts';
import type { StreamState } from '../../stream/states.ts';
import { present } from './presentation.ts';
import type { WallStream } from './stream-list.ts';

const blocked = { code: 'media-blocked', sentence: 'UDP port 8641 cannot be reached. Let it through.' };

function stream(state: StreamState, reason?: string): WallStream {
  return {
    name: 'dock',
    title: 'Dock',
    site: undefined,
    state,
    reason,
    flags: [],
    warnings: [],
    lastFrameMs: 0,
  };
}

test('a camera that is not there is no matter of the firewall, whatever the other tiles were told', () => {
  expect(present('blocked', blocked, stream('offline', 'No answer.'))).toEqual({
    state: 'offline',
    shape: 'offline',
    word: 'Offline',
    sentence: 'No answer.',
  });
  expect(present('blocked', blocked, stream('offline')).sentence).toBe(`${tileStates.offline}.`);
  expect(present('blocked', blocked, stream('refused', 'B-frames.'))).toMatchObject({
    word: 'Refused',
    sentence: 'B-frames.',
  });
});

test.each(['live', 'idle', 'stalled'] as const)('one that is %s may be behind one', (state) => {
  expect(present('blocked', blocked, stream(state))).toEqual({
    state: 'blocked',
    shape: 'blocked',
    word: 'Blocked',
    sentence: blocked.sentence,
  });
});
