/** The wall page: follows the relay's list of streams, one tile each. */
import { SessionManager } from '../session-manager.ts';
import { fetchSignalling } from '../signalling.ts';
import { keepAwake } from '../wake-lock.ts';
import { tileStates } from '../../stream/states.ts';
import type { TileState } from '../../stream/states.ts';
import { byId, setText, shiftPixels, showSummary } from '../page/elements.ts';
import { GridView } from './grid-view.ts';
import { tileWords } from './presentation.ts';
import { StreamList } from './stream-list.ts';
import type { Poll, WallStream } from './stream-list.ts';
import { TileView } from './tile-view.ts';

const POLL_MS = 2000;
const SECOND_MS = 1000;

const localNowMs = () => performance.timeOrigin + performance.now();
const sessions = new SessionManager();
const grid = new GridView(byId('grid'), byId('stage'));
const list = new StreamList(new URL('api/v1/streams', document.baseURI).href, fetchSignalling, {});
const banner = byId('banner');
const announcer = byId('announcer');
/** Relay clock minus local clock, as good as the list tells: for ages in seconds. */
let relayOffsetMs = 0;

async function follow(): Promise<void> {
  show(await list.poll());
  setTimeout(() => void follow(), POLL_MS);
}

function show(poll: Poll): void {
  const isBack = !banner.hidden && poll.kind !== 'trouble';
  setText(banner, poll.kind === 'trouble' ? poll.sentence : '');
  banner.hidden = poll.kind !== 'trouble';
  if (isBack) sessions.retryAll();
  if (poll.kind !== 'streams') return;
  relayOffsetMs = poll.nowMs - localNowMs();
  byId('empty').hidden = poll.streams.length > 0;
  const before = new Map(grid.tiles.map((tile) => [tile.name, tile]));
  const after = poll.streams.map((stream) => {
    const tile = before.get(stream.name) ?? tileOf(stream);
    before.delete(stream.name);
    tile.update(stream);
    return tile;
  });
  for (const gone of before.values()) gone.close();
  grid.show(after);
  summarise();
}

function tileOf(stream: WallStream): TileView {
  return new TileView({
    sessions,
    stream,
    localNowMs,
    relayNowMs: () => localNowMs() + relayOffsetMs,
    onPresented: (tile, before) => {
      summarise();
      // The first picture of a page that opens is no news; a camera that is lost or comes back is.
      const after = tile.presented;
      if (before === undefined || before.state === 'connecting' || after?.state === 'connecting') return;
      setText(announcer, `${tile.title}: ${after?.word ?? ''}`);
    },
  });
}

function summarise(): void {
  const counts = new Map<TileState, number>();
  for (const { presented } of grid.tiles) {
    if (presented !== undefined) counts.set(presented.state, (counts.get(presented.state) ?? 0) + 1);
  }
  const states = Object.keys(tileStates) as TileState[];
  showSummary(
    states.flatMap((state) => {
      const count = counts.get(state);
      return count === undefined ? [] : { state, word: tileWords[state], count };
    }),
  );
}

function everySecond(): void {
  setText(byId('clock'), new Date().toLocaleTimeString([], { hour12: false }));
  shiftPixels(Date.now());
  for (const tile of grid.tiles) tile.showAge();
}

keepAwake();
setInterval(everySecond, SECOND_MS);
everySecond();
void follow();
