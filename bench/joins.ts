// bench: CPU of one join and leave: HTTP, SDP, ICE, DTLS; the burst's packets not counted
import { setTimeout as delay } from 'node:timers/promises';
import { startCameras } from './support/cameras.ts';
import { atMost } from './support/musts.ts';
import { makePicture } from './support/pictures.ts';
import { cpuSeconds } from './support/process.ts';
import { startRelay } from './support/relay.ts';
import { runBench, say } from './support/run-bench.ts';
import { Sink } from './support/sink.ts';
import { percentile, round } from './support/stats.ts';
import { joinByWhep } from './support/whep-viewer.ts';

// So little media that a burst is a handful of packets: what is left is the join itself.
const picture = makePicture({ width: 320, height: 180, fps: 5, gopSeconds: 1, bitrateBps: 100_000 });
const warmUpJoins = 60;
const measuredJoins = 200;
const abreast = 4;

await runBench(150, { cpuMsPerJoin: atMost(5) }, async () => {
  const camera = await startCameras({ picture });
  const relay = await startRelay({ streams: { camera: camera.urls[0] ?? '' } });
  const sink = await Sink.start();
  const joinAndLeave = async (
    joins: number,
  ): Promise<{ readonly joinMs: number[]; readonly packets: number }> => {
    const joinMs: number[] = [];
    let packets = 0;
    for (let done = 0; done < joins; done += abreast) {
      const joining = Array.from({ length: abreast }, () => joinByWhep(sink, relay.url, 'camera'));
      const viewers = await Promise.all(joining);
      packets += (await sink.report()).packets;
      await Promise.all(viewers.map((viewer) => viewer.close()));
      joinMs.push(...viewers.map((viewer) => viewer.joinMs));
    }
    return { joinMs, packets };
  };
  await joinAndLeave(warmUpJoins);

  const idleFrom = cpuSeconds(relay.pid);
  await delay(5000);
  const idleShare = (cpuSeconds(relay.pid) - idleFrom) / 5;

  const startedMs = performance.now();
  const from = cpuSeconds(relay.pid);
  const { joinMs, packets } = await joinAndLeave(measuredJoins);
  await delay(200); // closing is part of it
  const seconds = (performance.now() - startedMs) / 1000;
  const cpu = cpuSeconds(relay.pid) - from - idleShare * seconds;
  say(`${measuredJoins} joins in ${seconds.toFixed(1)} s, ${packets} packets of media seen before leaving`);
  await Promise.all([sink.stop(), relay.stop(), camera.stop()]);
  return {
    cpuMsPerJoin: round((cpu * 1000) / measuredJoins, 2),
    joins: measuredJoins,
    joinP50Ms: round(percentile(joinMs, 0.5)),
    joinP95Ms: round(percentile(joinMs, 0.95)),
  };
});
