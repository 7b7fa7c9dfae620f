// bench: the Grafana panel in Chromium through the stand-in of Grafana's proxy: first picture, 16 tiles, size
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { prepare } from '../grafana-plugin/e2e/setup.ts';
import { startDemoRelay } from '../grafana-plugin/harness/demo-relay.ts';
import { startHarness } from '../grafana-plugin/harness/server.ts';
import { launchChromium } from './support/browser.ts';
import { atLeast, atMost } from './support/musts.ts';
import { runBench, say } from './support/run-bench.ts';
import { median, percentile, round } from './support/stats.ts';

const tiles = 16;
const joins = Number(process.argv[2] ?? 20);
const windowSeconds = 20;

const limits = {
  firstPictureP95Ms: 300,
  allLiveMs: 2000,
  leastMedianFps: 14,
  blockedPercent: 5,
  gzipBytes: 60_000,
};

/** Counts frames as they are presented, from the first moment of each video element. */
const watchVideos = `
  window.frames = new Map();
  window.blockedMs = 0;
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) window.blockedMs += duration;
  }).observe({ type: 'longtask' });
  const create = document.createElement.bind(document);
  document.createElement = (tag, options) => {
    const element = create(tag, options);
    if (tag !== 'video') return element;
    const seen = { firstMs: undefined, count: 0 };
    window.frames.set(element, seen);
    const next = () => element.requestVideoFrameCallback((now) => { seen.firstMs ??= now; seen.count++; next(); });
    next();
    return element;
  };
`;

interface Seen {
  readonly firstMs: readonly (number | null)[];
  readonly counts: readonly number[];
  readonly blockedMs: number;
}

function seen(page: Page): Promise<Seen> {
  return page.evaluate<Seen>(`({
    firstMs: [...frames.values()].map(({ firstMs }) => firstMs ?? null),
    counts: [...frames.values()].map(({ count }) => count),
    blockedMs,
  })`);
}

async function openPage(browser: Browser, url: string): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1920, height: 1080 } });
  await page.addInitScript(watchVideos);
  await page.goto(url);
  await page.waitForSelector('html[data-ready]', { state: 'attached' });
  return page;
}

/** The moment that the panel was shown, by the page's own clock. */
function show(page: Page, streams: string): Promise<number> {
  const panel = {
    id: 1,
    title: 'Wall',
    width: 1900,
    height: 1060,
    queries: [{ refId: 'A', queryType: 'streams', streams }],
  };
  return page.evaluate<number>(
    `(() => { const now = performance.now(); harness.show([${JSON.stringify(panel)}]); return now; })()`,
  );
}

/** All since the panel was shown. */
interface First {
  /** The offer leaves: the query was answered, the tile is drawn. */
  readonly offerMs: number;
  readonly answerMs: number;
  readonly pictureMs: number;
}

async function firstPicture(browser: Browser, url: string): Promise<First> {
  const page = await openPage(browser, url);
  await delay(300 + Math.random() * 500);
  const shownMs = await show(page, '');
  await page.waitForFunction('[...frames.values()].some(({ firstMs }) => firstMs !== undefined)');
  const [first] = (await seen(page)).firstMs;
  const offer = await page.evaluate<{ startTime: number; responseEnd: number }>(
    `performance.getEntriesByType('resource').find(({ name }) => name.includes('/whep/')).toJSON()`,
  );
  await page.close();
  return {
    offerMs: offer.startTime - shownMs,
    answerMs: offer.responseEnd - shownMs,
    pictureMs: (first ?? Number.NaN) - shownMs,
  };
}

await runBench(
  170,
  (figures) => ({
    firstPictureP95Ms: atMost(limits.firstPictureP95Ms),
    allLiveMs: atMost(limits.allLiveMs),
    leastMedianFps: atLeast(limits.leastMedianFps),
    blockedPercent: atMost(limits.blockedPercent),
    // Both together.
    dataSourceGzipBytes: atMost(limits.gzipBytes - figures.panelGzipBytes),
  }),
  async () => {
    const camera = { url: 'demo:?width=640&height=360&fps=15&gop=30' };
    const names = Array.from({ length: tiles }, (_, index) => `cam${index}`);
    const prepared = await prepare();
    const browser = await launchChromium();

    const single = await startDemoRelay({ cam0: camera });
    const alone = await startHarness({ ...prepared, relay: { ...single } });
    await delay(2000);
    const firsts: First[] = [];
    for (let index = 0; index < joins; index++) firsts.push(await firstPicture(browser, alone.url));
    const firstMs = firsts.map(({ pictureMs }) => pictureMs);
    const offerMs = firsts.map((first) => first.offerMs);
    const answerMs = firsts.map((first) => first.answerMs);
    say(`first picture: ${firstMs.map(Math.round).join(' ')} ms`);
    await alone[Symbol.asyncDispose]();
    single.stop();

    const relay = await startDemoRelay(Object.fromEntries(names.map((name) => [name, camera])));
    const harness = await startHarness({ ...prepared, relay: { ...relay } });
    // Demo cameras begin at once, each with a picture of its own to draw.
    await delay(3000);
    const page = await openPage(browser, harness.url);
    const shownMs = await show(page, '');
    await page.waitForFunction(
      `frames.size === ${tiles} && [...frames.values()].every(({ firstMs }) => firstMs !== undefined)`,
    );
    const start = await seen(page);
    const allLiveMs = Math.max(...start.firstMs.map((at) => at ?? Number.NaN)) - shownMs;
    say(`all ${tiles} tiles live after ${Math.round(allLiveMs)} ms`);
    await delay(3000);
    const before = await seen(page);
    await delay(windowSeconds * 1000);
    const after = await seen(page);
    const fps = after.counts.map((count, index) => (count - (before.counts[index] ?? 0)) / windowSeconds);
    const gzipBytes = ['panel', 'datasource'].map(
      (folder) => gzipSync(readFileSync(join(prepared.dist, folder, 'module.js')), { level: 9 }).length,
    );
    await browser.close();
    await harness[Symbol.asyncDispose]();

    const figures = {
      joins,
      firstPictureP50Ms: round(median(firstMs), 0),
      firstPictureP95Ms: round(percentile(firstMs, 0.95), 0),
      offerP50Ms: round(median(offerMs), 0),
      answerP50Ms: round(median(answerMs), 0),
      tiles,
      allLiveMs: round(allLiveMs, 0),
      leastFps: round(Math.min(...fps)),
      leastMedianFps: round(median(fps)),
      blockedPercent: round((100 * (after.blockedMs - before.blockedMs)) / (windowSeconds * 1000), 2),
      panelGzipBytes: gzipBytes[0] ?? 0,
      dataSourceGzipBytes: gzipBytes[1] ?? 0,
    };
    const withinLimits =
      figures.firstPictureP95Ms <= limits.firstPictureP95Ms &&
      figures.allLiveMs <= limits.allLiveMs &&
      figures.leastMedianFps >= limits.leastMedianFps &&
      figures.blockedPercent <= limits.blockedPercent &&
      figures.panelGzipBytes + figures.dataSourceGzipBytes <= limits.gzipBytes;
    return { ...figures, withinLimits };
  },
);
