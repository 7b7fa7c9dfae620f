// bench: 2,000 joins and leaves (a third vanish without a word) and 200 camera restarts: what is left of them
import { isDeepStrictEqual } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import { startCameras } from './support/cameras.ts';
import { atMost, exactly } from './support/musts.ts';
import { makePicture } from './support/pictures.ts';
import { openFiles, residentBytes } from './support/process.ts';
import { startRelay, type Relay } from './support/relay.ts';
import { runBench, say } from './support/run-bench.ts';
import { Sink } from './support/sink.ts';
import { round } from './support/stats.ts';
import { until } from './support/until.ts';
import { joinByWhep, type WhepViewer } from './support/whep-viewer.ts';

// So little media that what is measured is coming and going.
const picture = makePicture({ width: 320, height: 180, fps: 5, gopSeconds: 1, bitrateBps: 100_000 });
const names = ['cam0', 'cam1'];
const abreast = 10;
const joins = 2000;
/** All of them at once, as many as vanished ones are remembered at a time. */
const warmUpJoins = 300;
/** One batch every so often: the relay takes 3,000 changing requests per minute from one address. */
const batchMs = 330;
/** Vanished viewers end after 30 s of silence. */
const silenceMs = 45_000;

await runBench(180, { isNothingLeft: exactly(true), rssGrowthPercent: atMost(5) }, async () => {
  const camera = await startCameras({ picture, cameras: names.length });
  const relay = await startRelay({ streams: {}, threads: 2 });
  const sink = await Sink.start();

  /** Streams come by the API and go again, so that nothing of them may be left either. */
  async function churn(count: number, isWarmUp: boolean): Promise<void> {
    const staying: WhepViewer[] = [];
    for (const [index, name] of names.entries())
      await change(relay, 'POST', 'streams', { name, url: camera.urls[index], transport: 'tcp' });
    await until('live', 10_000, async () => (await areLive(relay)) || undefined);
    for (let done = 0; done < count; done += abreast) {
      const pause = delay(batchMs);
      const batch = Array.from({ length: abreast }, (_, index) =>
        joinByWhep(sink, relay.url, names[index % names.length] ?? ''),
      );
      const viewers = await Promise.all(batch);
      await change(relay, 'POST', `streams/${names[(done / abreast) % names.length]}/restart`);
      if (isWarmUp) staying.push(...viewers);
      else await Promise.all(viewers.map((viewer, index) => leave(viewer, done + index)));
      await pause;
    }
    for (const viewer of staying) viewer.sayGoodbye();
    await until('all sessions over', silenceMs, async () =>
      (await sessionsOf(relay)) === 0 ? true : undefined,
    );
    for (const name of names) await change(relay, 'DELETE', `streams/${name}`);
  }

  await churn(warmUpJoins, true);
  const before = await leftOvers(relay);
  say(`after ${warmUpJoins} joins of warm-up: ${JSON.stringify(before.counts)}`);
  const startedMs = performance.now();
  await churn(joins, false);
  const seconds = (performance.now() - startedMs) / 1000;
  const after = await leftOvers(relay);
  say(`after ${joins} more in ${seconds.toFixed(0)} s: ${JSON.stringify(after.counts)}`);

  const growthPercent = (100 * (after.rssBytes - before.rssBytes)) / before.rssBytes;
  await Promise.all([sink.stop(), relay.stop(), camera.stop()]);
  return {
    joins,
    vanished: Math.floor(joins / 3),
    cameraRestarts: joins / abreast,
    isNothingLeft: isDeepStrictEqual(before.counts, after.counts),
    rssStartMB: round(before.rssBytes / 1e6),
    rssEndMB: round(after.rssBytes / 1e6),
    rssGrowthPercent: round(growthPercent),
    rssUntrimmedStartMB: round(before.rssUntrimmedBytes / 1e6),
    rssUntrimmedEndMB: round(after.rssUntrimmedBytes / 1e6),
    heapStartMB: before.heapMB,
    heapEndMB: after.heapMB,
    openFiles: after.counts.openFiles,
    sessions: after.counts.sessions,
    arenaBlocks: after.counts.arenaBlocks,
  };
});

/** By turns: DELETE and close_notify, close_notify alone, or nothing at all. */
async function leave(viewer: WhepViewer, number: number): Promise<void> {
  if (number % 3 === 0) return viewer.close();
  if (number % 3 === 1) viewer.sayGoodbye();
  else viewer.vanish();
}

/** Everything that could leak, after garbage collection. */
async function leftOvers(relay: Relay) {
  await delay(2000); // cameras are hung up on, and there is a fresh snapshot
  const { main, threads, rssUntrimmedBytes } = await relay.observer.resources();
  const { snapshot } = await relay.observer.facts();
  // Connections of this process to the API; the client decides how long it keeps them.
  const { TCPSocketWrap: idleConnections = 0, ...active } = main.active;
  return {
    counts: {
      openFiles: openFiles(relay.pid) - idleConnections,
      active: [active, ...threads.map((thread) => thread.active)],
      sessions: snapshot?.sessions ?? -1,
      arenaBlocks: snapshot?.threads.map(({ arenaBlocks }) => arenaBlocks) ?? [],
      arenaBytes: snapshot?.threads.map(({ arenaBytes }) => arenaBytes) ?? [],
    },
    heapMB: [main, ...threads].map(({ heapUsedBytes }) => round(heapUsedBytes / 1e6)),
    rssUntrimmedBytes,
    rssBytes: residentBytes(relay.pid),
  };
}

async function change(relay: Relay, method: 'POST' | 'DELETE', path: string, body?: object): Promise<void> {
  const response = await fetch(`${relay.url}/api/v1/${path}`, {
    method,
    headers: { authorization: `Bearer ${relay.adminToken}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path} -> ${response.status} ${text}`);
}

async function areLive(relay: Relay): Promise<boolean> {
  const { snapshot } = await relay.observer.facts();
  return names.every((name) => snapshot?.streams.some((one) => one.name === name && one.state === 'live'));
}

async function sessionsOf(relay: Relay): Promise<number | undefined> {
  return (await relay.observer.facts()).snapshot?.sessions;
}
