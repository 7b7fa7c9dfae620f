// bench: one camera of 4 Mbit/s to 20 and 100 viewers: CPU per packet, beside a small C program and Janus
import { setTimeout as delay } from 'node:timers/promises';
import { startCameras } from './support/cameras.ts';
import { startJanus } from './support/janus.ts';
import { measureLimit } from './support/limit.ts';
import { measureLoad } from './support/load-window.ts';
import { makePicture } from './support/pictures.ts';
import { cpuSeconds } from './support/process.ts';
import { startRelay } from './support/relay.ts';
import { runBench, say } from './support/run-bench.ts';
import { Sink } from './support/sink.ts';
import { round } from './support/stats.ts';
import { joinByWhep, joinMany } from './support/whep-viewer.ts';

const picture = makePicture();
const windowSeconds = 15;
/** Bursts are over, and a whole GOP is in the window's past. */
const settleMs = 5000;

async function measureRelay(viewers: number) {
  const camera = await startCameras({ picture });
  const relay = await startRelay({ streams: { camera: camera.urls[0] ?? '' } });
  const sink = await Sink.start();
  await delay(settleMs);
  // Nobody watches: what ingest, timers and the API need anyway. "Net" is what the viewers add to it.
  const idleFrom = cpuSeconds(relay.pid);
  await delay(5000);
  const idleShare = (cpuSeconds(relay.pid) - idleFrom) / 5;
  await joinMany(viewers, (_, options) => joinByWhep(sink, relay.url, 'camera', options));
  await delay(settleMs);
  const load = await measureLoad(relay.pid, sink, windowSeconds);
  const report = await sink.report();
  await Promise.all([sink.stop(), relay.stop(), camera.stop()]);
  if (report.connected !== viewers)
    throw new Error(`only ${report.connected} of ${viewers} viewers are connected`);
  const netUsPerPacket = load.cpuUsPerPacket - (idleShare * load.seconds * 1e6) / load.packets;
  return { ...load, netUsPerPacket };
}

async function measureJanus(viewers: number) {
  const janus = await startJanus(picture);
  const sink = await Sink.start();
  await joinMany(viewers, (_, options) => janus.join(sink, options));
  await delay(settleMs);
  const load = await measureLoad(janus.pid, sink, windowSeconds);
  await Promise.all([sink.stop(), janus.stop()]);
  return load;
}

await runBench(300, async () => {
  const runs = [];
  for (const viewers of [20, 100]) {
    const relay = await measureRelay(viewers);
    say(`${viewers} viewers: ${relay.cpuUsPerPacket.toFixed(2)} us per packet, ${relay.packets} packets`);
    const limit = await measureLimit(picture, viewers, windowSeconds);
    say(`${viewers} viewers, the limit: ${limit.cpuUsPerPacket.toFixed(2)} us per packet`);
    const janus = await measureJanus(viewers);
    say(`${viewers} viewers, Janus: ${janus.cpuUsPerPacket.toFixed(2)} us per packet, ${janus.lost} lost`);
    runs.push({
      viewers,
      cpuUsPerPacket: round(relay.cpuUsPerPacket, 2),
      netUsPerPacket: round(relay.netUsPerPacket, 2),
      limitCpuUsPerPacket: round(limit.cpuUsPerPacket, 2),
      janusCpuUsPerPacket: round(janus.cpuUsPerPacket, 2),
      lost: relay.lost,
      kernelDrops: relay.kernelDrops,
    });
  }
  return { runs };
});
