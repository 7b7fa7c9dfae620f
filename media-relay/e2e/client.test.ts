/** The browser player and the wall page in a real Chromium, against a relay that misbehaves on demand. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBrowser, readPicture } from './support/browser.ts';
import type { TestBrowser } from './support/browser.ts';
import { StandInRelay, streamView } from './support/stand-in-relay.ts';
import { testPicture } from './support/test-picture.ts';
import type { TestPicture } from './support/test-picture.ts';
import { reaches, says, tile } from './support/tiles.ts';

let browser: TestBrowser;
let picture: TestPicture;

beforeAll(async () => {
  [browser, picture] = await Promise.all([openBrowser(), testPicture()]);
});

afterAll(async () => {
  await Promise.all([browser.close(), picture[Symbol.asyncDispose]()]);
});

test('plays a stream below a path prefix: decoded pixels, statistics, delay, and nothing that the policy forbids', async () => {
  const gate = streamView('gate', { title: 'Front gate', site: 'North yard' });
  await using relay = await StandInRelay.start([gate], () => picture, '/cameras/');
  const { page, errors } = await browser.page();
  await page.goto(relay.url);
  await reaches(page, 'gate', 'live');
  await says(page, `${tile('gate')} .statistics`, /^\d{1,3} ms(29|30|31) fps[\d.]+ [kM]bit\/s640×360$/);
  const facts = await readPicture(page, `${tile('gate')} video`);
  expect(facts).toMatchObject({ width: 640, height: 360 });
  expect(facts.meanLuma).toBeGreaterThan(40);
  expect(facts.contrast).toBeGreaterThan(20);
  expect(await page.locator(`${tile('gate')} button`).getAttribute('aria-label')).toBe(
    'Front gate, North yard, Live',
  );
  expect(errors).toEqual([]);

  await page.goto('about:blank');
  await expect.poll(() => relay.sessions, { timeout: 5000 }).toBe(0);
  await page.close();
});

test('stalls when the pictures stop, keeps the session and the last picture, and goes on when they come again', async () => {
  await using relay = await StandInRelay.start([streamView('gate')], () => picture);
  const { page } = await browser.page();
  await page.goto(relay.url);
  await reaches(page, 'gate', 'live');
  relay.silent.add('gate');
  await reaches(page, 'gate', 'stalled');
  await says(page, `${tile('gate')} .age`, /^Last picture [3-9] s ago$/);
  expect(await page.locator(`${tile('gate')} .still`).isVisible()).toBe(true);
  relay.silent.delete('gate');
  await reaches(page, 'gate', 'live');
  expect(relay.offers('gate')).toHaveLength(1);
  await page.close();
});

test('a relay that vanishes leaves the tile offline under a banner; it reconnects by itself', async () => {
  await using relay = await StandInRelay.start([streamView('gate')], () => picture);
  const { page } = await browser.page();
  await page.goto(relay.url);
  await reaches(page, 'gate', 'live');
  await relay.vanish();
  await reaches(page, 'gate', 'offline');
  await says(page, '#banner', /cannot be reached/);
  await relay.listen();
  await reaches(page, 'gate', 'live', 20_000);
  await expect.poll(() => page.locator('#banner').isVisible(), { timeout: 5000 }).toBe(false);
  await page.close();
}, 60_000);

test('shows why it was refused, and honours Retry-After', async () => {
  const streams = ['denied', 'full', 'codec', 'camera'].map((name) => streamView(name));
  await using relay = await StandInRelay.start(streams, () => picture);
  relay.streams[3] = streamView('camera', { state: 'offline', reason: 'The camera refuses the password.' });
  relay.refusals.set('denied', { code: 'forbidden', detail: 'This token may not watch denied.' });
  relay.refusals.set('full', {
    code: 'over-capacity',
    detail: 'All 10 places are taken.',
    retryAfterSeconds: 4,
  });
  relay.refusals.set('codec', { code: 'no-common-codec', detail: 'This browser offers no H.264.' });
  relay.refusals.set('camera', { code: 'stream-not-ready', detail: 'No picture yet.', retryAfterSeconds: 2 });
  const { page } = await browser.page();
  await page.goto(relay.url);
  await reaches(page, 'denied', 'denied');
  await says(page, `${tile('denied')} .sentence`, /^This token may not watch denied\.$/);
  await reaches(page, 'full', 'over-capacity');
  await says(page, `${tile('full')} .sentence`, /^All 10 places are taken\.$/);
  await says(page, `${tile('codec')} .trouble-word`, /^Cannot play$/);
  await says(page, `${tile('codec')} .sentence`, /^This browser offers no H\.264\.$/);
  await says(page, `${tile('camera')} .sentence`, /^The camera refuses the password\.$/);

  await expect.poll(() => relay.offers('full').length, { timeout: 10_000 }).toBe(2);
  relay.refusals.delete('full');
  const [first, second] = relay.offers('full');
  expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(4000);
  await reaches(page, 'full', 'live');
  await page.close();
}, 60_000);

test('follows the list: says what to do without cameras, adds and removes tiles without a reload', async () => {
  await using relay = await StandInRelay.start([], () => picture);
  const { page } = await browser.page();
  await page.goto(relay.url);
  await says(page, '#empty', /rtsp:\/\//);
  relay.streams = [streamView('gate'), streamView('yard')];
  await Promise.all([reaches(page, 'gate', 'live'), reaches(page, 'yard', 'live')]);
  relay.streams = [streamView('dock'), streamView('yard')];
  await reaches(page, 'dock', 'live');
  expect(await page.locator('.tile').count()).toBe(2);
  await expect.poll(() => relay.sessions, { timeout: 5000 }).toBe(2);
  expect(relay.offers('yard')).toHaveLength(1);
  await page.close();
});

test('is driven by the keyboard: arrows move, Enter fills the screen, Escape goes back', async () => {
  const names = ['a', 'b', 'c', 'd'];
  await using relay = await StandInRelay.start(
    names.map((name) => streamView(name)),
    () => picture,
  );
  const { page } = await browser.page();
  await page.goto(relay.url);
  await Promise.all(names.map((name) => reaches(page, name, 'live')));
  const focused = () => page.evaluate<string>(`document.activeElement.closest('.tile')?.dataset.stream`);
  const width = async (name: string) => (await page.locator(tile(name)).boundingBox())?.width ?? 0;

  // Past the links to the pages.
  for (let i = 0; i < 3; i++) await page.keyboard.press('Tab');
  expect(await focused()).toBe('a');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowRight');
  expect(await focused()).toBe('d');
  const small = await width('d');
  await page.keyboard.press('Enter');
  await expect.poll(() => width('d')).toBeGreaterThan(small * 1.8);
  await page.keyboard.press('ArrowLeft');
  expect(await focused()).toBe('c');
  await expect.poll(() => width('c')).toBeGreaterThan(small * 1.8);
  await page.keyboard.press('Escape');
  await expect.poll(() => width('c')).toBeLessThan(small * 1.2);
  expect(await focused()).toBe('c');
  await page.locator(tile('b')).click();
  await expect.poll(() => width('b')).toBeGreaterThan(small * 1.8);
  await page.close();
});
