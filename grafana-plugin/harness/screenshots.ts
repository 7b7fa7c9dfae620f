/** `node grafana-plugin/harness/screenshots.ts [FOLDER]`: the panel in its main states, for the READMEs (docs/images by default). */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openBrowser } from '../../media-relay/e2e/support/browser.ts';
import { TestRelay } from '../../media-relay/e2e/support/relay.ts';
import { pluginRoot } from '../build/build.ts';
import { DashboardPage, streamsQuery } from '../e2e/dashboard-page.ts';
import type { PanelSpec } from '../e2e/dashboard-page.ts';
import { prepare } from '../e2e/setup.ts';
import { startHarness } from './server.ts';

const folder = process.argv[2] ?? join(pluginRoot, '..', 'docs', 'images');
mkdirSync(folder, { recursive: true });

const cameras = [
  ['front-gate', 'Front gate', 'North yard'],
  ['loading-dock', 'Loading dock', 'North yard'],
  ['line-2', 'Line 2', 'Assembly'],
  ['lobby', 'Lobby', 'Office'],
  ['car-park', 'Car park', 'South yard'],
  ['control-room', 'Control room', 'Office'],
  ['paint-shop', 'Paint shop', 'Assembly'],
  ['archive', 'Archive', 'Office'],
] as const;
const streams = {
  ...Object.fromEntries(
    cameras.map(([name, title, site]) => [
      name,
      { url: `demo:?width=960&height=540&fps=15&title=${encodeURIComponent(title)}`, title, site },
    ]),
  ),
  roof: { url: 'rtsp://192.0.2.10:554/roof', title: 'Roof', site: 'Office' },
};
const gone = ['car-park', 'archive'];

const browser = await openBrowser();
await using relay = await TestRelay.start(streams);
const prepared = await prepare();
await using harness = await startHarness({
  ...prepared,
  relay: { url: relay.url, token: relay.token('grafana') },
});
await relay.live(...cameras.map(([name]) => name));

const thresholds = {
  mode: 'absolute',
  steps: [
    { value: null, color: 'green' },
    { value: 60, color: 'red' },
  ],
};
const temperature = (stream: string, value: number) => ({
  refId: 'Temperature',
  fields: [
    { name: 'Time', type: 'time', values: [Date.now()] },
    {
      name: 'Value',
      type: 'number',
      values: [value],
      labels: { stream },
      config: { unit: 'celsius', displayName: 'Oven', thresholds, color: { mode: 'thresholds' } },
    },
  ],
});
const alert = {
  refId: 'ALERTS',
  fields: [
    { name: 'Time', type: 'time', values: [Date.now()] },
    {
      name: 'Value',
      type: 'number',
      values: [1],
      labels: { stream: 'lobby', alertname: 'PictureFrozen', alertstate: 'firing' },
    },
  ],
};

function wall(width: number, height: number, options: Readonly<Record<string, unknown>> = {}): PanelSpec {
  return {
    id: 1,
    title: 'Cameras',
    left: 8,
    top: 8,
    width: width - 16,
    height: height - 16,
    queries: [streamsQuery],
    frames: [temperature('paint-shop', 74.2), temperature('line-2', 41), alert],
    options: { overlays: ['Oven'], ...options },
  };
}

async function take(
  name: string,
  query: string,
  width: number,
  height: number,
  spec: PanelSpec,
): Promise<void> {
  const dashboard = await DashboardPage.open(browser, harness.url + query, { width, height });
  await dashboard.show([spec]);
  for (const [stream] of cameras)
    if (!gone.includes(stream)) await dashboard.reaches(stream, 'live').catch(() => undefined);
  await delay(4000);
  await dashboard.page.screenshot({ path: join(folder, `${name}.png`) });
  process.stdout.write(`${name}\n`);
  await dashboard.close();
}

await take('panel-dark', '', 1920, 1080, wall(1920, 1080));
await take('panel-light', '?theme=light', 1920, 1080, wall(1920, 1080));
await take('panel-spotlight', '', 1920, 1080, wall(1920, 1080, { layout: 'spotlight' }));
await take('panel-korean', '?lang=ko-KR', 1280, 720, wall(1280, 720));
if (process.argv.includes('--all')) {
  await take('panel-4k', '', 3840, 2160, wall(3840, 2160));
  await take('panel-small', '', 700, 400, wall(700, 400));
  await take(
    'panel-columns',
    '',
    1280,
    720,
    wall(1280, 720, { layout: 'columns', columns: 2, fit: 'cover' }),
  );
}
await browser.close();
