/** `node grafana-plugin/harness/screenshot-past.ts [FOLDER]`: the wall while the crosshair points at the past (docs/images by default). */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openBrowser } from '../../media-relay/e2e/support/browser.ts';
import { pluginRoot } from '../build/build.ts';
import { DashboardPage, streamsQuery } from '../e2e/dashboard-page.ts';
import { prepare } from '../e2e/setup.ts';
import { demoStreams, startDemoRelay } from './demo-relay.ts';
import { startHarness } from './server.ts';

const folder = process.argv[2] ?? join(pluginRoot, '..', 'docs', 'images');
const directory = mkdtempSync(join(tmpdir(), 'sightline-stills-'));
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
/** Long enough for some rounds of the keeper's. */
const LOOK_BACK_MS = 25_000;

const { roof: _, ...streams } = demoStreams('width=960&height=540&fps=15');
const browser = await openBrowser();
const prepared = await prepare();
const relay = await startDemoRelay(streams, { snapshots: { directory, everySeconds: 5 } });
const harness = await startHarness({ ...prepared, relay: { ...relay }, role: 'Editor' });
const dashboard = await DashboardPage.open(browser, harness.url, { width: 1920, height: 1080 });
const queries = [{ ...streamsQuery, streams: 'front-gate, loading-dock, line-2, lobby' }];
await dashboard.show([{ id: 1, title: 'Cameras', left: 8, top: 8, width: 1904, height: 1064, queries }]);
await delay(LOOK_BACK_MS + 10_000);
await dashboard.page.evaluate(`harness.hover(Date.now() - ${LOOK_BACK_MS})`);
await dashboard.page.waitForSelector('[data-testid="sightline-past"]');
await delay(1000);
await dashboard.page.screenshot({ path: join(folder, 'panel-past.png') });
await dashboard.close();
await browser.close();
process.exit(0);
