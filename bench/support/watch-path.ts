import { setTimeout as delay } from 'node:timers/promises';
import { launchChromium } from './browser.ts';
import { startCameras } from './cameras.ts';
import type { Picture } from './pictures.ts';
import { startRelay } from './relay.ts';
import type { LinkOptions } from './link.ts';
import { startSignallingProxy } from './signalling-proxy.ts';
import { round } from './stats.ts';

export interface WatchOptions {
  readonly picture: Picture;
  /** To the viewer. */
  readonly down: LinkOptions;
  /** And back. */
  readonly up: LinkOptions;
  readonly seconds: number;
  readonly unpaced?: boolean;
  readonly seed?: number;
}

interface PageStatistics {
  readonly jitterBufferDelay: number;
  readonly jitterBufferEmittedCount: number;
  readonly freezes: number;
  readonly frozenSeconds: number;
  readonly framesDecoded: number;
  readonly framesDropped: number;
  readonly keyFrameRequests: number;
}

/** Chromium is through with its join, and what it counts from then on is the path's doing. */
const settleMs = 5000;

/** What Chromium makes of one camera behind a bad path. */
export async function watchThroughPath(options: WatchOptions) {
  const { picture, down, up, seconds, unpaced = false, seed = 1 } = options;
  const camera = await startCameras({ picture });
  const relay = await startRelay({ streams: { camera: camera.urls[0] ?? '' }, unpaced });
  const proxy = await startSignallingProxy({
    relayUrl: relay.url,
    stream: 'camera',
    roundTripMs: (down.delayMs ?? 0) + (up.delayMs ?? 0),
    link: down,
    up,
    seed,
  });
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    await page.goto(proxy.url);
    await delay(settleMs);
    const link = proxy.path?.down;
    if (!link) throw new Error('nobody came through the path');
    const before = { ...(await page.evaluate<PageStatistics>('statistics()')), atMs: performance.now() };
    const sent = { datagrams: link.datagrams, lost: link.lost, tailDrops: link.droppedByQueue };
    await delay(seconds * 1000);
    const after = { ...(await page.evaluate<PageStatistics>('statistics()')), atMs: performance.now() };
    const { ageMs } = await page.evaluate<{ readonly ageMs: number | null }>('result()');
    const elapsed = (after.atMs - before.atMs) / 1000;
    const emitted = after.jitterBufferEmittedCount - before.jitterBufferEmittedCount;
    const datagrams = link.datagrams - sent.datagrams;
    return {
      seconds: round(elapsed),
      frozenPercent: round((100 * (after.frozenSeconds - before.frozenSeconds)) / elapsed, 2),
      freezes: after.freezes - before.freezes,
      decodedPercent: round(
        (100 * (after.framesDecoded - before.framesDecoded)) / (elapsed * picture.fps),
        2,
      ),
      framesDropped: after.framesDropped - before.framesDropped,
      jitterBufferMs: round((1000 * (after.jitterBufferDelay - before.jitterBufferDelay)) / emitted),
      pictureAgeMs: ageMs === null ? null : round(ageMs),
      keyFrameRequests: after.keyFrameRequests - before.keyFrameRequests,
      datagrams,
      lostPercent: round((100 * (link.lost - sent.lost)) / datagrams, 2),
      tailDropPercent: round((100 * (link.droppedByQueue - sent.tailDrops)) / datagrams, 2),
    };
  } finally {
    await browser.close();
    await proxy.close();
    await Promise.all([relay.stop(), camera.stop()]);
  }
}

/** `loss.ts 20` runs 20 s; the figure of record takes 60. */
export function durationSeconds(): number {
  return Number(process.argv.find((argument) => /^\d+$/.test(argument)) ?? 60);
}
