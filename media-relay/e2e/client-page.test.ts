/** What befalls a page of players in a real Chromium: hidden, asleep, in another network, not allowed to play, or many. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBrowser } from './support/browser.ts';
import type { TestBrowser } from './support/browser.ts';
import { StandInRelay, streamView } from './support/stand-in-relay.ts';
import { testPicture } from './support/test-picture.ts';
import type { TestPicture } from './support/test-picture.ts';
import { reaches, says, tile } from './support/tiles.ts';
import { takeLockBack, watchWakeLocks } from './support/wake-locks.ts';

let browser: TestBrowser;
let picture: TestPicture;

beforeAll(async () => {
  [browser, picture] = await Promise.all([openBrowser(), testPicture()]);
});

afterAll(async () => {
  await Promise.all([browser.close(), picture[Symbol.asyncDispose]()]);
});

/** Says to the page that it is hidden or shown; a headless browser shows all its pages always. */
function showPage(page: Page, visibility: 'visible' | 'hidden'): Promise<void> {
  return page.evaluate(`(() => {
    Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => '${visibility}' });
    document.dispatchEvent(new Event('visibilitychange'));
  })()`);
}

test('tiles that nobody sees end their sessions after some seconds: behind another one, or on a hidden page', async () => {
  await using relay = await StandInRelay.start([streamView('gate'), streamView('yard')], () => picture);
  const { page } = await browser.page();
  await page.addInitScript(`
    window.wakeLocks = 0;
    WakeLock.prototype.request = () => Promise.reject(new Error(String(window.wakeLocks++)));
  `);
  await page.goto(relay.url);
  await Promise.all([reaches(page, 'gate', 'live'), reaches(page, 'yard', 'live')]);
  await page.locator(tile('gate')).click();
  await expect.poll(() => relay.sessions, { timeout: 10_000 }).toBe(1);

  // Refused at first, and asked for again with the click.
  expect(await page.evaluate('window.wakeLocks')).toBe(2);
  // As a host does that lets people hear it.
  const video = `document.querySelector('${tile('gate')} video')`;
  await page.evaluate(`${video}.muted = false`);
  await showPage(page, 'hidden');
  await showPage(page, 'visible');
  await showPage(page, 'hidden');
  expect(await page.evaluate('window.wakeLocks')).toBe(3);
  await expect.poll(() => relay.sessions, { timeout: 10_000 }).toBe(0);
  expect([relay.offers('gate').length, relay.offers('yard').length]).toEqual([1, 1]);

  await showPage(page, 'visible');
  await reaches(page, 'gate', 'live');
  expect(relay.sessions).toBe(1);
  expect(await page.evaluate(`${video}.muted`)).toBe(false);
  await page.keyboard.press('Escape');
  await expect.poll(() => relay.offers('yard').length, { timeout: 5000 }).toBe(2);
  await reaches(page, 'yard', 'live');
  await page.close();
}, 40_000);

test('the screen is kept on for good: what the browser takes back is asked for again, by nobody’s hand', async () => {
  await using relay = await StandInRelay.start([], () => picture);
  const { page } = await browser.page();
  await page.addInitScript(watchWakeLocks);
  await page.goto(relay.url);
  await takeLockBack(page);
  await page.close();
});

test('keeps its session over a short loss of the network; replaces one that died with the network or in sleep', async () => {
  await using relay = await StandInRelay.start([streamView('gate')], () => picture);
  const { page } = await browser.page();
  await page.goto(relay.url);
  await reaches(page, 'gate', 'live');
  await page.context().setOffline(true);
  await says(page, '#banner', /cannot be reached/);
  await page.context().setOffline(false);
  await expect.poll(() => page.locator('#banner').isVisible(), { timeout: 5000 }).toBe(false);
  expect(relay.offers('gate')).toHaveLength(1);

  relay.silent.add('gate');
  await page.evaluate(`dispatchEvent(new Event('online'))`);
  await expect.poll(() => relay.offers('gate').length, { timeout: 10_000 }).toBe(2);
  relay.silent.delete('gate');
  await reaches(page, 'gate', 'live');

  relay.silent.add('gate');
  await page.evaluate('(() => { const now = Date.now; Date.now = () => now() + 3_600_000; })()');
  await expect.poll(() => relay.offers('gate').length, { timeout: 10_000 }).toBe(3);
  relay.silent.delete('gate');
  await reaches(page, 'gate', 'live');
  await page.close();
}, 60_000);

test('goodbyes that are never answered do not keep the next offers from leaving', async () => {
  // A browser has six connections to one relay.
  const names = Array.from({ length: 7 }, (_, i) => `cam-${i}`);
  await using relay = await StandInRelay.start(
    names.map((name) => streamView(name)),
    () => picture,
  );
  const { page } = await browser.page();
  await page.goto(relay.url);
  await Promise.all(names.map((name) => reaches(page, name, 'live')));
  relay.unanswered.add('DELETE');
  for (const name of names) relay.silent.add(name);
  await page.evaluate(`dispatchEvent(new Event('online'))`);
  const offers = () => names.map((name) => relay.offers(name).length);
  await expect.poll(offers, { timeout: 15_000 }).toEqual(names.map(() => 2));
  await page.close();
}, 40_000);

test('joins that find no media path let the next offers leave long before they are given up', async () => {
  const names = Array.from({ length: 8 }, (_, i) => `cam-${i}`);
  await using relay = await StandInRelay.start(
    names.map((name) => streamView(name)),
    () => picture,
  );
  relay.deadMediaPort = true;
  const { page } = await browser.page();
  await page.goto(relay.url);
  const asked = () => new Set(names.flatMap((name) => relay.offers(name)).map(({ path }) => path)).size;
  await expect.poll(asked, { timeout: 15_000 }).toBe(8);
  expect(relay.asked.filter(({ method }) => method === 'DELETE')).toEqual([]);
  await page.close();
});

test('where the browser starts no video by itself, a click does', async () => {
  await using relay = await StandInRelay.start([streamView('gate')], () => picture);
  const { page } = await browser.page();
  await page.addInitScript(`
    const { play } = HTMLMediaElement.prototype;
    let isClicked = false;
    addEventListener('pointerdown', () => (isClicked = true), { capture: true });
    HTMLMediaElement.prototype.play = function () {
      if (isClicked) return play.call(this);
      this.pause();
      return Promise.reject(new DOMException('no gesture yet', 'NotAllowedError'));
    };
  `);
  await page.goto(relay.url);
  await reaches(page, 'gate', 'stalled');
  await says(page, `${tile('gate')} .sentence`, /click to play/);
  await page.locator(tile('gate')).click();
  await reaches(page, 'gate', 'live');
  expect(relay.offers('gate')).toHaveLength(1);

  // And where it pauses one for reasons of its own, nobody has to.
  const video = `document.querySelector('${tile('gate')} video')`;
  expect(await page.evaluate(`(${video}.pause(), ${video}.paused)`)).toBe(true);
  await expect.poll(() => page.evaluate(`${video}.paused`), { timeout: 10_000 }).toBe(false);
  await page.close();
});

test('a browser without WebRTC is told so on its tiles', async () => {
  await using relay = await StandInRelay.start([streamView('gate')], () => picture);
  const { page, errors } = await browser.page();
  await page.addInitScript('delete window.RTCPeerConnection');
  await page.goto(relay.url);
  await says(page, `${tile('gate')} .sentence`, /This browser cannot play the stream/);
  expect(errors).toEqual([]);
  await page.close();
});

test('40 tiles join one after the other, and a relay that is away hears of all of them together now and then', async () => {
  const names = Array.from({ length: 40 }, (_, i) => `cam-${i}`);
  await using relay = await StandInRelay.start(
    names.map((name) => streamView(name)),
    () => picture,
  );
  for (const name of names)
    relay.refusals.set(name, { code: 'shutting-down', detail: 'Later.', retryAfterSeconds: 2 });
  const { page } = await browser.page();
  const startMs = performance.now();
  await page.goto(relay.url);
  const offers = () => relay.asked.filter(({ method }) => method === 'POST');
  await expect.poll(() => performance.now() - startMs, { timeout: 10_000 }).toBeGreaterThan(4000);
  // As many as were on their way when the first answer came, then one at a time.
  expect(offers().length).toBeLessThan(12);

  for (const name of names) relay.refusals.set(name, { code: 'forbidden', detail: 'No.' });
  relay.asked.length = 0;
  await expect.poll(() => new Set(offers().map(({ path }) => path)).size, { timeout: 20_000 }).toBe(40);
  const gapsMs = offers()
    .slice(1, 40)
    .map(({ atMs }, i) => atMs - (offers()[i]?.atMs ?? 0));
  expect(gapsMs.reduce((sum, gapMs) => sum + gapMs, 0)).toBeGreaterThan(38 * 30);
  await page.close();
}, 60_000);
