/** The monitoring page of the real relay in a real Chromium: a phone and a wall look at the same relay. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBrowser } from './support/browser.ts';
import type { TestBrowser, TestPage } from './support/browser.ts';
import { startGstCamera } from './support/gst-camera.ts';
import type { GstCamera } from './support/gst-camera.ts';
import { TestRelay } from './support/relay.ts';

let browser: TestBrowser;
let wall: TestPage;
let phone: TestPage;
let relay: TestRelay;
let camera: GstCamera;

beforeAll(async () => {
  camera = await startGstCamera(['--protocols', 'tcp']);
  relay = await TestRelay.start({
    demo: { url: 'demo:?width=320&height=180&fps=10&gop=20', title: 'Lobby' },
    camera: {
      url: `rtsp://127.0.0.1:${camera.port}/live`,
      title: 'A camera with a name that is too long for a phone',
    },
  });
  browser = await openBrowser();
  [wall, phone] = [
    await browser.page({ width: 1920, height: 1080 }),
    await browser.page({ width: 390, height: 844 }),
  ];
  await relay.live('demo', 'camera');
  for (const { page } of [wall, phone]) await page.goto(`${relay.url}monitoring`);
});

afterAll(async () => {
  await browser.close();
  await relay[Symbol.asyncDispose]();
  await camera.kill();
});

function says(selector: string, pattern: RegExp): Promise<void> {
  const found = wall.page.locator(selector).filter({ hasText: pattern });
  return found.first().waitFor({ timeout: 15_000 });
}

describe('the monitoring page', () => {
  test('shows gauges with number, word and shape, and the streams', async () => {
    await says('.gauge .name', /^CPU$/);
    await says('.gauge .name', /^Host memory$/);
    await says('.gauge .percent', /^\d+%$/);
    await says('.gauge .level', /^(OK|Raised|High|Critical)$/);
    expect(await wall.page.locator('.gauge .level .shape').count()).toBeGreaterThan(3);
    await says('[data-stream="demo"] .fps', /^(9|10|11)$/);
    await says('[data-stream="demo"] .bitrate', /bit\/s$/);
    await says('[data-stream="camera"] .state', /^Live$/);
  });

  test('draws the last hour, of a stream that is chosen too', async () => {
    await says('#chart-cpu .readout', /^\d+%$/);
    await says('#chart-network .readout', /^in .*out /);
    await wall.page.click('[data-stream="camera"]');
    expect(await wall.page.inputValue('#chosen')).toBe('camera');
    await says('#chart-stream .readout', /^\d+ fps\s*\d.*bit\/s$/);
    expect(await wall.page.locator('.chart canvas').count()).toBe(4);
  });

  test('fits: nothing scrolls sideways on a phone, nothing at all on a wall', async () => {
    await phone.page.waitForSelector('[data-stream="camera"]');
    const overflow = `document.documentElement.scrollWidth - innerWidth`;
    expect(await phone.page.evaluate<number>(overflow)).toBeLessThanOrEqual(0);
    expect(await wall.page.evaluate<number>(overflow)).toBeLessThanOrEqual(0);
    const below = `document.documentElement.scrollHeight - innerHeight`;
    expect(await wall.page.evaluate<number>(below)).toBeLessThanOrEqual(0);
  });

  test('shows a stream that goes down without being asked', async () => {
    await camera.kill();
    await wall.page.waitForSelector(
      '[data-stream="camera"]:is([data-state="offline"], [data-state="stalled"])',
      { timeout: 20_000 },
    );
    await says('[data-stream="camera"] .uptime', /^down /);
    // What is in trouble comes first.
    expect(await wall.page.locator('#streams tr').first().getAttribute('data-stream')).toBe('camera');
  }, 30_000);

  test('links to the wall, and the wall to it, without a violation of the policy', async () => {
    expect([...wall.errors, ...phone.errors]).toEqual([]);
    await phone.page.click('text=Wall');
    await phone.page.waitForURL(relay.url);
    await phone.page.click('text=Monitoring');
    await phone.page.waitForURL(`${relay.url}monitoring`);
  });
});
