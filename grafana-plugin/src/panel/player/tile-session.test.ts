import type { TileState, WhepPlayer } from '@sightline/media-relay/client';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { RelaySource } from '../../relay/relay-source.ts';
import { TileSession } from './tile-session.ts';

interface Decoded {
  readonly width: number;
  readonly height: number;
  close(): void;
}
let decode: ((decoded: Decoded) => void) | undefined;

beforeEach(() => {
  decode = undefined;
  const element = { setAttribute: () => undefined, remove: () => undefined, getContext: () => null };
  vi.stubGlobal('document', { createElement: () => ({ ...element, videoWidth: 0, clientWidth: 0 }) });
  vi.stubGlobal('devicePixelRatio', 1);
  vi.stubGlobal('createImageBitmap', () => new Promise((resolve) => (decode = resolve)));
});
afterEach(() => vi.unstubAllGlobals());

test.each([
  ['is shown while no video gets through', 'blocked', true],
  ['that is decoded when the video has come is not', 'live', false],
] as const)('a still picture %s', async (_, stateWhenDecoded, showsStills) => {
  let tell: (state: TileState) => void = () => undefined;
  const session = new TileSession({
    sessions: {
      play: ({ onState }) => {
        tell = (state) => onState(state, { code: undefined, sentence: '' });
        return { lastFrameMs: undefined } as unknown as WhepPlayer;
      },
      remove: () => undefined,
      isPresent: () => true,
    },
    source: {
      whepUrl: () => '',
      still: () => Promise.resolve({ ok: true, jpeg: new Blob(), ageMs: 0 }),
    } as unknown as RelaySource,
    stream: 'gate',
    rendering: false,
  });
  tell('blocked');
  await vi.waitFor(() => expect(decode).toBeDefined());
  tell(stateWhenDecoded);
  await new Promise<void>((resolve) => decode?.({ width: 640, height: 360, close: resolve }));
  expect(session.snapshot).toMatchObject({ state: stateWhenDecoded, showsStills });
  session.close();
});
