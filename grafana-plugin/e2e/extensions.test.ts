/** What the app adds to Grafana and offers to other apps, below a sub-path. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openBrowser } from '../../media-relay/e2e/support/browser.ts';
import type { TestBrowser } from '../../media-relay/e2e/support/browser.ts';
import { TestRelay } from '../../media-relay/e2e/support/relay.ts';
import { startHarness } from '../harness/server.ts';
import type { Harness } from '../harness/server.ts';
import { DashboardPage, streamsQuery } from './dashboard-page.ts';
import { prepare } from './setup.ts';

const demo = 'demo:?width=320&height=180&fps=15&gop=15';
const streams = { gate: { url: demo, title: 'Front gate', site: 'North' }, hall: { url: demo } };
const tileId = 'sightline-app/camera-tile/v1';
const formId = 'grafana/add-to-dashboard-form/v1';

vi.setConfig({ testTimeout: 60_000 });

let browser: TestBrowser;
let relay: TestRelay;
let harness: Harness;

beforeAll(async () => {
  const [opened, started, prepared] = await Promise.all([openBrowser(), TestRelay.start(streams), prepare()]);
  [browser, relay] = [opened, started];
  harness = await startHarness({
    ...prepared,
    relay: { url: relay.url, token: relay.token('grafana') },
    role: 'Editor',
    subPath: '/grafana',
  });
  await relay.live('gate', 'hall');
});

afterAll(async () => {
  await browser.close();
  await harness[Symbol.asyncDispose]();
  await relay[Symbol.asyncDispose]();
});

const panelContext = (names: readonly string[], pluginId = 'sightline-camera-panel') =>
  JSON.stringify({
    pluginId,
    id: 1,
    title: 'Wall',
    timeZone: 'utc',
    timeRange: { from: 'now-6h', to: 'now' },
    dashboard: { uid: 'wall', title: 'Wall', tags: [] },
    targets: [{ refId: 'A', datasource: { type: 'sightline-relay-datasource', uid: 'relay-one' } }],
    data: { series: [{ fields: [{ name: 'stream', type: 'string', values: names }], length: names.length }] },
  });

test('the menu of a camera wall leads to the health of its camera; no other panel’s menu has it', async () => {
  await using dashboard = await DashboardPage.open(browser, harness.url);
  const menu = (context: string) =>
    dashboard.page.evaluate(`harness.extensions.panelMenu(${context})`) as Promise<string[]>;
  expect(await menu(panelContext(['gate'], 'timeseries'))).toEqual([]);
  expect(await menu(panelContext(['gate']))).toEqual(['Camera health']);
  await dashboard.page.evaluate(`harness.extensions.choose('Camera health', ${panelContext(['gate'])})`);
  await dashboard.page.waitForURL('**/d/sightline-camera?**');
  const { pathname, search } = new URL(dashboard.page.url());
  expect(pathname).toBe('/grafana/d/sightline-camera');
  expect(search).toBe('?var-relay=relay-one&var-stream=gate&from=now-6h&to=now');
});

test('where the dashboard is not installed, a sentence says so', async () => {
  await using dashboard = await DashboardPage.open(browser, `${harness.url}?lang=ko-KR`);
  const context = panelContext(['gate', 'hall']);
  await dashboard.page.evaluate(`harness.extensions.choose('카메라 상태', ${context})`);
  await expect
    .poll(() => dashboard.page.evaluate(`harness.extensions.modals`))
    .toEqual([{ title: '대시보드가 없습니다', body: expect.stringContaining('provisioning/dashboards') }]);
  expect(new URL(dashboard.page.url()).pathname).toBe('/grafana/');
});

test('another app embeds a live tile, which shares the page’s sessions and ends its own', async () => {
  await using dashboard = await DashboardPage.open(browser, harness.url);
  const { page } = dashboard;
  const embed = (props: object) =>
    page.evaluate(`harness.showComponent('${tileId}', ${JSON.stringify(props)})`);
  await embed({ dataSourceUid: 'relay-one', stream: 'gate' });
  await dashboard.reaches('gate', 'live');
  expect(
    await page.locator(`${dashboard.tile('gate')} [data-testid="sightline-open"]`).getAttribute('aria-label'),
  ).toBe('Front gate, North, Live');
  const box = await page.locator(dashboard.tile('gate')).boundingBox();
  expect(box?.width).toBeGreaterThan(400);
  expect(box?.height).toBeLessThanOrEqual(300);
  await relay.viewers('gate', 1);
  expect(dashboard.errors).toEqual([]);
  // Nobody shares a crosshair here, and there is no dashboard to annotate.
  await page.mouse.move(200, 150);
  expect(await page.locator('[data-testid="sightline-hover"]').count()).toBe(0);
  expect(await page.locator('[data-testid="sightline-mark"]').count()).toBe(0);

  await embed({ dataSourceUid: 'relay-one', stream: 'hall', title: 'My hall', showCaption: false });
  await dashboard.reaches('hall', 'live');
  expect(await page.locator('[data-testid="sightline-badge"]').count()).toBe(0);
  await relay.viewers('hall', 1);
  await embed({ dataSourceUid: 'elsewhere', stream: 'hall' });
  await page.locator('[data-testid="sightline-message"]').filter({ hasText: 'elsewhere' }).waitFor();
  await page.evaluate(`harness.showComponent(undefined)`);
  // Tiles that went are parked for a moment, as a panel's.
  await Promise.all([relay.viewers('gate', 0), relay.viewers('hall', 0)]);
});

test('the app’s page adds a camera to a dashboard and begins an alert for it', async () => {
  await using dashboard = await DashboardPage.open(browser, harness.url);
  const { page } = dashboard;
  await page.evaluate(`harness.showEditor('app')`);
  await page.getByRole('button', { name: 'Add Front gate to a dashboard' }).click();
  await page.getByRole('button', { name: 'Open dashboard' }).click();
  expect(await page.evaluate(`harness.extensions.addedPanels`)).toMatchObject([
    {
      type: 'sightline-camera-panel',
      title: 'Front gate',
      targets: [{ ...streamsQuery, streams: 'gate', datasource: { uid: 'relay-one' } }],
    },
  ]);
  await page.getByRole('button', { name: 'Open dashboard' }).waitFor({ state: 'detached' });
  const link = page.getByRole('link', { name: 'Create an alert for Front gate' });
  const alert = new URL((await link.getAttribute('href')) ?? '', harness.url);
  expect(alert.pathname).toBe('/grafana/alerting/new');
  expect(JSON.parse(alert.searchParams.get('defaults') ?? '')).toMatchObject({
    name: 'Front gate gives no pictures',
    queries: [{ datasourceUid: 'prometheus-one' }, { datasourceUid: '__expr__' }],
  });
});

test('an older Grafana lacks the form, and a Viewer may do neither: nothing is offered then', async () => {
  await using older = await DashboardPage.open(browser, `${harness.url}?lacks=${formId}`);
  await older.page.evaluate(`harness.showEditor('app')`);
  await older.page.getByRole('link', { name: 'Create an alert for Front gate' }).waitFor();
  expect(await older.page.getByRole('button', { name: /to a dashboard/ }).count()).toBe(0);
  const { options } = harness;
  options.role = 'Viewer';
  try {
    await using viewer = await DashboardPage.open(browser, harness.url);
    await viewer.page.evaluate(`harness.showEditor('app')`);
    await viewer.page.getByRole('button', { name: 'Test' }).click();
    await viewer.page.getByText('The relay answers.').waitFor();
    expect(await viewer.page.getByText('Front gate').count()).toBe(0);
  } finally {
    options.role = 'Editor';
  }
});
