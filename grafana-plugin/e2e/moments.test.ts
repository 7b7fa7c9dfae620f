/** Pictures of the past while the crosshair points there, and marks of the present. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openBrowser } from '../../media-relay/e2e/support/browser.ts';
import type { TestBrowser } from '../../media-relay/e2e/support/browser.ts';
import { TestRelay } from '../../media-relay/e2e/support/relay.ts';
import { fileName } from '../../media-relay/src/pictures/still-name.ts';
import { startHarness } from '../harness/server.ts';
import type { Harness } from '../harness/server.ts';
import { DashboardPage, streamsQuery } from './dashboard-page.ts';
import type { PanelSpec } from './dashboard-page.ts';
import { prepare } from './setup.ts';

const demo = 'demo:?width=320&height=180&fps=15&gop=15';
const wall: PanelSpec = { id: 7, title: 'Wall', width: 1000, height: 600, queries: [streamsQuery] };
const minuteMs = 60_000;
const startMs = Date.now();
/** When pictures of the gate were kept. */
const keptMs = [startMs - 12 * minuteMs, startMs - 10 * minuteMs, startMs - minuteMs / 2];
const axe = readFileSync(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');

vi.setConfig({ testTimeout: 60_000 });

const directory = mkdtempSync(join(tmpdir(), 'sightline-stills-'));
let browser: TestBrowser;
let relay: TestRelay;
let harness: Harness;

beforeAll(async () => {
  mkdirSync(join(directory, 'gate'));
  const red = redJpeg();
  for (const atMs of keptMs) writeFileSync(join(directory, 'gate', fileName(atMs)), red);
  const config = { snapshots: { directory, everySeconds: 3600 } };
  const starting = TestRelay.start(
    { gate: { url: demo, title: 'Front gate', site: 'North' }, hall: demo },
    { config },
  );
  const [opened, started, prepared] = await Promise.all([openBrowser(), starting, prepare()]);
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
  rmSync(directory, { recursive: true });
});

function redJpeg(): Buffer {
  const args = '-v error -f lavfi -i color=red:size=320x180 -frames:v 1 -f mjpeg pipe:1';
  const { stdout, stderr } = spawnSync('ffmpeg', args.split(' '));
  if (stdout.length === 0) throw new Error(String(stderr));
  return stdout;
}

async function open(): Promise<DashboardPage> {
  const dashboard = await DashboardPage.open(browser, harness.url);
  await dashboard.show([wall]);
  await dashboard.reaches('gate', 'live');
  return dashboard;
}

const stills = () => harness.proxied.filter(({ path }) => path.includes('/stills')).map(({ path }) => path);

test('a tile shows what was kept of the moment, says that it is not live, and is live again at once', async () => {
  await using dashboard = await open();
  const { page } = dashboard;
  const past = page.locator(`${dashboard.tile('gate')} [data-testid="sightline-past"]`);
  const offered = harness.proxied.filter(({ method }) => method === 'POST').length;
  const before = stills().length;
  // A sweep to the moment: only where it rests is anything asked for.
  await page.evaluate(
    `for (let minute = 30; minute >= 10; minute--) harness.hover(${startMs + 5000} - minute * ${minuteMs})`,
  );
  await past.waitFor();
  const keptAt = new Date(keptMs[1] ?? 0).toISOString().slice(11, 19);
  await dashboard.says('gate', 'hover', new RegExp(`^${keptAt} Kept picture, 10 min ago$`));
  const [red = 0, green = 255] = await page.evaluate<number[]>(`(() => {
    const canvas = document.querySelector('[data-testid="sightline-past"] canvas');
    return [...canvas.getContext('2d').getImageData(160, 20, 1, 1).data];
  })()`);
  expect(red).toBeGreaterThan(200);
  expect(green).toBeLessThan(60);
  await dashboard.says('gate', 'badge', /^Not live$/);
  const label = () =>
    page.locator(`${dashboard.tile('gate')} [data-testid="sightline-open"]`).getAttribute('aria-label');
  expect(await label()).toMatch(/^Front gate, North, Live, kept picture of \d\d:\d\d:\d\d, not live$/);
  // Of the other stream nothing is kept: it stays as it is.
  expect(await page.locator(`${dashboard.tile('hall')} [data-testid="sightline-past"]`).count()).toBe(0);
  await dashboard.says('hall', 'hover', /ago$/);
  const asked = stills().slice(before);
  expect(asked.filter((path) => path.includes('.jpg'))).toEqual([
    `/api/v1/streams/gate/stills/${keptMs[1]}.jpg`,
  ]);
  expect(asked.filter((path) => path.includes('/gate/stills?')).length).toBeLessThanOrEqual(2);

  await page.evaluate(`(function (define) { ${axe} }).call(window)`);
  const violations = `axe.run('main').then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes[0].html))`;
  expect(await page.evaluate(violations)).toEqual([]);

  await page.evaluate(`harness.hover(undefined)`);
  await past.waitFor({ state: 'detached' });
  await dashboard.says('gate', 'badge', /^Live$/);
  expect(await label()).toBe('Front gate, North, Live');
  // It had played on below.
  expect(
    harness.proxied.filter(({ method, path }) => method === 'POST' && path.includes('/whep/')).length,
  ).toBeLessThanOrEqual(offered);
  expect(dashboard.errors).toEqual([]);
});

test('neither the newest moment nor one of which nothing was kept hides the live picture', async () => {
  await using dashboard = await open();
  const { page } = dashboard;
  for (const atMs of [`Date.now() - 3000`, `${startMs - 5 * 60 * minuteMs}`]) {
    const before = stills().length;
    await page.evaluate(`harness.hover(${atMs})`);
    await expect.poll(() => stills().length).toBeGreaterThan(before);
    await dashboard.says('gate', 'hover', /ago$/);
    expect(await page.locator('[data-testid="sightline-past"]').count()).toBe(0);
    await page.evaluate(`harness.hover(undefined)`);
  }
});

test('an Editor marks the moment by key: an annotation with the stream, and the picture kept of it', async () => {
  await using dashboard = await open();
  const { page } = dashboard;
  const mark = page.getByRole('button', { name: 'Mark this moment of Front gate' });
  const beforeMs = Date.now();
  await mark.focus();
  await page.keyboard.press('Enter');
  await page.getByRole('status').filter({ hasText: 'Marked' }).waitFor({ state: 'attached' });
  const annotation = harness.annotations.at(-1) as { time: number; text: string };
  expect(annotation).toMatchObject({
    dashboardUID: 'dashboard-one',
    panelId: 7,
    isRegion: false,
    tags: ['sightline', 'gate'],
    text: expect.stringMatching(/^Front gate, North<br><a href="/),
  });
  expect(annotation.time).toBeGreaterThanOrEqual(beforeMs);
  expect(annotation.time).toBeLessThanOrEqual(Date.now());
  const href = /<a href="([^"]+)"/.exec(annotation.text)?.[1] ?? '';
  expect(href).toBe(
    `/grafana/api/datasources/proxy/uid/relay-one/api/v1/streams/gate/stills/${keptMs[2]}.jpg`,
  );
  const picture = await fetch(new URL(href, harness.url));
  expect([picture.status, picture.headers.get('content-type')]).toEqual([200, 'image/jpeg']);
  // The tile was not opened by it.
  expect(await page.evaluate(`document.fullscreenElement`)).toBeNull();

  await page.getByRole('button', { name: 'Mark this moment of hall' }).click();
  await expect
    .poll(() => harness.annotations.at(-1))
    .toMatchObject({ tags: ['sightline', 'hall'], text: 'hall' });
});

test('while a tile shows the past, it is that moment which is marked', async () => {
  await using dashboard = await open();
  const { page } = dashboard;
  await page.evaluate(`harness.hover(${startMs - 12 * minuteMs})`);
  await page.locator('[data-testid="sightline-past"]').waitFor();
  await page.getByRole('button', { name: 'Mark this moment of Front gate' }).press('Enter');
  await expect
    .poll(() => harness.annotations.at(-1))
    .toMatchObject({ time: keptMs[0], text: expect.stringContaining(`/stills/${keptMs[0]}.jpg`) });
});

test('whoever may not has no button; a mark that Grafana refuses says so', async () => {
  const { options } = harness;
  await using editor = await open();
  options.role = 'Viewer';
  try {
    await using viewer = await open();
    expect(await viewer.page.locator('[data-testid="sightline-mark"]').count()).toBe(0);
    const before = harness.annotations.length;
    await editor.page.getByRole('button', { name: 'Mark this moment of Front gate' }).click();
    await editor.page
      .getByRole('status')
      .filter({ hasText: 'Could not be marked' })
      .waitFor({ state: 'attached' });
    expect(harness.annotations.length).toBe(before);
  } finally {
    options.role = 'Editor';
  }
});
