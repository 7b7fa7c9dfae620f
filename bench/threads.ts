// bench: two media threads against one, four cameras of 4 Mbit/s to 60 viewers each: packets that a full event loop could send
import { setTimeout as delay } from 'node:timers/promises';
import { startCameras } from './support/cameras.ts';
import { measureLoad } from './support/load-window.ts';
import { type Checked, sumChecked } from './support/payloads.ts';
import { makePicture } from './support/pictures.ts';
import { startRelay, type Relay } from './support/relay.ts';
import { runBench, say } from './support/run-bench.ts';
import { Sink } from './support/sink.ts';
import { median, round } from './support/stats.ts';
import { joinByWhep, joinMany } from './support/whep-viewer.ts';

const cameras = 4;
const viewersPerCamera = 60;
const windowSeconds = 10;
const rounds = 2;
const picture = makePicture();

interface Run {
  readonly packetsPerSecond: number;
  /** Of the busiest media thread, 0..1, as each says of itself. */
  readonly utilisation: number;
  readonly packetsPerSecondOfFullLoop: number;
  readonly cpuUsPerPacket: number;
  readonly firstPacketP99Ms: number;
  readonly lost: number;
  readonly kernelDrops: number;
  readonly checked: Checked;
}

async function measure(threads: number): Promise<Run> {
  const camera = await startCameras({ picture, cameras });
  const streams = Object.fromEntries(camera.urls.map((url, index) => [`cam${index}`, url]));
  const relay = await startRelay({ streams, threads });
  const sink = await Sink.start();
  const viewers = cameras * viewersPerCamera;
  await joinMany(
    viewers,
    camera.sent,
    (index, options) => joinByWhep(sink, relay.url, `cam${index % cameras}`, options),
    viewersPerCamera + 1, // one of each camera
  );
  await delay(5000); // bursts are over
  const [load, seconds] = await Promise.all([measureLoad(relay.pid, sink, windowSeconds), watch(relay)]);
  const { connected } = await sink.report();
  await Promise.all([sink.stop(), relay.stop(), camera.stop()]);
  if (connected !== viewers) throw new Error(`only ${connected} of ${viewers} viewers are connected`);
  const packetsPerSecond = load.packets / load.seconds;
  const utilisation = median(seconds.map((second) => second.utilisation));
  return {
    packetsPerSecond,
    utilisation,
    packetsPerSecondOfFullLoop: packetsPerSecond / utilisation,
    cpuUsPerPacket: load.cpuUsPerPacket,
    firstPacketP99Ms: median(seconds.map((second) => second.firstPacketP99Ms)),
    lost: load.lost,
    kernelDrops: load.kernelDrops,
    checked: load.checked,
  };
}

async function watch(relay: Relay) {
  const seconds = [];
  for (let second = 0; second < windowSeconds - 1; second++) {
    await delay(1000);
    const { snapshot } = await relay.observer.facts();
    if (snapshot === undefined) throw new Error('the relay has measured nothing');
    const { eventLoopUtilisation: utilisation, firstPacketP99Ms } = snapshot;
    seconds.push({ utilisation, firstPacketP99Ms });
  }
  return seconds;
}

await runBench(180, {}, async () => {
  const runs: Run[][] = [[], []];
  // In turn, so that both meet the same moods of a shared machine.
  for (let round = 0; round < rounds; round++)
    for (const threads of [1, 2]) {
      const run = await measure(threads);
      runs[threads - 1]?.push(run);
      const percent = (100 * run.utilisation).toFixed(0);
      say(
        `${threads} threads: ${run.packetsPerSecond.toFixed(0)} packets/s, the busiest loop ${percent} % full`,
      );
    }
  const figures = runs.map((same, index) => ({
    threads: index + 1,
    packetsPerSecond: Math.round(median(same.map((run) => run.packetsPerSecond))),
    busiestUtilisation: round(median(same.map((run) => run.utilisation)), 3),
    packetsPerSecondOfFullLoop: Math.round(median(same.map((run) => run.packetsPerSecondOfFullLoop))),
    cpuUsPerPacket: round(median(same.map((run) => run.cpuUsPerPacket)), 2),
    firstPacketP99Ms: round(median(same.map((run) => run.firstPacketP99Ms)), 2),
    lost: same.reduce((sum, run) => sum + run.lost, 0),
    kernelDrops: same.reduce((sum, run) => sum + run.kernelDrops, 0),
    ...sumChecked(same.map((run) => run.checked)),
  }));
  const [one, two] = figures;
  const gain = (two?.packetsPerSecondOfFullLoop ?? 0) / (one?.packetsPerSecondOfFullLoop ?? 1);
  return { gain: round(gain, 2), cameras, viewersPerCamera, runs: figures };
});
