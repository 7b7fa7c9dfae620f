/** The built plugins in a real Chromium, through the stand-in of Grafana's proxy, against the real relay. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openBrowser, readPicture } from '../../media-relay/e2e/support/browser.ts';
import type { TestBrowser } from '../../media-relay/e2e/support/browser.ts';
import { TestRelay } from '../../media-relay/e2e/support/relay.ts';
import { startHarness } from '../harness/server.ts';
import type { Harness } from '../harness/server.ts';
import { DashboardPage, streamsQuery } from './dashboard-page.ts';
import type { PanelSpec } from './dashboard-page.ts';
import { prepare } from './setup.ts';
import type { Prepared } from './setup.ts';

const demo = 'demo:?width=640&height=360&fps=25&gop=50';
const streams = {
  gate: { url: demo, title: 'Front gate', site: 'North', labels: { role: 'entrance' } },
  hall: { url: demo, title: 'Hall', site: 'South' },
  dock: { url: demo, title: 'Dock', site: 'South' },
};

const axe = readFileSync(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
const wall: PanelSpec = { id: 1, title: 'Wall', width: 1000, height: 600, queries: [streamsQuery] };

vi.setConfig({ testTimeout: 60_000 });

let browser: TestBrowser;
let relay: TestRelay;
let harness: Harness;
let prepared: Prepared;

beforeAll(async () => {
  [browser, relay, prepared] = await Promise.all([openBrowser(), TestRelay.start(streams), prepare()]);
  harness = await startHarness({
    ...prepared,
    relay: { url: relay.url, token: relay.token('grafana') },
  });
  await relay.live('gate', 'hall', 'dock');
});

afterAll(async () => {
  await browser.close();
  await harness[Symbol.asyncDispose]();
  await relay[Symbol.asyncDispose]();
});

async function openWall(spec: Partial<PanelSpec> = {}, query = ''): Promise<DashboardPage> {
  const dashboard = await DashboardPage.open(browser, harness.url + query);
  await dashboard.show([{ ...wall, ...spec }]);
  return dashboard;
}

function offers(): number {
  return harness.proxied.filter(({ method, path }) => method === 'POST' && path.startsWith('/api/v1/whep/'))
    .length;
}

test('plays the streams of its query under the strict policy, with a token that no browser sees', async () => {
  await using dashboard = await openWall();
  for (const stream of Object.keys(streams)) await dashboard.reaches(stream, 'live');
  const facts = await readPicture(dashboard.page, `${dashboard.tile('gate')} video`);
  expect(facts).toMatchObject({ width: 640, height: 360 });
  expect(facts.contrast).toBeGreaterThan(20);
  // A busy browser takes its time to catch up.
  await expect.poll(() => dashboard.pictureAgeMs('gate'), { timeout: 10_000 }).toBeLessThan(2000);
  expect(await dashboard.pictureAgeMs('gate')).toBeGreaterThanOrEqual(0);
  await dashboard.says('gate', 'figures', /^\d+ ms$/);
  await dashboard.says('gate', 'figures', /^2[3-7] fps$/);
  expect(await dashboard.page.locator(`${dashboard.tile('gate')} button`).getAttribute('aria-label')).toBe(
    'Front gate, North, Live',
  );
  expect(await dashboard.page.content()).not.toContain(relay.token('grafana'));
  expect(dashboard.refused).toEqual([]);
  expect(dashboard.errors).toEqual([]);
  await dashboard.close();
  // The page said goodbye through the proxy.
  await relay.viewers('gate', 0);
});

test('the query chooses streams by name and label, and a repeated panel gets a variable', async () => {
  await using dashboard = await openWall({ queries: [{ ...streamsQuery, labels: 'site=South' }] });
  await dashboard.reaches('dock', 'live');
  expect(await dashboard.streams()).toEqual(['hall', 'dock']);
  await dashboard.page.evaluate(`harness.variables.camera = 'gate'`);
  await dashboard.show([{ ...wall, queries: [{ ...streamsQuery, streams: '$camera' }] }]);
  await dashboard.reaches('gate', 'live');
  expect(await dashboard.streams()).toEqual(['gate']);
  const found = await dashboard.page.evaluate(`harness.source.metricFindQuery('label_values(site)')`);
  expect(found).toEqual([{ text: 'North' }, { text: 'South' }]);
});

test('when cameras of another relay come, the one before is not asked for them', async () => {
  const rows = (stream: string) => ({
    queries: [],
    frames: [{ fields: [{ name: 'stream', values: [stream] }] }],
  });
  await using dashboard = await openWall({ ...rows('gate'), options: { relay: 'relay-one' } });
  await dashboard.reaches('gate', 'live');
  await dashboard.page.evaluate(`(() => {
    window.drawn = [];
    const note = ({ addedNodes }) => addedNodes.forEach((node) => drawn.push(node.dataset?.stream));
    new MutationObserver((records) => records.forEach(note)).observe(document.body, { childList: true, subtree: true });
  })()`);
  await dashboard.show([{ ...wall, ...rows('elsewhere'), options: { relay: 'another' } }]);
  await dashboard.message(/The data source is gone/);
  expect(await dashboard.page.evaluate<unknown[]>('drawn')).not.toContain('elsewhere');
});

test('overlays, thresholds and links are those of Grafana’s field config; alerts frame the tile; the crosshair leads', async () => {
  const now = Date.now();
  const series = (name: string, values: number[], labels: Record<string, string> = {}, config = {}) => ({
    refId: name,
    fields: [
      { name: 'Time', type: 'time', values: values.map((_, index) => now - 60_000 + index * 30_000) },
      { name: 'Value', type: 'number', values, labels: { stream: 'gate', ...labels }, config },
    ],
  });
  const thresholds = {
    mode: 'absolute',
    steps: [
      { value: null, color: 'green' },
      { value: 30, color: 'red' },
    ],
  };
  await using dashboard = await openWall({
    queries: [{ ...streamsQuery, streams: 'gate' }],
    options: {
      overlays: ['temperature', 'viewers'],
      title: '${__data.fields.title} / ${__data.fields.role}',
    },
    frames: [
      series(
        'temperature',
        [12, 24, 36],
        {},
        {
          unit: 'celsius',
          thresholds,
          color: { mode: 'thresholds' },
          links: [{ title: 'Climate', url: '/d/climate' }],
        },
      ),
      series('ALERTS', [1, 1, 1], { alertname: 'DoorOpen', alertstate: 'firing' }),
    ],
  });
  await dashboard.reaches('gate', 'live');
  await dashboard.says('gate', 'overlay', /^temperature36 °C$/);
  const link = dashboard.page.locator(`${dashboard.tile('gate')} a`);
  expect(await link.getAttribute('href')).toContain('/d/climate');
  const label = await dashboard.page.locator(`${dashboard.tile('gate')} button`).getAttribute('aria-label');
  expect(label).toBe('Front gate / entrance, North, Live, Alerting: DoorOpen');
  await dashboard.page.evaluate(`harness.hover(${now - 25_000})`);
  await dashboard.says('gate', 'overlay', /^temperature24 °C$/);
  await dashboard.says('gate', 'hover', /^\d\d:\d\d:\d\d, [\d a-z]+ ago$/);
  await dashboard.page.evaluate(`harness.hover(undefined)`);
  await dashboard.says('gate', 'overlay', /^temperature36 °C$/);
  await dashboard.page.mouse.move(500, 300);
  await expect.poll(() => dashboard.page.evaluate<number>(`harness.published.length`)).toBeGreaterThan(0);
});

test('one tile fills the screen by click and key, arrow keys leaf through, Escape ends it', async () => {
  await using dashboard = await openWall({ options: { fit: 'cover' } });
  await dashboard.reaches('gate', 'live');
  const { page } = dashboard;
  const button = (stream: string) => page.locator(`${dashboard.tile(stream)} [data-testid="sightline-open"]`);
  const fit = () =>
    page.evaluate<string>(
      `getComputedStyle(document.querySelector('${dashboard.tile('gate')} video')).objectFit`,
    );
  const focused = () =>
    page.evaluate<string>(`document.activeElement.closest('[data-stream]')?.dataset.stream`);
  expect(await fit()).toBe('cover');
  await button('gate').click();
  await expect.poll(() => page.evaluate(`document.fullscreenElement !== null`)).toBe(true);
  // Nothing is cropped when somebody looks closely.
  expect(await fit()).toBe('contain');
  const size = await page.locator(dashboard.tile('gate')).boundingBox();
  expect(size).toMatchObject({ width: 1280, height: 720 });
  await page.keyboard.press('ArrowRight');
  await expect.poll(focused).toBe('hall');
  await page.keyboard.press('Escape');
  await expect.poll(() => page.evaluate(`document.fullscreenElement === null`)).toBe(true);
  await page.keyboard.press('End');
  await expect.poll(focused).toBe('dock');
  await page.keyboard.press('Enter');
  await expect.poll(() => page.evaluate(`document.fullscreenElement !== null`)).toBe(true);
  await page.keyboard.press('Escape');
});

test('pages go on turning when the camera that filled the screen is gone', async () => {
  const rows = (...values: readonly string[]) => ({
    queries: [],
    frames: [{ fields: [{ name: 'stream', values }] }],
    options: { relay: 'relay-one', perPage: 1, rotateSeconds: 1 },
  });
  await using dashboard = await openWall(rows('gate', 'hall', 'dock'));
  const open = dashboard.page.locator('[data-testid="sightline-open"]');
  await open.first().click();
  const [shown = ''] = await dashboard.streams();
  await dashboard.show([{ ...wall, ...rows(...['gate', 'hall', 'dock'].filter((name) => name !== shown)) }]);
  await expect.poll(() => dashboard.streams()).not.toContain(shown);
  const [before] = await dashboard.streams();
  await expect.poll(() => dashboard.streams(), { timeout: 5_000 }).not.toEqual([before]);
});

test('sessions survive a remount; tiles out of view end theirs and come back; one poll feeds all panels', async () => {
  await using dashboard = await openWall();
  await dashboard.reaches('gate', 'live');
  await dashboard.reaches('dock', 'live');
  const before = offers();
  await dashboard.show([]);
  await dashboard.show([
    wall,
    { ...wall, id: 2, top: 5000, queries: [{ ...streamsQuery, streams: 'hall' }] },
  ]);
  await dashboard.reaches('gate', 'live');
  const moving = () =>
    dashboard.page.evaluate<number>(`document.querySelector('${dashboard.tile('gate')} video').currentTime`);
  const atMs = await moving();
  await expect.poll(moving).toBeGreaterThan(atMs);
  // The second panel's tile is out of view: it starts, and stops when its grace is over.
  await relay.viewers('hall', 1);
  expect(offers() - before).toBeLessThanOrEqual(1);
  await dashboard.page.evaluate(`scrollTo(0, 5000)`);
  await relay.viewers('gate', 0);
  await relay.viewers('hall', 1);
  await dashboard.page.evaluate(`scrollTo(0, 0)`);
  await relay.viewers('gate', 1);
  await dashboard.reaches('gate', 'live');
});

test('has no accessibility violation in either theme', async () => {
  await using dashboard = await openWall({ options: { perPage: 2, overlays: ['viewers'] } });
  await dashboard.reaches('gate', 'live');
  await dashboard.page.evaluate(`(function (define) { ${axe} }).call(window)`);
  for (const theme of ['dark', 'light']) {
    await dashboard.page.evaluate(`harness.setTheme('${theme}')`);
    const violations = await dashboard.page.evaluate(
      `axe.run('[data-testid="sightline-wall"]').then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map((node) => node.html.slice(0, 120)).join(' | ')))`,
    );
    expect(violations).toEqual([]);
  }
});

test('speaks Korean to a Korean user, also for the relay', async () => {
  await using dashboard = await openWall({}, '?lang=ko-KR');
  await dashboard.reaches('gate', 'live');
  await dashboard.says('gate', 'badge', /^라이브$/);
  const nobody = { fields: [{ name: 'stream', values: ['nobody'] }] };
  await dashboard.show([{ ...wall, queries: [], frames: [nobody] }]);
  await dashboard.says('nobody', 'sentence', /^이 이름의 스트림이 없습니다/);
});

test('works below a path of Grafana’s own', async () => {
  await using below = await startHarness({
    ...prepared,
    subPath: '/grafana',
    relay: { url: relay.url, token: relay.token('grafana') },
  });
  await using dashboard = await DashboardPage.open(browser, below.url);
  await dashboard.show([wall]);
  await dashboard.reaches('gate', 'live');
  expect(dashboard.refused).toEqual([]);
  await dashboard.close();
  await relay.viewers('gate', 0);
});

test('says what is missing instead of a black box, and the next step', async () => {
  await using dashboard = await openWall({
    queries: [],
    frames: [{ fields: [{ name: 'stream', values: ['gate'] }] }],
    withoutRelay: true,
  });
  await dashboard.message(/Which relay\?/);
  await dashboard.show([{ ...wall, queries: [], frames: [] }]);
  await dashboard.message(/No cameras/);
  await dashboard.show([{ ...wall, queries: [{ ...streamsQuery, streams: 'nobody' }] }]);
  await dashboard.message(/No camera in the query.*none of its cameras matches/);
  await dashboard.show([{ ...wall, queries: [], frames: [{ fields: [{ name: 'value', values: [1] }] }] }]);
  await dashboard.message(/No field names the stream/);
});

test('a data source that is gone is told from one that may not be queried, and both from the relay’s own refusal', async () => {
  await using dashboard = await openWall({ options: { relay: 'gone' } });
  await dashboard.message(/The data source is gone.*“gone” does not exist any more/);
  await dashboard.show([{ ...wall, missingSource: 'gone' }]);
  await dashboard.message(/The data source is gone/);
  harness.options.denied = ['secret'];
  await dashboard.show([{ ...wall, missingSource: 'secret' }]);
  await dashboard.message(/You may not query this data source.*“Query”.*datasources:query/);
  await dashboard.show([{ ...wall, options: { relay: 'secret' } }]);
  await dashboard.message(/You may not query this data source/);
  await dashboard.show([wall]);
  await dashboard.reaches('gate', 'live');
  // The permission is taken away while the page is open: relay-one is the harness's data source.
  harness.options.denied = ['relay-one'];
  await dashboard.show([]);
  await dashboard.show([{ ...wall, queries: [{ ...streamsQuery, streams: 'hall' }], frames: [] }]);
  await dashboard.message(/Grafana does not let you query the data source “Sightline relay”/);
  await dashboard.show([
    { ...wall, queries: [], frames: [{ fields: [{ name: 'stream', values: ['dock2'] }] }] },
  ]);
  await dashboard.reaches('dock2', 'denied');
  await dashboard.says('dock2', 'sentence', /^Grafana does not let you query this relay/);
  harness.options.denied = [];
});

test.each([
  ['?public=1', /Cameras are not shown here.*Open the dashboard in Grafana/],
  ['?version=12.3.2', /This Grafana is too old.*12\.3\.2.*12\.4 or newer/],
  ['?version=12.3.2&lang=ko', /Grafana 버전이 너무 낮습니다/],
])('where nothing can work it says why: %s', async (query, text) => {
  // Pages of other tests may still be saying goodbye; lists and pictures are asked for by open ones only.
  const asked = () => harness.proxied.filter(({ method }) => method === 'GET').length;
  const before = asked();
  await using dashboard = await openWall({ options: { relay: 'relay-one' }, queries: [] }, query);
  await dashboard.message(text);
  expect(asked()).toBe(before);
});

test('the editors and the app’s page are drawn, can be used, and have no accessibility violation', async () => {
  await using dashboard = await DashboardPage.open(browser, harness.url);
  const { page } = dashboard;
  await page.evaluate(`(function (define) { ${axe} }).call(window)`);
  const violations = () =>
    page.evaluate(
      `axe.run('main').then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes[0].html))`,
    );
  const lastEdited = () => page.evaluate(`harness.edited.at(-1)`);

  await page.evaluate(`harness.showEditor('config')`);
  await page.getByLabel('Relay address').fill('http://other:8640');
  await expect.poll(lastEdited).toMatchObject({ url: 'http://other:8640' });
  await page.getByLabel('View token').fill('secret');
  await expect.poll(lastEdited).toMatchObject({ secureJsonData: { token: 'secret' } });
  expect(await violations()).toEqual([]);

  await page.evaluate(`harness.showEditor('query')`);
  await page.getByLabel('Names').fill('gate');
  await page.getByLabel('Names').press('Enter');
  await expect.poll(lastEdited).toMatchObject({ streams: 'gate' });
  await page.getByRole('radio', { name: 'Events' }).check();
  await expect.poll(lastEdited).toMatchObject({ queryType: 'events', streams: 'gate' });
  await page.getByLabel('Kind').waitFor();
  expect(await violations()).toEqual([]);

  await page.evaluate(`harness.showEditor('app')`);
  await page.getByRole('button', { name: 'Test' }).click();
  await page.getByText('The relay answers. It has 3 cameras, 3 of them live.').waitFor();
  const dashboards = page.locator('a[href*="/d/"]');
  await dashboards.first().waitFor();
  expect(await dashboards.allTextContents()).toEqual(['Camera wall', 'Camera']);
  expect(await violations()).toEqual([]);
});

test.each([
  ['POST', '/api/v1/streams', 403],
  ['DELETE', '/api/v1/streams/gate', 403],
  ['POST', '/api/v1/streams/gate/restart', 403],
  ['POST', '/api/v1/config/reload', 403],
  ['POST', '/api/v1/whep/%2e%2e/config/reload', 400],
  ['POST', '/api/v1/whep%2f..%2fconfig/reload', 400],
  ['GET', '/api/v1/streams', 200],
])('a Viewer’s %s %s through the proxy is %i', async (method, path, status) => {
  const { port } = new URL(harness.url);
  const asking = request({
    host: '127.0.0.1',
    port,
    method,
    path: `/api/datasources/proxy/uid/relay-one${path}`,
    headers: { 'Content-Type': 'application/json' },
    agent: false,
  });
  asking.end(method === 'POST' ? '{}' : undefined);
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  response.resume();
  expect(response.statusCode).toBe(status);
});
