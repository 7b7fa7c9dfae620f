/** What players in a real Chromium try again, and what they do not: offers, reports of their size, paths that went dead. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBrowser } from './support/browser.ts';
import type { TestBrowser } from './support/browser.ts';
import { StandInRelay, streamView } from './support/stand-in-relay.ts';
import { testPicture } from './support/test-picture.ts';
import type { TestPicture } from './support/test-picture.ts';
import { keepStates, reaches, says, tile } from './support/tiles.ts';

let browser: TestBrowser;
let picture: TestPicture;

beforeAll(async () => {
  [browser, picture] = await Promise.all([openBrowser(), testPicture()]);
});

afterAll(async () => {
  await Promise.all([browser.close(), picture[Symbol.asyncDispose]()]);
});

const countPeers = `
  window.peers = window.closedPeers = 0;
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...all) { super(...all); peers++; }
    close() { super.close(); closedPeers++; }
  };
`;

const isOffer = /\/api\/v1\/whep\/[^/]+$/;

test('an offer that is refused, or not answered at all, costs no further peer connection', async () => {
  await using relay = await StandInRelay.start([streamView('gate')], () => picture);
  relay.refusals.set('gate', { code: 'stream-not-ready', detail: 'Not yet.' });
  const { page } = await browser.page();
  await page.addInitScript(countPeers);
  await page.goto(relay.url);
  await says(page, `${tile('gate')} .sentence`, /Not yet/);
  // A page that is put away keeps nothing open, and what was made in another network is of no use.
  await page.evaluate(`dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))`);
  expect(await page.evaluate('closedPeers')).toBe(1);
  await page.evaluate(`dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))`);
  await expect.poll(() => page.evaluate('[peers, closedPeers]'), { timeout: 10_000 }).toEqual([2, 1]);
  const offers = relay.offers('gate').length;
  await expect.poll(() => relay.offers('gate').length, { timeout: 10_000 }).toBeGreaterThan(offers);
  await page.evaluate(`dispatchEvent(new Event('online'))`);
  await expect.poll(() => page.evaluate('[peers, closedPeers]'), { timeout: 10_000 }).toEqual([3, 2]);
  await relay.vanish();
  await says(page, `${tile('gate')} .sentence`, /relay cannot be reached/);
  relay.refusals.clear();
  await relay.listen();
  await reaches(page, 'gate', 'live');
  expect(await page.evaluate('[peers, closedPeers]')).toEqual([3, 2]);
  await page.close();
}, 60_000);

test('a tile that goes while its offer is on its way leaves no session behind', async () => {
  await using relay = await StandInRelay.start([streamView('gate')], () => picture);
  const { page } = await browser.page();
  const answer = Promise.withResolvers<void>();
  await page.route(isOffer, async (route) => {
    const response = await route.fetch();
    await answer.promise;
    await route.fulfill({ response });
  });
  await page.goto(relay.url);
  await expect.poll(() => relay.sessions).toBe(1);
  await page.evaluate(`dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))`);
  answer.resolve();
  await expect.poll(() => relay.sessions).toBe(0);
  expect(relay.asked.filter(({ method }) => method === 'DELETE')).toHaveLength(1);
  await page.close();
});

test('a handshake that fails where the path stands is no fault of the network: the next one follows at once', async () => {
  await using relay = await StandInRelay.start([streamView('gate')], () => picture);
  const { page } = await browser.page();
  // The certificate is not the one that the answer names.
  await page.route(
    isOffer,
    async (route) => {
      const response = await route.fetch();
      const answer = await response.text();
      const body = answer.replaceAll(/^(a=fingerprint:sha-256 )..:../gm, (_, name: string) => `${name}00:00`);
      await route.fulfill({ response, body });
    },
    { times: 1 },
  );
  await page.addInitScript(keepStates);
  await page.goto(relay.url);
  await reaches(page, 'gate', 'live');
  expect(await page.evaluate('states')).toEqual(['connecting', 'offline', 'connecting', 'live']);
  expect(relay.offers('gate')).toHaveLength(2);
  await page.close();
});

test('the size of a tile is told again until the relay has heard it', async () => {
  await using relay = await StandInRelay.start([streamView('gate')], () => picture);
  const { page } = await browser.page();
  await page.goto(relay.url);
  await reaches(page, 'gate', 'live');
  const before = relay.wishes('gate').length;
  relay.wishesRefused = 2;
  await page.setViewportSize({ width: 500, height: 400 });
  await expect.poll(() => relay.wishes('gate').length, { timeout: 10_000 }).toBe(before + 3);
  // Heard: the next one tells of the next size.
  await page.setViewportSize({ width: 900, height: 700 });
  await expect.poll(() => relay.wishes('gate').length, { timeout: 10_000 }).toBe(before + 4);
  await page.close();
});

test('a path on which media arrives no more is replaced; that of a camera that stalls is not', async () => {
  await using relay = await StandInRelay.start([streamView('gate'), streamView('yard')], () => picture);
  const { page } = await browser.page();
  await page.goto(relay.url);
  await Promise.all([reaches(page, 'gate', 'live'), reaches(page, 'yard', 'live')]);
  relay.lost.add('gate');
  relay.silent.add('yard');
  // Time passes four times as fast.
  await page.evaluate(`(() => {
    const now = performance.now.bind(performance);
    const fromMs = now();
    performance.now = () => fromMs + 4 * (now() - fromMs);
  })()`);
  await expect.poll(() => relay.offers('gate').length, { timeout: 30_000 }).toBe(2);
  relay.lost.delete('gate');
  await reaches(page, 'gate', 'live');
  await reaches(page, 'yard', 'stalled');
  expect(relay.offers('yard')).toHaveLength(1);
  await page.close();
}, 60_000);
