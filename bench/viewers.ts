// bench: one camera of 4 Mbit/s to 20 and 100 viewers: CPU per packet, beside a small C program and Janus
import { setTimeout as delay } from 'node:timers/promises';
import { startCameras } from './support/cameras.ts';
import { startJanus } from './support/janus.ts';
import { measureLimit, type Limit } from './support/limit.ts';
import { measureLoad } from './support/load-window.ts';
import { atMost, type Musts } from './support/musts.ts';
import { sumChecked } from './support/payloads.ts';
import { makePicture } from './support/pictures.ts';
import { cpuSeconds } from './support/process.ts';
import { startRelay } from './support/relay.ts';
import { runBench, say } from './support/run-bench.ts';
import { Sink } from './support/sink.ts';
import { median, round } from './support/stats.ts';
import { joinByWhep, joinMany } from './support/whep-viewer.ts';

const picture = makePicture();
const windowSeconds = 8;
const rounds = 3;
/** `viewers.ts 100`: one size only. */
const sizes = process.argv.map(Number).filter((size) => size > 0);
/** Bursts are over, and V8 has compiled what runs. */
const settleMs = 20_000;

/** "plain": to viewers that give no transport-wide feedback, as those of the limit. */
async function measureRelay(viewers: number, isPlain: boolean) {
  const camera = await startCameras({ picture });
  const relay = await startRelay({ streams: { camera: camera.urls[0] ?? '' } });
  const sink = await Sink.start();
  await delay(2000);
  // Nobody watches: what ingest, timers and the API need anyway. "Net" is what the viewers add to it.
  const idleFrom = cpuSeconds(relay.pid);
  await delay(3000);
  const idleShare = (cpuSeconds(relay.pid) - idleFrom) / 3;
  await joinMany(viewers, camera.sent, (_, options) =>
    joinByWhep(sink, relay.url, 'camera', { ...options, transportCc: !isPlain }),
  );
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
  await joinMany(viewers, [janus.sent], (_, options) => janus.join(sink, options));
  await delay(settleMs);
  const load = await measureLoad(janus.pid, sink, windowSeconds);
  await Promise.all([sink.stop(), janus.stop()]);
  return load;
}

/** Relay and limit in turn, so that all meet the same moods of a shared machine; medians of the rounds. */
async function inTurn(viewers: number) {
  const relays: Awaited<ReturnType<typeof measureRelay>>[] = [];
  const plain: Awaited<ReturnType<typeof measureRelay>>[] = [];
  const limits: Limit[] = [];
  for (let round = 0; round < rounds; round++) {
    relays.push(await measureRelay(viewers, false));
    plain.push(await measureRelay(viewers, true));
    limits.push(await measureLimit(picture, viewers, windowSeconds));
    const [ours, bare, limit] = [relays, plain, limits].map((runs) => runs.at(-1)?.cpuUsPerPacket.toFixed(2));
    say(`${viewers} viewers: ${ours} us per packet, without feedback ${bare}, the limit ${limit}`);
  }
  const ratio = (runs: readonly { readonly cpuUsPerPacket: number }[]): number =>
    median(runs.map((run, round) => run.cpuUsPerPacket / (limits[round]?.cpuUsPerPacket ?? 1)));
  return {
    cpuUsPerPacket: median(relays.map((relay) => relay.cpuUsPerPacket)),
    netUsPerPacket: median(relays.map((relay) => relay.netUsPerPacket)),
    plainCpuUsPerPacket: median(plain.map((relay) => relay.cpuUsPerPacket)),
    limitCpuUsPerPacket: median(limits.map((limit) => limit.cpuUsPerPacket)),
    ratioToLimit: ratio(relays),
    plainRatioToLimit: ratio(plain),
    lost: [...relays, ...plain].reduce((sum, relay) => sum + relay.lost, 0),
    kernelDrops: [...relays, ...plain].reduce((sum, relay) => sum + relay.kernelDrops, 0),
    checked: sumChecked([...relays, ...plain].map((relay) => relay.checked)),
  };
}

interface Run {
  readonly viewers: number;
  readonly cpuUsPerPacket: number;
  readonly plainRatioToLimit: number;
  readonly janusCpuUsPerPacket: number;
}

/** With few viewers the relay's own needs are spread over few packets: nothing is promised there. */
function mustsOf({ viewers, janusCpuUsPerPacket }: Run): Musts<Run> {
  if (viewers !== 100) return {};
  return { cpuUsPerPacket: atMost(Math.min(4.5, janusCpuUsPerPacket / 3)), plainRatioToLimit: atMost(1.6) };
}

await runBench(
  1000,
  ({ runs }) => ({ runs: runs.map(mustsOf) }),
  async () => {
    const runs = [];
    for (const viewers of sizes.length > 0 ? sizes : [20, 100]) {
      const ours = await inTurn(viewers);
      const janus = await measureJanus(viewers);
      say(`${viewers} viewers, Janus: ${janus.cpuUsPerPacket.toFixed(2)} us per packet, ${janus.lost} lost`);
      runs.push({
        viewers,
        cpuUsPerPacket: round(ours.cpuUsPerPacket, 2),
        netUsPerPacket: round(ours.netUsPerPacket, 2),
        plainCpuUsPerPacket: round(ours.plainCpuUsPerPacket, 2),
        limitCpuUsPerPacket: round(ours.limitCpuUsPerPacket, 2),
        ratioToLimit: round(ours.ratioToLimit, 2),
        plainRatioToLimit: round(ours.plainRatioToLimit, 2),
        janusCpuUsPerPacket: round(janus.cpuUsPerPacket, 2),
        lost: ours.lost,
        kernelDrops: ours.kernelDrops,
        ...ours.checked,
      });
    }
    return { runs };
  },
);
