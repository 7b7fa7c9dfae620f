/** Many tiles, many mounts, and a page that is rendered to an image. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openBrowser } from '../../media-relay/e2e/support/browser.ts';
import type { TestBrowser } from '../../media-relay/e2e/support/browser.ts';
import { TestRelay } from '../../media-relay/e2e/support/relay.ts';
import { heldLocks, takeLockBack, watchWakeLocks } from '../../media-relay/e2e/support/wake-locks.ts';
import { startHarness } from '../harness/server.ts';
import type { Harness } from '../harness/server.ts';
import { DashboardPage, streamsQuery } from './dashboard-page.ts';
import type { PanelSpec } from './dashboard-page.ts';
import { prepare } from './setup.ts';

// Sixteen videos are decoded and drawn without a graphics card.
vi.setConfig({ testTimeout: 60_000 });

const names = Array.from({ length: 16 }, (_, index) => `cam${index}`);
const wall: PanelSpec = { id: 1, title: 'Wall', width: 1260, height: 700, queries: [streamsQuery] };
const one: PanelSpec = { ...wall, queries: [{ ...streamsQuery, streams: 'cam0' }] };

let browser: TestBrowser;
let relay: TestRelay;
let harness: Harness;

beforeAll(async () => {
  const streams = Object.fromEntries(names.map((name) => [name, 'demo:?width=320&height=180&fps=10&gop=20']));
  const [opened, started, prepared] = await Promise.all([openBrowser(), TestRelay.start(streams), prepare()]);
  browser = opened;
  relay = started;
  harness = await startHarness({ ...prepared, relay: { url: relay.url, token: relay.token('grafana') } });
  await relay.live(...names);
});

afterAll(async () => {
  await browser.close();
  await harness[Symbol.asyncDispose]();
  await relay[Symbol.asyncDispose]();
});

test('sixteen tiles play, and go on playing while the panel is resized, turned over and themed', async () => {
  await using dashboard = await DashboardPage.open(browser, harness.url);
  await dashboard.show([wall]);
  for (const name of names) await dashboard.reaches(name, 'live');
  // Reports of quality are posted too, and a wish for another size to an address below the offer's.
  const offers = () =>
    harness.proxied.filter(({ method, path }) => method === 'POST' && /^\/api\/v1\/whep\/[^/]+$/.test(path))
      .length;
  const box = () => dashboard.page.locator(dashboard.tile('cam0')).boundingBox();
  const before = offers();
  const large = await box();
  await dashboard.show([{ ...wall, width: 640, height: 400 }]);
  await expect.poll(async () => (await box())?.width).toBeLessThan(large?.width ?? 0);
  await dashboard.show([{ ...wall, options: { layout: 'spotlight' } }]);
  await expect.poll(async () => (await box())?.width).toBeGreaterThan((large?.width ?? 0) * 2);
  await dashboard.page.evaluate(`harness.setTheme('light')`);
  const background = () =>
    dashboard.page.evaluate<string>(`getComputedStyle(document.querySelector('main')).backgroundColor`);
  await expect.poll(background).toMatch(/^rgb\(2[345]\d, 2[345]\d, 2[345]\d\)$/);
  for (const name of names) expect(await dashboard.state(name)).toBe('live');
  expect(offers()).toBe(before);
});

test('pages turn by hand, and a tile of a page that is over ends its session', async () => {
  await using dashboard = await DashboardPage.open(browser, harness.url);
  await dashboard.show([{ ...wall, options: { perPage: 4 } }]);
  await dashboard.reaches('cam3', 'live');
  expect(await dashboard.streams()).toEqual(['cam0', 'cam1', 'cam2', 'cam3']);
  await dashboard.page.getByLabel('Page 4 of 4').last().click();
  await dashboard.reaches('cam15', 'live');
  expect(await dashboard.streams()).toEqual(['cam12', 'cam13', 'cam14', 'cam15']);
  await relay.viewers('cam0', 0);
});

test('a screenshot of the panel holds the picture that the DOM does not', async () => {
  await using dashboard = await DashboardPage.open(browser, harness.url);
  await dashboard.show([one]);
  await dashboard.reaches('cam0', 'live');
  const facts = await dashboard.page.evaluate<{ width: number; contrast: number }>(`(async () => {
    const element = document.querySelector('[data-testid="sightline-wall"]');
    const png = await harness.panelPlugin.onScreenshot({ element, format: 'png' });
    const bitmap = await createImageBitmap(png);
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
    const luma = Array.from({ length: data.length / 4 }, (_, index) => data[index * 4 + 1]);
    const mean = luma.reduce((sum, value) => sum + value, 0) / luma.length;
    const squares = luma.reduce((sum, value) => sum + (value - mean) ** 2, 0) / luma.length;
    return { width: bitmap.width, contrast: Math.sqrt(squares) };
  })()`);
  expect(facts.width).toBeGreaterThan(1000);
  expect(facts.contrast).toBeGreaterThan(20);
});

test('in kiosk mode the screen is kept on, whatever the browser takes back, until the panel goes', async () => {
  await using dashboard = await DashboardPage.open(browser, `${harness.url}?kiosk`);
  await dashboard.page.evaluate(watchWakeLocks);
  await dashboard.show([one]);
  await takeLockBack(dashboard.page);
  await dashboard.show([]);
  await expect.poll(() => heldLocks(dashboard.page)).toEqual([false, false]);
});

test('the image renderer finds a picture, and no request that goes on for ever', async () => {
  await using dashboard = await DashboardPage.open(browser, `${harness.url}?render=1`);
  const lists = () => harness.proxied.filter(({ path }) => path === '/api/v1/streams').length;
  const before = lists();
  await dashboard.show([one]);
  const shown = `${dashboard.tile('cam0')} [data-shows="video"], ${dashboard.tile('cam0')} [data-shows="stills"]`;
  await dashboard.page.waitForSelector(shown, { timeout: 15_000, state: 'attached' });
  // Longer than a poll takes: a fact of time, so time is what has to pass.
  await dashboard.page.waitForTimeout(2500);
  expect(lists() - before).toBeLessThanOrEqual(2);
});

test('nothing is left of a hundred mounts: no session, no connection, no timer, no memory', async () => {
  await using dashboard = await DashboardPage.open(browser, harness.url);
  await dashboard.watchLeaks();
  const cycle = (times: number) =>
    dashboard.page.evaluate(`(async () => {
      const drawn = () => new Promise((resolve) => setTimeout(resolve, 15));
      for (let i = 0; i < ${times}; i++) {
        harness.show(${JSON.stringify([one])});
        await drawn();
        harness.show([]);
        await drawn();
      }
    })()`);
  await cycle(5);
  const before = await dashboard.heapBytes();
  await cycle(100);
  await expect.poll(() => dashboard.leaks(), { timeout: 15_000 }).toEqual({ peers: 0, intervals: 0 });
  await relay.viewers('cam0', 0);
  expect((await dashboard.heapBytes()) - before).toBeLessThan(5 * 1024 * 1024);
});
