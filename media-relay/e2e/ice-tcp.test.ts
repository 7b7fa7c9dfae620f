/** ICE-TCP and its absence: the wall of the real relay in a real Chromium whose network lets UDP, TCP or nothing through. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBrowser, readPicture } from './support/browser.ts';
import type { TestBrowser } from './support/browser.ts';
import { TestRelay } from './support/relay.ts';

let browser: TestBrowser;
let relay: TestRelay;

beforeAll(async () => {
  [browser, relay] = await Promise.all([
    openBrowser(),
    TestRelay.start({ cam: 'demo:?width=320&height=180&fps=25&gop=25' }),
  ]);
  await relay.live('cam');
});

afterAll(async () => {
  await browser.close();
  await relay[Symbol.asyncDispose]();
});

/** Keeps what the page's own code makes, to be asked for its statistics. */
const keepPeers = `
  window.peers = [];
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...options) {
      super(...options);
      window.peers.push(this);
    }
  };
`;

/** Opens the wall; `path` decides which candidates of each answer reach the browser. */
async function openWall(
  path: (line: string) => string | undefined,
  url = relay.url,
): Promise<{ page: Page; errors: readonly string[] }> {
  const { page, errors } = await browser.page();
  await page.addInitScript(keepPeers);
  await page.route(/\/api\/v1\/whep\/\w+(\?|$)/, async (route) => {
    const response = await route.fetch();
    const lines = (await response.text()).split('\r\n');
    const body = lines
      .flatMap((line) => (line.startsWith('a=candidate:') ? (path(line) ?? []) : line))
      .join('\r\n');
    await route.fulfill({ response, body });
  });
  await page.goto(url);
  return { page, errors };
}

function reaches(page: Page, state: string, timeoutMs = 20_000): Promise<unknown> {
  return page.waitForSelector(`[data-stream="cam"][data-state="${state}"]`, {
    timeout: timeoutMs,
    state: 'attached',
  });
}

/** Transport of the pair in use. */
function selectedProtocol(page: Page): Promise<string> {
  return page.evaluate<string>(`(async () => {
    const reports = await window.peers.at(-1).getStats();
    const transport = [...reports.values()].find(({ type }) => type === 'transport');
    const pair = reports.get(transport.selectedCandidatePairId);
    return reports.get(pair.remoteCandidateId).protocol;
  })()`);
}

const pixels = (page: Page): Promise<string> =>
  page.evaluate<string>(`(() => {
    const context = new OffscreenCanvas(160, 90).getContext('2d');
    context.drawImage(document.querySelector('video'), 0, 0, 160, 90);
    return context.getImageData(0, 0, 160, 90).data.join();
  })()`);

async function expectMovingPicture(page: Page): Promise<void> {
  expect((await readPicture(page, 'video')).contrast).toBeGreaterThan(10);
  const before = await pixels(page);
  await expect.poll(() => pixels(page), { timeout: 5000 }).not.toBe(before);
}

test('plays over UDP where both are there', async () => {
  const offered: string[] = [];
  const { page, errors } = await openWall((line) => {
    offered.push(line);
    return line;
  });
  await reaches(page, 'live');
  await expectMovingPicture(page);
  expect(offered.map((line) => line.split(' ')[2])).toEqual(['udp', 'tcp']);
  expect(await selectedProtocol(page)).toBe('udp');
  expect(errors).toEqual([]);
  await page.close();
});

test('plays over TCP where UDP does not get through, frame for frame, and ends with its page', async () => {
  const { page, errors } = await openWall((line) => (line.includes(' udp ') ? undefined : line));
  await reaches(page, 'live');
  await expectMovingPicture(page);
  expect(await selectedProtocol(page)).toBe('tcp');
  const counters = (): Promise<{ framesDecoded: number; packetsLost: number }> =>
    page.evaluate(`(async () => {
      const reports = await window.peers.at(-1).getStats();
      const { framesDecoded, packetsLost } = [...reports.values()].find(({ type }) => type === 'inbound-rtp');
      return { framesDecoded, packetsLost };
    })()`);
  await expect.poll(async () => (await counters()).framesDecoded, { timeout: 10_000 }).toBeGreaterThan(75);
  expect(await counters()).toMatchObject({ packetsLost: 0 });
  expect(errors).toEqual([]);
  await relay.viewers('cam', 1);
  await page.close();
  await relay.viewers('cam', 0);
});

test('says within ten seconds which port is blocked and what to do, and plays once it is open', async () => {
  let isOpen = false;
  // Nobody listens on port 9; the relay's own number stands in the answer's other lines.
  const { page } = await openWall((line) => (isOpen ? line : line.replace(/ \d+ typ/, ' 9 typ')));
  const startMs = performance.now();
  await reaches(page, 'blocked');
  expect(performance.now() - startMs).toBeLessThan(10_500);
  const sentence = page.locator('[data-stream="cam"] .sentence');
  expect(await sentence.textContent()).toMatch(
    /UDP or TCP port 9 cannot be reached\..*firewall.*media\.announce/,
  );
  isOpen = true;
  await reaches(page, 'live');
  await page.close();
}, 45_000);

test('says it on each of thirty tiles within ten seconds, after fewer joins, and most play at once when it is open', async () => {
  const names = Array.from({ length: 30 }, (_, index) => `cam${index}`);
  const small = 'demo:?width=160&height=120&fps=5&gop=5';
  await using many = await TestRelay.start(Object.fromEntries(names.map((name) => [name, small])));
  await many.live(...names);
  let isOpen = false;
  const { page } = await openWall((line) => (isOpen ? line : line.replace(/ \d+ typ/, ' 9 typ')), many.url);
  const shown = (state: string) => page.locator(`.tile[data-state="${state}"]`).count();
  const startMs = performance.now();
  await expect.poll(() => shown('blocked'), { timeout: 20_000 }).toBe(names.length);
  expect(performance.now() - startMs).toBeLessThan(10_500);
  expect(await page.evaluate<number>('window.peers.length')).toBeLessThan(names.length);
  isOpen = true;
  await expect.poll(() => shown('live'), { timeout: 30_000 }).toBeGreaterThan(names.length / 2);
  // Some are still on their way.
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  await page.close();
}, 60_000);
