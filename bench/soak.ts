// bench: by hand, 30 minutes after an hour of warm-up, or `soak -- WARM_UP_MINUTES`: growth of memory, stalls of the event loops, pictures that viewers lost
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startCameras } from './support/cameras.ts';
import { repositoryRoot } from './support/paths.ts';
import { checkPayloads } from './support/payloads.ts';
import { atMost, exactly } from './support/musts.ts';
import { makePicture } from './support/pictures.ts';
import { openFiles, residentBytes } from './support/process.ts';
import { startRelay, type Relay } from './support/relay.ts';
import { runBench, say } from './support/run-bench.ts';
import { Sink } from './support/sink.ts';
import { round, slope } from './support/stats.ts';
import { joinByWhep, joinMany, type Viewer } from './support/whep-viewer.ts';

/**
 * Memory counts when everything has found its size: heaps within ten minutes; but V8 compiles a function for the last
 * time when it has run 3,000 times, which what runs once a second has done after 50 minutes.
 */
const warmUpMinutes = Number(process.argv[2] ?? 60);
const minutes = 30;
const cameras = 6;
const threads = 2;
const viewersPerCamera = 4;
/** Garbage makes memory a saw: the lowest reading of each half minute counts. */
const sampleMs = 30_000;
/** Each statistic of a media thread covers one second: asked twice as often, none is missed. */
const measured = { guests: 1, guestsEveryMs: 5000, pollMs: 500 };
/**
 * By one guest in five seconds, what a guest runs would be compiled after hours, and the event log (bounded: 10,000) be
 * full after seven. So the warm-up begins with crowds of them.
 */
const crowds = { guests: 2, guestsEveryMs: 100, pollMs: 50 };
const crowdMinutes = Math.min(4.5, warmUpMinutes / 3);
const stallMs = 50;

interface Loops {
  readonly name: string;
  stalls: number;
  longestMs: number;
  /** The same second may be told twice. */
  lastMs: number;
}

/** Until `endMs` of performance.now(): memory, event loops, and a guest that comes and goes. */
async function watch(relay: Relay, sink: Sink, endMs: number, { guests, guestsEveryMs, pollMs } = measured) {
  const loops: Loops[] = ['main', ...Array.from({ length: threads }, (_, index) => `media-${index}`)].map(
    (name) => ({ name, stalls: 0, longestMs: 0, lastMs: 0 }),
  );
  const memory: [hours: number, bytes: number][] = [];
  const startMs = performance.now();
  let nextGuestsMs = startMs;
  let sampledMs = startMs;
  let lowestBytes = Infinity;
  let joined = 0;
  const note = (loop: Loops | undefined, lateMs: number): void => {
    if (loop === undefined || lateMs === loop.lastMs) return;
    loop.lastMs = lateMs;
    loop.longestMs = Math.max(loop.longestMs, lateMs);
    if (lateMs > stallMs) loop.stalls++;
  };
  while (performance.now() < endMs) {
    await delay(pollMs);
    const { snapshot, mainDelayMaxMs } = await relay.observer.facts();
    note(loops[0], mainDelayMaxMs);
    snapshot?.threads.forEach((thread, index) => note(loops[index + 1], thread.eventLoopDelayMaxMs));
    const nowMs = performance.now();
    lowestBytes = Math.min(lowestBytes, residentBytes(relay.pid));
    if (nowMs - sampledMs >= sampleMs) {
      memory.push([(nowMs - startMs) / 3_600_000, lowestBytes]);
      sampledMs = nowMs;
      lowestBytes = Infinity;
    }
    if (nowMs < nextGuestsMs) continue;
    nextGuestsMs += guestsEveryMs;
    const join = async (): Promise<void> => {
      const guest = await joinByWhep(sink, relay.url, `cam${joined++ % cameras}`);
      await guest.close();
    };
    await Promise.all(Array.from({ length: guests }, join));
  }
  return { loops, memory };
}

const limitSeconds = (warmUpMinutes + minutes) * 60 + 120;

await runBench(limitSeconds, { rssMBPerHour: atMost(1), stalls: exactly(0) }, async () => {
  if (!(warmUpMinutes >= 1)) throw new Error('soak -- WARM_UP_MINUTES: a number, 1 or more');
  const camera = await startCameras({ picture: makePicture({ bitrateBps: 2_000_000 }), cameras });
  const streams = Object.fromEntries(camera.urls.map((url, index) => [`cam${index}`, url]));
  const relay = await startRelay({ streams, threads });
  const sink = await Sink.start();
  const viewers = await joinMany(cameras * viewersPerCamera, camera.sent, (index, options) =>
    joinByWhep(sink, relay.url, `cam${index % cameras}`, options),
  );
  const liveBefore = await liveBytes(relay);
  const startMs = performance.now();
  await watch(relay, sink, startMs + crowdMinutes * 60_000, crowds);
  const { memory: warmUpMemory } = await watch(relay, sink, startMs + warmUpMinutes * 60_000);
  const filesBefore = openFiles(relay.pid);
  const lostBefore = await losses(relay, sink, viewers);
  say(`warm after ${round(warmUpMinutes)} min`);

  const { loops, memory } = await watch(relay, sink, performance.now() + minutes * 60_000);
  const lost = await losses(relay, sink, viewers);
  const liveAfter = await liveBytes(relay);
  const report = await sink.report();
  const figures = {
    warmUpMinutes,
    minutes,
    rssStartMB: round((memory[0]?.[1] ?? 0) / 1e6),
    rssEndMB: round((memory.at(-1)?.[1] ?? 0) / 1e6),
    rssMBPerHour: round(slope(memory) / 1e6, 2),
    liveStartMB: round(liveBefore / 1e6, 2),
    liveEndMB: round(liveAfter / 1e6, 2),
    stalls: loops.reduce((sum, { stalls }) => sum + stalls, 0),
    longestStallMs: Object.fromEntries(loops.map(({ name, longestMs }) => [name, round(longestMs)])),
    droppedFrames: lost.droppedFrames - lostBefore.droppedFrames,
    lostPackets: lost.packets - lostBefore.packets,
    kernelDrops: lost.kernelDrops - lostBefore.kernelDrops,
    openFilesGrowth: openFiles(relay.pid) - filesBefore,
    ...checkPayloads(report),
    viewers: report.connected,
  };
  await Promise.all([sink.stop(), relay.stop(), camera.stop()]);
  const folder = path.join(repositoryRoot, 'bench/results');
  mkdirSync(folder, { recursive: true });
  const secondsMB = (samples: typeof memory) =>
    samples.map(([hours, bytes]) => [round(hours * 3600, 0), round(bytes / 1e6, 2)]);
  const kept = {
    date: new Date().toISOString(),
    ...figures,
    warmUpRssSecondsMB: secondsMB(warmUpMemory),
    rssSecondsMB: secondsMB(memory),
  };
  writeFileSync(path.join(folder, `soak-${minutes}min.json`), `${JSON.stringify(kept)}\n`);
  return figures;
});

/**
 * What is really held, heaps and buffers of all threads. It collects garbage and gives free memory back, which heaps take
 * many minutes to take again: before the warm-up and after all, never in between.
 */
async function liveBytes(relay: Relay): Promise<number> {
  const { main, threads } = await relay.observer.resources();
  return [main, ...threads].reduce((sum, one) => sum + one.heapUsedBytes + one.arrayBufferBytes, 0);
}

/** Of those who stay. */
async function losses(relay: Relay, sink: Sink, viewers: readonly Viewer[]) {
  const ids = new Set(viewers.map(({ id }) => id));
  const sessions = (await sink.report()).sessions.filter(({ id }) => ids.has(id));
  const { snapshot } = await relay.observer.facts();
  const dropped = (snapshot?.streams ?? []).flatMap(({ droppedFramesTotal }) =>
    Object.values(droppedFramesTotal),
  );
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const kernelDrops = sum(sessions.map((session) => session.kernelDrops));
  return {
    packets: sum(sessions.map(({ lostByGap }) => lostByGap)) - kernelDrops,
    kernelDrops,
    droppedFrames: sum(dropped),
  };
}
