// bench: 20 viewers of 4 Mbit/s over TCP and over UDP: CPU per packet
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startCameras } from './support/cameras.ts';
import { makePicture } from './support/pictures.ts';
import { cpuSeconds, startProcess, type RunningProcess } from './support/process.ts';
import { startRelay } from './support/relay.ts';
import { runBench, say } from './support/run-bench.ts';
import { median, round } from './support/stats.ts';

const picture = makePicture();
const viewers = 20;
const windowSeconds = 6;
const rounds = 3;
const settleMs = 3000;

async function packetsOf(process: RunningProcess): Promise<number> {
  return new Promise((resolve) => {
    process.onLine((line) => {
      const count = /^PACKETS (\d+)$/.exec(line)?.[1];
      if (count !== undefined) resolve(Number(count));
    });
    process.writeLine('?');
  });
}

async function measure(transport: 'udp' | 'tcp'): Promise<number> {
  const camera = await startCameras({ picture });
  const relay = await startRelay({ streams: { camera: camera.urls[0] ?? '' } });
  const program = path.join(import.meta.dirname, 'support/counting-viewers.ts');
  const watching = await startProcess({
    command: process.execPath,
    args: [program, relay.url, 'camera', String(viewers), transport],
    ready: /^READY$/,
  });
  await delay(settleMs);
  const [cpuBefore, before] = [cpuSeconds(relay.pid), await packetsOf(watching)];
  await delay(windowSeconds * 1000);
  const [cpuAfter, after] = [cpuSeconds(relay.pid), await packetsOf(watching)];
  await Promise.all([watching.stop(), relay.stop(), camera.stop()]);
  return ((cpuAfter - cpuBefore) * 1e6) / (after - before);
}

await runBench(170, {}, async () => {
  const us: Record<'udp' | 'tcp', number[]> = { udp: [], tcp: [] };
  for (let round = 0; round < rounds; round++) {
    for (const transport of ['udp', 'tcp'] as const) {
      us[transport].push(await measure(transport));
      say(`${transport}: ${us[transport].at(-1)?.toFixed(2)} us per packet`);
    }
  }
  return {
    viewers,
    udpCpuUsPerPacket: round(median(us.udp), 2),
    tcpCpuUsPerPacket: round(median(us.tcp), 2),
  };
});
