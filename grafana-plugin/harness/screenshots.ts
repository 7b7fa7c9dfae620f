/** `node grafana-plugin/harness/screenshots.ts [FOLDER]`: the panel in its main states, for the READMEs (docs/images by default). */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openBrowser } from '../../media-relay/e2e/support/browser.ts';
import { pluginRoot } from '../build/build.ts';
import { DashboardPage, streamsQuery } from '../e2e/dashboard-page.ts';
import type { PanelSpec } from '../e2e/dashboard-page.ts';
import { prepare } from '../e2e/setup.ts';
import { demoCameras, demoStreams, startDemoRelay } from './demo-relay.ts';
import { startHarness } from './server.ts';
import { stageStates, stateOf } from './staged-states.ts';
import type { Stage } from './staged-states.ts';

const folder = process.argv[2] ?? join(pluginRoot, '..', 'docs', 'images');
mkdirSync(folder, { recursive: true });

const browser = await openBrowser();
const prepared = await prepare();
const relay = await startDemoRelay(demoStreams('width=960&height=540&fps=15'));
const harness = await startHarness({ ...prepared, relay: { ...relay } });

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

/** What becomes of some cameras in the picture of all states. */
const mixed: Stage = {
  'loading-dock': 'frozen',
  'line-2': 'denied',
  'car-park': 'full',
  'control-room': 'stills',
  archive: 'refused',
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
  stage: Stage = {},
): Promise<void> {
  const dashboard = await DashboardPage.open(browser, harness.url + query, { width, height });
  await stageStates(dashboard.page, stage);
  await dashboard.show([spec]);
  for (const stream of await visible(dashboard)) await dashboard.reaches(stream, stateOf(stage[stream]));
  // The figures are those of a steady stream by then.
  await delay(3500);
  await dashboard.page.screenshot({ path: join(folder, `${name}.png`) });
  process.stdout.write(`${name}\n`);
  await dashboard.close();
}

/** Cameras of the tiles that nobody has to scroll to. */
async function visible(dashboard: DashboardPage): Promise<string[]> {
  await dashboard.page.waitForSelector(dashboard.tile(demoCameras[0][0]));
  const seen = await dashboard.page.evaluate<string[]>(
    `[...document.querySelectorAll('[data-testid="sightline-tile"]')].filter((tile) => tile.getBoundingClientRect().top < innerHeight).map((tile) => tile.dataset.stream)`,
  );
  return demoCameras.map(([name]) => name).filter((name) => seen.includes(name));
}

await take('panel-dark', '', 1920, 1080, wall(1920, 1080));
await take('panel-light', '?theme=light', 1920, 1080, wall(1920, 1080));
await take('panel-spotlight', '', 1920, 1080, wall(1920, 1080, { layout: 'spotlight' }));
// Needs a font with Hangul.
await take('panel-korean', '?lang=ko-KR', 1280, 720, wall(1280, 720));
await take('panel-states', '', 1920, 1080, wall(1920, 1080), mixed);
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
process.exit(0);
