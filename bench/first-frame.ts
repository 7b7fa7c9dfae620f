// bench: Chromium's first and first live picture, 30 joins at random moments, on loopback and through 40 ms; Baseline and High
import { setTimeout as delay } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { launchChromium } from './support/browser.ts';
import { startCameras } from './support/cameras.ts';
import { atMost, exactly, type Musts } from './support/musts.ts';
import { makePicture } from './support/pictures.ts';
import { seededRandom } from './support/random.ts';
import { startRelay } from './support/relay.ts';
import { runBench, say } from './support/run-bench.ts';
import { startSignallingProxy, type SignallingOptions } from './support/signalling-proxy.ts';
import { median, percentile, round } from './support/stats.ts';

const gopSeconds = 4;
/** Chromium draws the frame of a new window by web pages of its own, which fills a core for a second. */
const WINDOW_MS = 2000;
/**
 * `first-frame.ts 5 baseline loopback` for a quick look: five joins, one profile, one path (`far`: the other). As the
 * product's player does after its browser's first connection, the page says that it takes AES-GCM, and so the relay begins
 * DTLS; `plain`: it says nothing.
 */
const joins = Number(process.argv.find((argument) => /^\d+$/.test(argument)) ?? 30);
const query = process.argv.includes('plain') ? '' : '?aes-gcm';
const isOnly = (what: string): boolean => process.argv.includes(what);

interface PageStatistics {
  readonly jitterBufferDelay: number;
  readonly jitterBufferEmittedCount: number;
  readonly lost: number;
  readonly freezes: number;
  readonly decodeMsPerFrame: number;
}

interface PageResult extends PageStatistics {
  readonly painted: number;
  readonly mapped: number;
  readonly firstMs: number | null;
  readonly liveMs: number | null;
  readonly ageMs: number | null;
}

interface Join {
  readonly firstMs: number;
  readonly liveMs: number;
  readonly jitterBufferMs: number;
  readonly ageMs: number;
  readonly burstLost: number;
  readonly freezes: number;
  readonly decodeMsPerFrame: number;
}

/** Opens a window, and joins in it `afterMs` later. */
async function joinOnce(browser: Browser, url: string, afterMs = 0): Promise<Join> {
  const page = await browser.newPage();
  try {
    await delay(WINDOW_MS + afterMs);
    await page.goto(url);
    await delay(3000); // the burst is over
    const early = await page.evaluate<PageStatistics>('statistics()');
    await delay(2500);
    const late = await page.evaluate<PageResult>('result()');
    const { firstMs, liveMs, ageMs } = late;
    if (firstMs === null || liveMs === null || ageMs === null)
      throw new Error(`no live picture within 5.5 s: ${JSON.stringify(late)}`);
    const emitted = late.jitterBufferEmittedCount - early.jitterBufferEmittedCount;
    const jitterBufferMs = (1000 * (late.jitterBufferDelay - early.jitterBufferDelay)) / emitted;
    return {
      firstMs,
      liveMs,
      jitterBufferMs,
      ageMs,
      burstLost: early.lost,
      freezes: late.freezes,
      decodeMsPerFrame: early.decodeMsPerFrame,
    };
  } finally {
    await page.close();
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

async function measure(browser: Browser, name: string, options: SignallingOptions) {
  const proxy = await startSignallingProxy(options);
  const url = `${proxy.url}${query}`;
  const random = seededRandom(8);
  const results: Join[] = [];
  await joinOnce(browser, url); // the browser's own first start of decoder and sandbox is not the relay's
  for (let join = 0; join < joins; join++) {
    const result = await joinOnce(browser, url, random() * gopSeconds * 1000);
    results.push(result);
    say(`${name} ${join + 1}: first ${result.firstMs.toFixed(0)} ms, live ${result.liveMs.toFixed(0)} ms`);
  }
  await proxy.close();
  const of = (value: (join: Join) => number): number[] => results.map(value);
  return {
    firstP50Ms: round(median(of((join) => join.firstMs))),
    firstP95Ms: round(
      percentile(
        of((join) => join.firstMs),
        0.95,
      ),
    ),
    liveP50Ms: round(median(of((join) => join.liveMs))),
    liveP95Ms: round(
      percentile(
        of((join) => join.liveMs),
        0.95,
      ),
    ),
    jitterBufferMs: round(median(of((join) => join.jitterBufferMs))),
    pictureAgeMs: round(median(of((join) => join.ageMs))),
    burstLost: sum(of((join) => join.burstLost)),
    freezes: sum(of((join) => join.freezes)),
    /** What the browser's decoder needs while it catches up: the machine's part of *live*. */
    decodeMsPerFrame: round(median(of((join) => join.decodeMsPerFrame))),
  };
}

/**
 * Both paths to one camera. High (CABAC, 8x8; four slices a picture, as many cameras have) takes a browser nearly twice as
 * long to decode as Baseline does.
 */
async function measureProfile(browser: Browser, profile: 'baseline' | 'high') {
  const camera = await startCameras({
    picture: makePicture({ gopSeconds, profile, slices: profile === 'high' ? 4 : 1 }),
  });
  const relay = await startRelay({ streams: { camera: camera.urls[0] ?? '' } });
  await delay(gopSeconds * 1000); // the cache holds a GOP
  const target = { relayUrl: relay.url, stream: 'camera' };
  const loopback = isOnly('far') ? undefined : await measure(browser, `${profile}, loopback`, target);
  const far = { ...target, roundTripMs: 40, link: { delayMs: 20 } };
  const rtt40 = isOnly('loopback') ? undefined : await measure(browser, `${profile}, 40 ms`, far);
  await Promise.all([relay.stop(), camera.stop()]);
  return { ...loopback, ...(rtt40 && { rtt40 }) };
}

type Measured = Awaited<ReturnType<typeof measure>>;

/** Of one profile, for the paths that were asked for. */
function mustsOfPaths(): Musts<Measured & { readonly rtt40: Measured }> {
  const loopback: Musts<Measured> = {
    firstP95Ms: atMost(150),
    liveP95Ms: atMost(450),
    jitterBufferMs: atMost(40),
    pictureAgeMs: atMost(80),
    burstLost: exactly(0),
    freezes: exactly(0),
  };
  const rtt40: Musts<Measured> = {
    firstP95Ms: atMost(350),
    liveP95Ms: atMost(600),
    jitterBufferMs: atMost(40),
    pictureAgeMs: atMost(110),
    freezes: exactly(0),
  };
  return { ...(!isOnly('far') && loopback), ...(!isOnly('loopback') && { rtt40 }) };
}

await runBench(
  1800,
  () => ({
    ...(!isOnly('high') && mustsOfPaths()),
    ...(!isOnly('baseline') && { high: mustsOfPaths() }),
  }),
  async () => {
    const browser = await launchChromium();
    try {
      const baseline = isOnly('high') ? undefined : await measureProfile(browser, 'baseline');
      const high = isOnly('baseline') ? undefined : await measureProfile(browser, 'high');
      return {
        joins,
        isCipherKnown: query !== '',
        ...(baseline && { profile: 'baseline', ...baseline }),
        ...(high && { high }),
      };
    } finally {
      await browser.close();
    }
  },
);
