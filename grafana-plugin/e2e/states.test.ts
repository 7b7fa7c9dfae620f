/** What the panel shows when the camera, the relay or the token fails, and when nobody looks at it any more. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openBrowser } from '../../media-relay/e2e/support/browser.ts';
import type { TestBrowser } from '../../media-relay/e2e/support/browser.ts';
import { startGstCamera } from '../../media-relay/e2e/support/gst-camera.ts';
import { TestRelay } from '../../media-relay/e2e/support/relay.ts';
import { startHarness } from '../harness/server.ts';
import type { Harness } from '../harness/server.ts';
import { DashboardPage, streamsQuery } from './dashboard-page.ts';
import type { PanelSpec } from './dashboard-page.ts';
import { prepare } from './setup.ts';
import type { Prepared } from './setup.ts';

const demo = 'demo:?width=320&height=180&fps=15&gop=30';
const wall: PanelSpec = {
  id: 1,
  title: 'Wall',
  width: 1000,
  height: 600,
  queries: [{ ...streamsQuery, streams: 'demo, camera' }],
};

vi.setConfig({ testTimeout: 60_000 });

let browser: TestBrowser;
let relay: TestRelay;
let harness: Harness;
let camera: Awaited<ReturnType<typeof startGstCamera>>;
let dashboard: DashboardPage;
let behindFirewall: DashboardPage;
let crowded: DashboardPage;
/** The offers of `crowded`, and what the relay answered. */
const offers: { readonly status: number; readonly retryAfterMs: number; readonly atMs: number }[] = [];

const streams = (seats: number, cameraPort: number) => ({
  demo,
  camera: `rtsp://127.0.0.1:${cameraPort}/live`,
  full: { url: demo, maxViewers: seats },
});

beforeAll(async () => {
  let prepared: Prepared;
  [browser, camera, prepared] = await Promise.all([openBrowser(), startGstCamera([]), prepare()]);
  relay = await TestRelay.start(streams(0, camera.port));
  harness = await startHarness({
    ...prepared,
    relay: { url: relay.url, token: relay.token('grafana') },
  });
  await relay.live('demo', 'camera', 'full');
  crowded = await DashboardPage.open(browser, harness.url);
  crowded.page.on('response', (response) => {
    if (response.request().method() !== 'POST' || !response.url().includes('/whep/full')) return;
    const retryAfterMs = Number(response.headers()['retry-after'] ?? 0) * 1000;
    // By the browser's clock: word of an answer reaches a busy test late.
    const atMs = response.request().timing().startTime;
    offers.push({ status: response.status(), retryAfterMs, atMs });
  });
  await crowded.show([{ ...wall, queries: [{ ...streamsQuery, streams: 'full' }] }]);
  dashboard = await DashboardPage.open(browser, harness.url);
  await dashboard.show([wall]);
  await dashboard.reaches('demo', 'live');
  await dashboard.reaches('camera', 'live');
  // It takes ten seconds to be sure: the second test looks at it.
  behindFirewall = await DashboardPage.open(browser, harness.url, { blockMedia: true });
  await behindFirewall.show([{ ...wall, queries: [{ ...streamsQuery, streams: 'demo' }] }]);
});

afterAll(async () => {
  await browser.close();
  await harness[Symbol.asyncDispose]();
  await relay[Symbol.asyncDispose]();
  await camera.kill();
});

test('a stream that has as many viewers as it may have says so in the relay’s words', async () => {
  await crowded.reaches('full', 'over-capacity');
  await crowded.says('full', 'badge', /^Relay full$/);
  await crowded.says('full', 'sentence', /has as many viewers as it may have/);
  // From now on there is room; nobody tells the tile.
  relay.writeConfig(streams(1, camera.port));
});

test('a camera that dies leaves its last picture, greyed, with its age and the relay’s reason', async () => {
  await camera.kill();
  await dashboard.reaches('camera', 'offline', 20_000);
  await dashboard.says('camera', 'sentence', /127\.0\.0\.1/);
  await using korean = await DashboardPage.open(browser, `${harness.url}?lang=ko`);
  await korean.show([{ ...wall, queries: [{ ...streamsQuery, streams: 'camera' }] }]);
  await korean.says('camera', 'sentence', /^카메라에 연결할 수 없습니다/);
  await dashboard.says('camera', 'age', /^Last picture \d+ s ago$/);
  const still = await dashboard.page.evaluate(`(() => {
    const style = getComputedStyle(document.querySelector('${dashboard.tile('camera')} canvas'));
    return [style.visibility, style.filter];
  })()`);
  expect(still).toEqual(['visible', 'grayscale(1) brightness(0.42)']);
  expect(await dashboard.state('demo')).toBe('live');
});

test('where no media gets through, the tile says so and asks for still pictures', async () => {
  await behindFirewall.reaches('demo', 'blocked', 20_000);
  const asked = () =>
    harness.proxied.filter(({ path }) => path.startsWith('/api/v1/streams/demo/snapshot.jpg')).length;
  await expect.poll(asked).toBeGreaterThan(0);
  await behindFirewall.says('demo', 'badge', /^Still pictures$/);
  await behindFirewall.says('demo', 'still-age', /^\d+ s old$/);
});

test('a full relay is asked again after the time that it named, and not before', async () => {
  await crowded.reaches('full', 'live', 40_000);
  const [refused, taken, ...more] = offers;
  expect([refused?.status, taken?.status, more]).toEqual([503, 201, []]);
  expect(refused?.retryAfterMs).toBeGreaterThanOrEqual(10_000);
  expect((taken?.atMs ?? 0) - (refused?.atMs ?? 0)).toBeGreaterThanOrEqual(refused?.retryAfterMs ?? 0);
  await crowded.close();
});

test('a relay that dies takes the pictures along, not the tiles; all come back by themselves', async () => {
  await relay.stop('SIGKILL');
  await dashboard.reaches('demo', 'offline', 20_000);
  await dashboard.says('demo', 'sentence', /^Grafana’s server cannot reach the relay/);
  expect(await dashboard.streams()).toEqual(['demo', 'camera']);
  await relay.start();
  await dashboard.reaches('demo', 'live', 30_000);
}, 60_000);

test('a token that the relay does not know is named as the cause', async () => {
  const { relay: settings } = harness.options;
  const good = settings.token;
  settings.token = 'mistyped';
  await using other = await DashboardPage.open(browser, harness.url);
  await other.show([wall]);
  await other.page
    .locator('[data-testid="sightline-message"]')
    .filter({ hasText: /does not accept this view token/ })
    .waitFor();
  await other.show([{ ...wall, queries: [], frames: [{ fields: [{ name: 'stream', values: ['demo'] }] }] }]);
  await other.reaches('demo', 'denied');
  expect(await other.page.evaluate(`harness.source.testDatasource()`)).toMatchObject({
    status: 'error',
    message: expect.stringMatching(/sightline tokens/) as unknown,
  });
  settings.token = good;
  expect(await other.page.evaluate(`harness.source.testDatasource()`)).toMatchObject({ status: 'success' });
  settings.url = 'http://127.0.0.1:1';
  expect(await other.page.evaluate(`harness.source.testDatasource()`)).toMatchObject({
    status: 'error',
    message: expect.stringMatching(/cannot reach the relay/) as unknown,
  });
  settings.url = relay.url;
});

test('an unknown stream says that it is unknown', async () => {
  await using other = await DashboardPage.open(browser, harness.url);
  await other.show([
    { ...wall, queries: [], frames: [{ fields: [{ name: 'stream', values: ['nobody'] }] }] },
  ]);
  await other.reaches('nobody', 'offline');
  await other.says('nobody', 'sentence', /There is no stream of this name/);
});
