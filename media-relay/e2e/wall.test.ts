/** The wall page of the real relay in a real Chromium, with cameras of every kind: good, dead, and unplayable ones. */
import { readFileSync } from 'node:fs';
import { transformSync } from 'esbuild';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBrowser, readPicture } from './support/browser.ts';
import type { TestBrowser, TestPage } from './support/browser.ts';
import { startGstCamera } from './support/gst-camera.ts';
import type { GstCamera } from './support/gst-camera.ts';
import { TestRelay } from './support/relay.ts';

const digest = ['--user', 'viewer', '--password', 'p w/1'];
const good = ['demo', 'tcp', 'udp', 'slices'] as const;

let browser: TestBrowser;
let wall: TestPage;
let relay: TestRelay;
let cameras: Record<'tcp' | 'udp' | 'slices' | 'reordered', GstCamera>;

beforeAll(async () => {
  const [tcp, udp, slices, reordered] = await Promise.all([
    startGstCamera([...digest, '--protocols', 'tcp']),
    startGstCamera(['--protocols', 'udp']),
    startGstCamera(['--slices', '4', '--profile', 'high']),
    startGstCamera(['--b-frames', '2', '--profile', 'main']),
  ]);
  cameras = { tcp, udp, slices, reordered };
  relay = await TestRelay.start({
    demo: 'demo:?width=640&height=360&fps=25&gop=50',
    tcp: { url: `rtsp://viewer:p%20w%2F1@127.0.0.1:${tcp.port}/live`, transport: 'tcp' },
    udp: { url: `rtsp://127.0.0.1:${udp.port}/live`, transport: 'udp' },
    slices: `rtsp://127.0.0.1:${slices.port}/live`,
    // A free port would be somebody's by the time that another file's servers start.
    dead: 'rtsp://127.0.0.1:9/live',
    reordered: `rtsp://127.0.0.1:${reordered.port}/live`,
  });
  browser = await openBrowser();
  wall = await browser.page();
  await wall.page.goto(relay.url);
  await wall.page.evaluate('window.wasNeverReloaded = true');
});

afterAll(async () => {
  await browser.close();
  await relay[Symbol.asyncDispose]();
  await Promise.all(Object.values(cameras).map((camera) => camera.kill()));
});

const tile = (stream: string) => `[data-stream="${stream}"]`;

function reaches(stream: string, ...states: string[]): Promise<unknown> {
  const selector = states.map((state) => `${tile(stream)}[data-state="${state}"]`).join();
  return wall.page.waitForSelector(selector, { timeout: 40_000, state: 'attached' });
}

function says(stream: string, part: string, pattern: RegExp): Promise<unknown> {
  const found = wall.page.locator(`${tile(stream)} ${part}`).filter({ hasText: pattern });
  return found.waitFor({ timeout: 15_000, state: 'attached' });
}

/** A fingerprint of the picture that the tile shows now, from its decoded pixels. */
function pixels(page: Page, stream: string): Promise<string> {
  return page.evaluate<string>(`(() => {
    const canvas = document.createElement('canvas');
    canvas.width = 160;
    canvas.height = 90;
    const context = canvas.getContext('2d');
    context.drawImage(document.querySelector('${tile(stream)} video'), 0, 0, 160, 90);
    return context.getImageData(0, 0, 160, 90).data.join();
  })()`);
}

const timeCodeSource = readFileSync(new URL('../src/sources/demo/time-code.ts', import.meta.url), 'utf8');
const timeCode = transformSync(timeCodeSource, { loader: 'ts', format: 'iife', globalName: 'timeCode' }).code;

/** How old the picture in the tile is by the page's clock, from the time code in its pixels. */
function pictureAgeMs(page: Page, stream: string): Promise<number | undefined> {
  return page.evaluate<number | undefined>(`(() => {
    ${timeCode}
    const video = document.querySelector('${tile(stream)} video');
    const { videoWidth: width, videoHeight: height } = video;
    const context = new OffscreenCanvas(width, height).getContext('2d');
    context.drawImage(video, 0, 0);
    const nowMs = performance.timeOrigin + performance.now();
    const shownMs = timeCode.readTimeCodeRgba(context.getImageData(0, 0, width, height).data, width, height);
    return shownMs === undefined ? undefined : nowMs - shownMs;
  })()`);
}

async function expectMovingPicture(stream: string): Promise<void> {
  const facts = await readPicture(wall.page, `${tile(stream)} video`);
  expect(facts.contrast).toBeGreaterThan(10);
  const before = await pixels(wall.page, stream);
  await expect.poll(() => pixels(wall.page, stream), { timeout: 5000 }).not.toBe(before);
}

describe('the wall', () => {
  test.each(good)('plays %s: decoded pixels that are not black, and change', async (stream) => {
    await reaches(stream, 'live');
    await expectMovingPicture(stream);
  });

  test('knows what it plays', async () => {
    // The list follows the engine's statistics, which come once a second.
    const knows = async (name: string, facts: object): Promise<void> => {
      await expect.poll(() => relay.stream(name), { timeout: 10_000 }).toMatchObject(facts);
    };
    await knows('tcp', { transport: 'tcp', videoProfile: 'Constrained Baseline' });
    await knows('udp', { transport: 'udp', width: 320, height: 240 });
    await knows('slices', { videoProfile: 'High' });
    await says('demo', '.statistics', /fps.*bit\/s640×360$/);
  });

  test('shows the demo camera less than a second old, by the time in its pixels', async () => {
    const ages: number[] = [];
    for (let i = 0; i < 5; i++) {
      const ageMs = await pictureAgeMs(wall.page, 'demo');
      if (ageMs === undefined) throw new Error('the picture holds no time code');
      ages.push(ageMs);
    }
    expect(Math.min(...ages)).toBeGreaterThan(0);
    expect(Math.max(...ages)).toBeLessThan(1000);
  });

  test('says why a camera is offline, and what to do about B-frames', async () => {
    await reaches('dead', 'offline');
    await says('dead', '.trouble-word', /^Offline$/);
    await says('dead', '.sentence', /refused the connection|cannot be reached/i);
    await says('reordered', '.trouble-word', /^Refused$/);
    await says('reordered', '.sentence', /sends B-frames.*Set its profile to Baseline/);
    expect(await relay.stream('reordered')).toMatchObject({ state: 'refused', reasonCode: 'b-frames' });
  });

  test('a camera that was away comes back without a reload', async () => {
    const { port } = cameras.tcp;
    await cameras.tcp.kill();
    await reaches('tcp', 'stalled', 'offline');
    cameras.tcp = await startGstCamera([...digest, '--protocols', 'tcp'], port);
    await reaches('tcp', 'live');
    await expectMovingPicture('tcp');
  }, 60_000);

  test('a relay that was away brings all its tiles back without a reload', async () => {
    expect(await relay.stop()).toMatchObject({ code: 0 });
    for (const stream of good) await reaches(stream, 'offline', 'stalled');
    await relay.start();
    for (const stream of good) {
      await reaches(stream, 'live');
      await expectMovingPicture(stream);
    }
    await expect.poll(() => wall.page.locator('#banner').isVisible(), { timeout: 5000 }).toBe(false);
    expect(await wall.page.evaluate('window.wasNeverReloaded')).toBe(true);
    expect(wall.errors.filter((error) => !error.startsWith('Failed to load resource'))).toEqual([]);
  }, 60_000);
});
