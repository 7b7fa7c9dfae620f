// bench: from the quality call to Chromium's first picture of the other rendition, 40 switches at random moments
import { setTimeout as delay } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { launchChromium } from './support/browser.ts';
import { startCameras } from './support/cameras.ts';
import { makePicture } from './support/pictures.ts';
import { seededRandom } from './support/random.ts';
import { startRelay } from './support/relay.ts';
import { runBench, say } from './support/run-bench.ts';
import { median, percentile, round } from './support/stats.ts';

const gopSeconds = 4;
/** `quality-switch 10` for a quick look. */
const switches = Number(process.argv.find((argument) => /^\d+$/.test(argument)) ?? 40);
const widths = { main: 1280, sub: 640 } as const;
type Rendition = keyof typeof widths;

/** What the page does: watches, switches, and notes when which picture was painted. */
const viewerScript = `
  const video = document.body.appendChild(document.createElement('video'));
  video.muted = video.autoplay = true;
  const pc = new RTCPeerConnection();
  let session;
  let onPaint = () => {};
  let last;
  const painted = (nowMs, { width }) => {
    onPaint(nowMs, width, last === undefined ? 0 : nowMs - last);
    last = nowMs;
    video.requestVideoFrameCallback(painted);
  };
  window.join = async () => {
    pc.ontrack = ({ track }) => (video.srcObject = new MediaStream([track]));
    pc.addTransceiver('video', { direction: 'recvonly' });
    await pc.setLocalDescription();
    const url = new URL('/api/v1/whep/camera?quality=main', location.href);
    const headers = { 'Content-Type': 'application/sdp' };
    const response = await fetch(url, { method: 'POST', headers, body: pc.localDescription.sdp });
    session = new URL(response.headers.get('Location'), url).href;
    video.requestVideoFrameCallback(painted);
    await pc.setRemoteDescription({ type: 'answer', sdp: await response.text() });
  };
  /** From the call to the first painted picture of that width; the longest time without a picture within 2 s of it. */
  window.switchTo = (quality, width) =>
    new Promise((resolve) => {
      const calledMs = performance.now();
      let firstMs;
      let longestGapMs = 0;
      onPaint = (nowMs, paintedWidth, gapMs) => {
        longestGapMs = Math.max(longestGapMs, gapMs);
        if (paintedWidth === width) firstMs ??= performance.now() - calledMs;
      };
      fetch(session + '/quality', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ quality }),
      });
      setTimeout(() => resolve({ firstMs: firstMs ?? null, longestGapMs }), 2000);
    });
  window.statistics = async () => {
    const reports = [...(await pc.getStats()).values()];
    const { packetsLost, freezeCount, pliCount, framesDecoded } = reports.find(({ type }) => type === 'inbound-rtp');
    return { packetsLost, freezeCount, pliCount, framesDecoded };
  };
`;

interface Switch {
  readonly firstMs: number;
  readonly longestGapMs: number;
}

async function switchTo(page: Page, rendition: Rendition): Promise<Switch> {
  const result = await page.evaluate<{ firstMs: number | null; longestGapMs: number }>(
    `switchTo('${rendition}', ${widths[rendition]})`,
  );
  if (result.firstMs === null) throw new Error(`no picture of ${rendition} within 2 s of the call`);
  return { firstMs: result.firstMs, longestGapMs: result.longestGapMs };
}

function figures(name: string, results: readonly Switch[]) {
  const first = results.map(({ firstMs }) => firstMs);
  const gaps = results.map(({ longestGapMs }) => longestGapMs);
  return {
    [`${name}FirstP50Ms`]: round(median(first)),
    [`${name}FirstP95Ms`]: round(percentile(first, 0.95)),
    [`${name}GapP50Ms`]: round(median(gaps)),
    [`${name}GapMaxMs`]: round(Math.max(...gaps)),
  };
}

await runBench(300, {}, async () => {
  const size = { width: widths.sub, height: 360, bitrateBps: 500_000, gopSeconds: 2 };
  const [main, sub] = await Promise.all([
    startCameras({ picture: makePicture({ gopSeconds, profile: 'baseline' }) }),
    startCameras({ picture: makePicture({ ...size, profile: 'baseline' }) }),
  ]);
  const [url = '', substream = ''] = [main.urls[0], sub.urls[0]];
  const relay = await startRelay({ streams: { camera: { url, substream } } });
  const browser = await launchChromium();
  const page = await browser.newPage();
  await page.goto(`${relay.url}/live`);
  await page.evaluate(viewerScript);
  await delay(gopSeconds * 1000); // the cache holds a group
  await page.evaluate('join()');
  await delay(3000);
  // The first time, the relay has to connect to the substream.
  const cold = await switchTo(page, 'sub');
  await switchTo(page, 'main');
  const random = seededRandom(9);
  const down: Switch[] = [];
  const up: Switch[] = [];
  for (let i = 0; i < switches / 2; i++) {
    for (const [rendition, results] of [['sub', down] as const, ['main', up] as const]) {
      await delay(random() * 1000);
      const result = await switchTo(page, rendition);
      results.push(result);
      say(`${rendition} ${i + 1}: ${result.firstMs.toFixed(0)} ms, gap ${result.longestGapMs.toFixed(0)} ms`);
    }
  }
  const statistics = await page.evaluate<Record<string, number>>('statistics()');
  await browser.close();
  await Promise.all([relay.stop(), main.stop(), sub.stop()]);
  return {
    switches,
    ...figures('down', down),
    ...figures('up', up),
    coldFirstMs: round(cold.firstMs),
    ...statistics,
  };
});
