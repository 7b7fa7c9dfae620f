// bench: 20 cameras of 2 Mbit/s over RTSP/TCP, one viewer each: CPU of one core, and of it ingest alone
import { setTimeout as delay } from 'node:timers/promises';
import { startCameras } from './support/cameras.ts';
import { measureLoad } from './support/load-window.ts';
import { atMost } from './support/musts.ts';
import { makePicture } from './support/pictures.ts';
import { startRelay } from './support/relay.ts';
import { runBench, say } from './support/run-bench.ts';
import { Sink } from './support/sink.ts';
import { round } from './support/stats.ts';
import { joinByWhep, joinMany } from './support/whep-viewer.ts';

const cameras = 20;
const windowSeconds = 20;

await runBench(150, { cpuPercent: atMost(10), ingestCpuPercent: atMost(6) }, async () => {
  const camera = await startCameras({ picture: makePicture({ bitrateBps: 2_000_000 }), cameras });
  const streams = Object.fromEntries(camera.urls.map((url, index) => [`cam${index}`, url]));
  const relay = await startRelay({ streams });
  const sink = await Sink.start();
  await delay(5000);
  const ingest = await measureLoad(relay.pid, sink, windowSeconds);
  const ingestCpuPercent = (100 * ingest.cpu.totalSeconds) / ingest.seconds;
  say(`ingest alone: ${ingestCpuPercent.toFixed(1)} % of a core`);
  // Of three cameras, so that one for another would be seen.
  const verifyEvery = 7;
  await joinMany(
    cameras,
    camera.sent,
    (index, options) => joinByWhep(sink, relay.url, `cam${index}`, options),
    verifyEvery,
  );
  await delay(5000);
  const load = await measureLoad(relay.pid, sink, windowSeconds);
  const { connected } = await sink.report();
  await Promise.all([sink.stop(), relay.stop(), camera.stop()]);
  if (connected !== cameras) throw new Error(`only ${connected} of ${cameras} viewers are connected`);
  return {
    cameras,
    cpuPercent: round((100 * load.cpu.totalSeconds) / load.seconds),
    ingestCpuPercent: round(ingestCpuPercent),
    packetsPerSecond: Math.round(load.packets / load.seconds),
    lost: load.lost,
    kernelDrops: load.kernelDrops,
    ...load.checked,
  };
});
