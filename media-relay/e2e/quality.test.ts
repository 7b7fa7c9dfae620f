/** Two renditions of one camera, encoded by x264 and served over RTSP by GStreamer, and a real Chromium between them. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLossyPath } from '../../bench/support/lossy.ts';
import { openBrowser, readPicture } from './support/browser.ts';
import type { TestBrowser } from './support/browser.ts';
import { startGstCamera } from './support/gst-camera.ts';
import type { GstCamera } from './support/gst-camera.ts';
import { TestRelay } from './support/relay.ts';
import { watchInPage } from './support/watch-in-page.ts';

const main = { width: 640, height: 360 };
const sub = { width: 320, height: 180 };

let browser: TestBrowser;
let relay: TestRelay;
let cameras: GstCamera[];

/** Noise in a part of the picture: without it x264 has nothing to spend its bits on. */
const camera = ({ width, height }: typeof main, kbps: number): Promise<GstCamera> =>
  startGstCamera(
    ['--width', width, '--height', height, '--kbps', kbps, '--pattern', 'smpte', '--protocols', 'tcp'].map(
      String,
    ),
  );

beforeAll(async () => {
  [browser, ...cameras] = await Promise.all([openBrowser(), camera(main, 1500), camera(sub, 300)]);
  const [first, second] = cameras.map(({ port }) => `rtsp://viewer:hunter22@127.0.0.1:${port}/live`);
  relay = await TestRelay.start({ cam: { url: first, substream: second, transport: 'tcp' } });
  await relay.live('cam');
});

afterAll(async () => {
  await Promise.all([
    browser?.close(),
    relay?.[Symbol.asyncDispose](),
    ...(cameras ?? []).map((one) => one.kill()),
  ]);
});

/** The relay counts at least so many switches; it tells once a second. */
async function switched(reason: string, count: number): Promise<void> {
  const counted = async (): Promise<number | undefined> =>
    (await relay.stream('cam')).qualitySwitches[reason];
  await expect.poll(counted, { timeout: 5000 }).toBeGreaterThanOrEqual(count);
}

const widthOf = (page: Page): Promise<number> => page.evaluate('document.querySelector("video").videoWidth');

test('the call switches main, sub, main: other sizes on the same track, nothing lost, never black', async () => {
  const { page, errors } = await browser.page();
  const viewer = await watchInPage(page, relay, 'cam', { quality: 'main' });
  await viewer.painted(main.width, 10);
  let decoded = (await viewer.statistics()).framesDecoded;
  for (const [quality, size] of [
    ['sub', sub],
    ['main', main],
    ['sub', sub],
    ['main', main],
  ] as const) {
    expect(await viewer.setQuality({ quality })).toMatchObject({ wanted: quality, reason: null });
    await viewer.painted(size.width, 10);
    expect(await viewer.setQuality({})).toEqual({
      wanted: quality,
      playing: quality,
      switchingTo: null,
      reason: null,
    });
    expect(await readPicture(page, 'video')).toMatchObject(size);
    expect((await readPicture(page, 'video')).contrast).toBeGreaterThan(20);
    const statistics = await viewer.statistics();
    expect(statistics).toMatchObject({ packetsLost: 0, pliCount: 0, connectionState: 'connected', peers: 1 });
    // Ten were painted; the browser's statistics may be a moment older.
    expect(statistics.framesDecoded).toBeGreaterThan(decoded);
    decoded = statistics.framesDecoded;
  }
  // How short the gaps are is for the bench to say, on a machine that does nothing else.
  expect(await viewer.longestGapMs()).toBeLessThan(1500);
  await switched('viewer', 4);
  expect((await relay.stream('cam')).substream).toMatchObject({ state: 'live', ...sub });
  expect(errors).toEqual([]);
  await viewer.close();
  await page.close();
  await relay.viewers('cam', 0);
  expect(relay.log).not.toContain('hunter22');
});

test('on the wall the size of the tile decides', async () => {
  const { page, errors } = await browser.page({ width: 1000, height: 700 });
  await page.addInitScript(
    'window.peers = 0; window.RTCPeerConnection = class extends RTCPeerConnection { constructor(...all) { super(...all); peers++; } };',
  );
  const joined = (await relay.events('?type=viewer-joined')).length;
  await page.goto(relay.url);
  await expect.poll(() => widthOf(page), { timeout: 15_000 }).toBe(main.width);
  await page.setViewportSize({ width: 330, height: 400 });
  await expect.poll(() => widthOf(page), { timeout: 10_000 }).toBe(sub.width);
  await relay.viewers('cam', 1);
  await page.setViewportSize({ width: 1000, height: 700 });
  await expect.poll(() => widthOf(page), { timeout: 10_000 }).toBe(main.width);
  expect(await page.evaluate('peers')).toBe(1);
  expect((await relay.events('?type=viewer-joined')).length).toBe(joined + 1);
  await switched('tile', 2);
  expect(errors).toEqual([]);
  // Small from the start: the substream lingers, so the first picture is its own.
  await page.setViewportSize({ width: 330, height: 400 });
  await page.reload();
  await expect.poll(() => widthOf(page), { timeout: 10_000 }).toBe(sub.width);
  await page.close();
  await relay.viewers('cam', 0);
}, 60_000);

test('auto falls to the substream where the path is too narrow, and comes back when it widens', async () => {
  const down = { rateBps: 900_000, delayMs: 15, queueBytes: 64_000 };
  const path = await startLossyPath({ toPort: relay.mediaPort, down, up: { delayMs: 15 } });
  try {
    const { page, errors } = await browser.page();
    const viewer = await watchInPage(page, relay, 'cam', { quality: 'auto', width: 1280, height: 720 }, () =>
      Promise.resolve(path.port),
    );
    await viewer.painted(sub.width, 25);
    expect(await viewer.setQuality({})).toMatchObject({ wanted: 'auto', playing: 'sub' });
    down.rateBps = 30_000_000;
    // Longer than a trial.
    await viewer.painted(main.width, 60);
    expect(await viewer.setQuality({})).toMatchObject({ wanted: 'auto', playing: 'main' });
    expect((await viewer.statistics()).peers).toBe(1);
    await switched('path', 1);
    await switched('trial', 1);
    expect(errors).toEqual([]);
    await viewer.close();
    await page.close();
  } finally {
    path.close();
  }
}, 60_000);
