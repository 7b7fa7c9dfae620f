/** The built plugins in a real Chromium, through the stand-in of Grafana's proxy, against the real relay. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBrowser, readPicture } from '../../media-relay/e2e/support/browser.ts';
import type { TestBrowser } from '../../media-relay/e2e/support/browser.ts';
import { TestRelay } from '../../media-relay/e2e/support/relay.ts';
import { dist, prepare } from './setup.ts';
import { DashboardPage } from './dashboard-page.ts';
import { startHarness } from '../harness/server.ts';
import type { Harness } from '../harness/server.ts';

let browser: TestBrowser;
let relay: TestRelay;
let harness: Harness;
let pageBundle: Buffer;

const streams = {
  gate: {
    url: 'demo:?width=640&height=360&fps=25&gop=50',
    title: 'Front gate',
    site: 'North',
    labels: { role: 'entrance' },
  },
  hall: { url: 'demo:?width=640&height=360&fps=25&gop=50', title: 'Hall', site: 'South' },
};

beforeAll(async () => {
  [browser, relay, pageBundle] = await Promise.all([openBrowser(), TestRelay.start(streams), prepare()]);
  harness = await startHarness({
    dist,
    pageBundle,
    relay: { url: relay.url, token: relay.token('grafana') },
  });
});

afterAll(async () => {
  await browser.close();
  await harness[Symbol.asyncDispose]();
  await relay[Symbol.asyncDispose]();
});

test('plays the streams of its query under the strict policy, with the token that no browser sees', async () => {
  const dashboard = await DashboardPage.open(browser, harness.url);
  await dashboard.show([
    { id: 1, title: 'Wall', width: 1000, height: 500, queries: [{ refId: 'A', queryType: 'streams' }] },
  ]);
  await dashboard.reaches('gate', 'live');
  await dashboard.reaches('hall', 'live');
  const facts = await readPicture(dashboard.page, `${dashboard.tile('gate')} video`);
  expect(facts).toMatchObject({ width: 640, height: 360 });
  expect(facts.contrast).toBeGreaterThan(20);
  const ageMs = await dashboard.pictureAgeMs('gate');
  expect(ageMs).toBeGreaterThanOrEqual(0);
  expect(ageMs).toBeLessThan(2000);
  expect(dashboard.refused).toEqual([]);
  expect(dashboard.errors).toEqual([]);
  expect(harness.proxied.map(({ path }) => path)).toContain('/api/v1/whep/gate');
  await dashboard.close();
  await relay.viewers('gate', 0);
});
