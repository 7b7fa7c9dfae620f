// bench: 500 viewers of 1 Mbit/s with the relay on one core of its own (--viewers N, --bitrate MBIT/S, --profile)
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import { startCameras } from './support/cameras.ts';
import { measureLoad } from './support/load-window.ts';
import { atMost } from './support/musts.ts';
import { makePicture } from './support/pictures.ts';
import { pinToCore } from './support/process.ts';
import { startRelay } from './support/relay.ts';
import { runBench, say } from './support/run-bench.ts';
import { Sink } from './support/sink.ts';
import { round } from './support/stats.ts';
import { joinByWhep, joinMany } from './support/whep-viewer.ts';

const windowSeconds = 20;
const settleMs = 6000;

const { values } = parseArgs({
  options: {
    viewers: { type: 'string', default: '500' },
    bitrate: { type: 'string', default: '1' },
    profile: { type: 'string' },
  },
});
const viewers = Number(values.viewers);
const bitrateBps = Number(values.bitrate) * 1e6;
if (!(viewers >= 1 && bitrateBps >= 1e5))
  throw new Error('--viewers takes a number from 1, --bitrate Mbit/s from 0.1');

await runBench(170, { lost: atMost(0) }, async () => {
  const picture = makePicture({ width: 640, height: 360, fps: 25, bitrateBps, gopSeconds: 2 });
  const camera = await startCameras({ picture });
  const relay = await startRelay({
    streams: { camera: camera.urls[0] ?? '' },
    ...(values.profile === undefined
      ? {}
      : { nodeArguments: ['--cpu-prof', `--cpu-prof-dir=${values.profile}`] }),
  });
  const sink = await Sink.start();
  // The relay has one core, and nobody else it: all threads of it, those to come as well.
  const cores = availableParallelism();
  if (cores < 2) throw new Error('this bench needs two cores: one for the relay, one for everybody else');
  pinToCore(relay.pid, 0);
  for (const pid of [sink.pid, camera.pid, process.pid]) pinToCore(pid, 1);
  await joinMany(viewers, camera.sent, (_, options) => joinByWhep(sink, relay.url, 'camera', options), 100);
  say(`${viewers} viewers are connected`);
  await delay(settleMs);
  const load = await measureLoad(relay.pid, sink, windowSeconds);
  const report = await sink.report();
  await Promise.all([sink.stop(), relay.stop(), camera.stop()]);
  if (report.connected !== viewers)
    throw new Error(`only ${report.connected} of ${viewers} viewers are connected`);
  return {
    viewers,
    bitrateBps,
    packets: load.packets,
    packetsPerSecond: round(load.packets / load.seconds),
    lost: load.lost,
    kernelDrops: load.kernelDrops,
    ...load.checked,
    cpuShareOfOneCore: round(load.cpu.totalSeconds / load.seconds, 3),
    cpuUsPerPacket: round(load.cpuUsPerPacket, 2),
  };
});
