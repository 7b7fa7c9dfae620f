// bench: auto on a path that narrows and widens, on radio that loses 5 %, and with large key frames: when it switches, and whether it should
import { setTimeout as delay } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import type { Ask } from '../media-relay/e2e/support/relay.ts';
import { watchInPage, type PageViewer } from '../media-relay/e2e/support/watch-in-page.ts';
import { launchChromium } from './support/browser.ts';
import { startCameras } from './support/cameras.ts';
import type { LinkOptions } from './support/link.ts';
import { startLossyPath } from './support/lossy.ts';
import { makePicture, type PictureOptions } from './support/pictures.ts';
import { startRelay } from './support/relay.ts';
import { runBench, say } from './support/run-bench.ts';
import { round } from './support/stats.ts';

const widths = { main: 1280, sub: 640 } as const;
const roundTrip = { delayMs: 20 } as const;

interface Scene {
  readonly viewer: PageViewer;
  /** Of the way down; what is changed counts at once. */
  readonly down: { -readonly [K in keyof LinkOptions]: LinkOptions[K] };
  readonly switches: () => Promise<Readonly<Record<string, number>>>;
  /** Resolves with the milliseconds until the viewer sees pictures of this rendition. */
  readonly sees: (rendition: keyof typeof widths) => Promise<number>;
}

async function scene<F>(
  browser: Browser,
  main: PictureOptions,
  down: LinkOptions,
  act: (scene: Scene) => Promise<F>,
): Promise<F & { readonly frozenShare: number; readonly longestGapMs: number }> {
  const small = { width: widths.sub, height: 360, bitrateBps: 500_000, gopSeconds: 2 };
  const [first, second] = await Promise.all([
    startCameras({ picture: makePicture({ ...main, profile: 'baseline' }) }),
    startCameras({ picture: makePicture({ ...small, profile: 'baseline' }) }),
  ]);
  const [url = '', substream = ''] = [first.urls[0], second.urls[0]];
  const relay = await startRelay({ streams: { camera: { url, substream } } });
  await delay(2000); // rates are known
  const changeable = { ...down };
  const page = await browser.newPage();
  const paths: { close(): void }[] = [];
  const viewer = await watchInPage(
    page,
    {
      offer: (stream, sdp) =>
        ask(`${relay.url}/api/v1/whep/${stream}`, { type: 'application/sdp', body: sdp }),
      ask: (path, { method = 'GET', body }: Ask) =>
        ask(`${relay.url}${path}`, { method, type: 'application/json', ...(body && { body: String(body) }) }),
      sessionPath: ({ headers }) => `/api/v1/whep/${headers.location ?? ''}`,
    },
    'camera',
    { quality: 'auto', width: 1920, height: 1080 },
    async (toPort) => {
      const path = await startLossyPath({ toPort, down: changeable, up: roundTrip });
      paths.push(path);
      return path.port;
    },
  );
  const startMs = performance.now();
  const figures = await act({
    viewer,
    down: changeable,
    async switches() {
      await delay(1100); // the relay tells once a second
      const response = await fetch(`${relay.url}/api/v1/streams/camera`);
      return ((await response.json()) as { qualitySwitches: Record<string, number> }).qualitySwitches;
    },
    async sees(rendition) {
      const fromMs = performance.now();
      await viewer.painted(widths[rendition], 1);
      return round(performance.now() - fromMs, 0);
    },
  });
  const frozenMs = (await viewer.statistics()).totalFreezesDuration * 1000;
  const longestGapMs = round(await viewer.longestGapMs(), 0);
  const watchedMs = performance.now() - startMs;
  await viewer.close();
  await page.close();
  for (const path of paths) path.close();
  await Promise.all([relay.stop(), first.stop(), second.stop()]);
  return { ...figures, frozenShare: round(frozenMs / watchedMs, 4), longestGapMs };
}

async function ask(
  url: string,
  { method = 'POST', type, body }: { method?: string; type: string; body?: string },
) {
  const response = await fetch(url, { method, headers: { 'Content-Type': type }, ...(body && { body }) });
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: await response.text(),
  };
}

/** Counts of the reasons that occurred. */
const occurred = (switches: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(switches).filter(([, count]) => count > 0));

await runBench(280, {}, async () => {
  const browser = await launchChromium();
  const usual: PictureOptions = { bitrateBps: 4_000_000, gopSeconds: 2 };
  const wide: LinkOptions = { ...roundTrip, rateBps: 50_000_000, queueBytes: 256_000 };
  const narrowing = await scene(browser, usual, wide, async ({ down, sees, switches }) => {
    await delay(8000);
    down.rateBps = 2_000_000;
    down.queueBytes = 64_000;
    const fallMs = await sees('sub');
    await delay(10_000);
    const whileNarrow = occurred(await switches());
    Object.assign(down, wide);
    const upMs = await sees('main');
    await delay(5000);
    return { fallMs, whileNarrow, upMs, switches: occurred(await switches()) };
  });
  say(`narrowing: ${JSON.stringify(narrowing)}`);
  const narrow = { ...roundTrip, rateBps: 2_000_000, queueBytes: 64_000 };
  const narrowFromStart = await scene(browser, usual, narrow, async ({ sees, switches }) => {
    const fallMs = await sees('sub');
    await delay(30_000);
    return { fallMs, switches: occurred(await switches()) };
  });
  say(`narrow from the start: ${JSON.stringify(narrowFromStart)}`);
  const radio = await scene(
    browser,
    { bitrateBps: 2_000_000, gopSeconds: 4 },
    { ...roundTrip, lossRatio: 0.05 },
    async ({ switches }) => {
      await delay(30_000);
      return { switches: occurred(await switches()) };
    },
  );
  say(`radio: ${JSON.stringify(radio)}`);
  const fits = await scene(
    browser,
    { bitrateBps: 4_000_000, gopSeconds: 4 },
    { ...roundTrip, rateBps: 6_000_000, queueBytes: 64_000 },
    async ({ switches }) => {
      await delay(30_000);
      return { switches: occurred(await switches()) };
    },
  );
  say(`just wide enough: ${JSON.stringify(fits)}`);
  await browser.close();
  return { narrowing, narrowFromStart, radio, fits };
});
