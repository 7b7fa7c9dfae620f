/** What viewers in a real browser live through when a media thread dies, and when the relay is told to stop. */
import { connect } from 'node:net';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestViewer } from '../src/testing/test-viewer.ts';
import { openBrowser } from './support/browser.ts';
import type { TestBrowser } from './support/browser.ts';
import { TestRelay } from './support/relay.ts';
import { keepStates } from './support/tiles.ts';

const demo = (title: string): string =>
  `demo:?width=320&height=180&fps=20&gop=40&bitrate=300000&title=${title}`;

let browser: TestBrowser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());

/** Keeps every peer connection, and every state that each tile was in since the last `watchStates()`. */
const witness = `
  window.peers = [];
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...args) { super(...args); window.peers.push(this); }
  };
  window.watchStates = () => {
    window.states = {};
    for (const tile of document.querySelectorAll('[data-stream]')) {
      const seen = window.states[tile.dataset.stream] = [tile.dataset.state];
      new MutationObserver(() => {
        if (seen.at(-1) !== tile.dataset.state) seen.push(tile.dataset.state);
      }).observe(tile, { attributes: true, attributeFilter: ['data-state'] });
    }
  };
  window.frames = (stream) =>
    document.querySelector('[data-stream="' + stream + '"] video').getVideoPlaybackQuality().totalVideoFrames;
  window.loss = async () => {
    const peers = window.peers.filter(({ connectionState }) => connectionState === 'connected');
    const reports = await Promise.all(peers.map((peer) => peer.getStats()));
    return reports.flatMap((report) => [...report.values()])
      .filter(({ type }) => type === 'inbound-rtp').map(({ packetsLost }) => packetsLost);
  };
`;

async function openWall(relay: TestRelay, ...streams: string[]): Promise<Page> {
  const { page } = await browser.page();
  await page.addInitScript(witness);
  await page.goto(relay.url);
  for (const stream of streams) await reaches(page, stream, 'live');
  return page;
}

/** A wall that gets its first answer only after `meanwhile`. */
async function joinLate(relay: TestRelay, meanwhile: () => Promise<void>): Promise<Page> {
  const { page } = await browser.page();
  await page.addInitScript(keepStates);
  const joining = Promise.withResolvers<void>();
  await page.route(
    /\/api\/v1\/whep\/cam\?/,
    async (route) => {
      const response = await route.fetch();
      joining.resolve();
      await meanwhile();
      await route.fulfill({ response });
    },
    { times: 1 },
  );
  await page.goto(relay.url);
  await joining.promise;
  return page;
}

function reaches(page: Page, stream: string, state: string): Promise<unknown> {
  const selector = `[data-stream="${stream}"][data-state="${state}"]`;
  return page.waitForSelector(selector, { timeout: 20_000, state: 'attached' });
}

/** By polling from outside: the page's policy allows no code made of strings. */
async function until(page: Page, expression: string): Promise<void> {
  await expect.poll(() => page.evaluate(expression), { timeout: 20_000, interval: 25 }).toBe(true);
}

function statesOf(page: Page, stream: string): Promise<string[]> {
  return page.evaluate<string[]>(`states[${JSON.stringify(stream)}]`);
}

/** The stream of each session that ended with its media thread. */
async function lostWithThread(relay: TestRelay): Promise<string[]> {
  const events = await relay.events('?type=viewer-left&limit=1000');
  return events.flatMap((event) =>
    event.kind === 'viewer-left' && event.reason === 'engine-stopped' ? [event.stream] : [],
  );
}

test('a media thread dies: its viewers are back within 5 s, those of the other thread lose nothing', async () => {
  await using relay = await TestRelay.start(
    { dying: demo('dying'), other: demo('other') },
    { threads: 2, isObserved: true },
  );
  await relay.live('dying', 'other');
  const page = await openWall(relay, 'dying', 'other');
  await expect
    .poll(async () => (await relay.observer.facts()).snapshot?.threads, { timeout: 5000 })
    .toMatchObject([
      { index: 0, streams: 1, sessions: 1, restartsTotal: 0 },
      { index: 1, streams: 1, sessions: 1, restartsTotal: 0 },
    ]);
  await page.evaluate('watchStates()');
  const otherFrames = await page.evaluate<number>('frames("other")');

  const killedMs = performance.now();
  await relay.observer.killThread(0);
  await until(page, 'states.dying.length > 1');
  await reaches(page, 'dying', 'live');
  const before = await page.evaluate<number>('frames("dying")');
  await until(page, `frames("dying") >= ${before + 5}`);
  expect(performance.now() - killedMs).toBeLessThan(5000);

  expect(await statesOf(page, 'other')).toEqual(['live']);
  expect(await page.evaluate<number>('frames("other")')).toBeGreaterThan(otherFrames + 20);
  expect(await page.evaluate('loss()')).toEqual([0, 0]);
  expect(await relay.events('?type=engine-restart')).toMatchObject([
    { thread: 0, reason: expect.any(String) },
  ]);
  expect((await relay.events('?stream=other&type=viewer-joined')).length).toBe(1);
  expect((await relay.events('?stream=dying&type=viewer-joined')).length).toBe(2);
  expect(await lostWithThread(relay)).toEqual(['dying']);
  await expect
    .poll(async () => (await relay.observer.facts()).snapshot?.threads, { timeout: 5000 })
    .toMatchObject([
      { index: 0, isRunning: true, streams: 1, sessions: 1, restartsTotal: 1 },
      { index: 1, isRunning: true, streams: 1, sessions: 1, restartsTotal: 0 },
    ]);
  expect(JSON.parse((await relay.ask('/health')).body)).toMatchObject({ status: 'ok', reasons: [] });
  await page.close();
}, 60_000);

test('a media thread hangs: it is ended and replaced, and its viewers are back', async () => {
  await using relay = await TestRelay.start({ cam: demo('cam') }, { isObserved: true });
  await relay.live('cam');
  const page = await openWall(relay, 'cam');
  await page.evaluate('watchStates()');

  await relay.observer.hangThread(0);
  await until(page, 'states.cam.length > 1');
  await reaches(page, 'cam', 'live');
  const before = await page.evaluate<number>('frames("cam")');
  await until(page, `frames("cam") >= ${before + 5}`);
  expect(await relay.events('?type=engine-restart')).toMatchObject([
    { thread: 0, reason: 'the media thread hung: not a word for 5 s' },
  ]);
  // Whoever asked in vain meanwhile had no session.
  expect(await lostWithThread(relay)).toEqual(['cam']);
  await page.close();
}, 60_000);

test('a media thread dies between the answer and the keys: the viewer joins again at once, and blames no network', async () => {
  await using relay = await TestRelay.start({ cam: demo('cam') }, { isObserved: true });
  await relay.live('cam');
  const page = await joinLate(relay, () => relay.observer.killThread(0));
  await reaches(page, 'cam', 'live');
  expect(await page.evaluate('states')).not.toContain('blocked');
  await page.close();
}, 60_000);

test('SIGTERM: the wall learns of it at once, plays on when the relay is back; who asks meanwhile is told when to', async () => {
  await using relay = await TestRelay.start({ cam: demo('cam') });
  await relay.live('cam');
  const page = await openWall(relay, 'cam');
  await page.evaluate('watchStates()');
  const restarted = Promise.withResolvers<void>();
  const joining = await joinLate(relay, () => restarted.promise);
  const viewer = new TestViewer();
  const late = beginOffer(relay.port, 'cam', viewer.offer());
  await late.begun;

  const stopped = relay.stop('SIGTERM');
  await until(page, 'states.cam.length > 1');
  expect(await statesOf(page, 'cam')).toEqual(['live', 'offline']);
  const answer = await late.finish();
  expect(answer).toMatch(/^HTTP\/1\.1 503 /);
  expect(answer).toMatch(/^Retry-After: [1-9]/m);
  expect(answer).toContain('"code":"shutting-down"');
  expect(await stopped).toMatchObject({ code: 0 });
  viewer.close();

  await relay.start();
  restarted.resolve();
  expect((await relay.events('?type=relay-stop')).length).toBe(1);
  expect((await relay.events('?type=viewer-left')).at(-1)).toMatchObject({ reason: 'shutdown' });
  await Promise.all([reaches(page, 'cam', 'live'), reaches(joining, 'cam', 'live')]);
  // Its session was over before it had keys.
  expect(await joining.evaluate('states')).not.toContain('blocked');
  await Promise.all([page.close(), joining.close()]);
}, 60_000);

/** An offer whose last byte is held back: `begun` once the relay has read the rest. */
function beginOffer(port: number, stream: string, sdp: string) {
  const head = [
    `POST /api/v1/whep/${stream} HTTP/1.1`,
    'Host: localhost',
    'Content-Type: application/sdp',
    `Content-Length: ${Buffer.byteLength(sdp)}`,
    'Expect: 100-continue',
  ];
  const socket = connect(port, '127.0.0.1');
  let received = '';
  const begun = new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    // "100 Continue" says that the request is in the relay's hands.
    socket.once('data', () => resolve());
  });
  socket.setEncoding('latin1').on('data', (piece: string) => (received += piece));
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  const finish = async (): Promise<string> => {
    const ended = new Promise<void>((resolve) => void socket.once('close', () => resolve()));
    socket.write(sdp);
    await ended;
    return received.slice(received.indexOf('\r\n\r\n') + 4);
  };
  return { begun, finish };
}
