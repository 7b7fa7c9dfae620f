// bench: 50 good viewers beside 5 that vanish without a word and 5 on links of 500 kbit/s: what the good ones notice
import { setTimeout as delay } from 'node:timers/promises';
import { startCameras } from './support/cameras.ts';
import { atLeast, atMost } from './support/musts.ts';
import { checkPayloads, sumChecked } from './support/payloads.ts';
import { makePicture } from './support/pictures.ts';
import { residentBytes } from './support/process.ts';
import { startLossyPath, type LossyPath } from './support/lossy.ts';
import { startRelay } from './support/relay.ts';
import { runBench, say } from './support/run-bench.ts';
import { Sink } from './support/sink.ts';
import { percentile, round } from './support/stats.ts';
import { joinByWhep, joinMany, type Viewer } from './support/whep-viewer.ts';

const goodViewers = 50;
const badViewers = 5;
const fps = 30;
/** Of each half; the sink keeps 1,024 frames. */
const measuredSeconds = 20;
/** Of the narrow links, when the first overflow is over. */
const narrowSeconds = 30;
const narrow = { rateBps: 500_000, queueBytes: 64_000, delayMs: 20 };

interface SessionClock {
  readonly frames: readonly (readonly [rtpTimestamp: number, ingestMs: number])[];
}

/** What the good viewers got in the next seconds. */
async function measure(relayUrl: string, relayPid: number, sink: Sink, viewers: readonly Viewer[]) {
  const before = await sink.report();
  const fromMs = Date.now();
  const residentBefore = residentBytes(relayPid);
  await delay(measuredSeconds * 1000);
  const residentAfter = residentBytes(relayPid);
  const toMs = Date.now();
  const after = await sink.report();
  const firstPacketMs: number[] = [];
  const lastPacketMs: number[] = [];
  for (const viewer of viewers) {
    const response = await fetch(`${relayUrl}/api/v1/sessions/${viewer.sessionId}/clock?frames=600`);
    if (!response.ok) throw new Error(`the session's clock: ${response.status} ${await response.text()}`);
    const ingested = new Map(((await response.json()) as SessionClock).frames);
    for (const [rtpTimestamp, first, last] of await sink.trace(viewer.id)) {
      const ingestMs = ingested.get(rtpTimestamp);
      if (ingestMs === undefined || first < fromMs || first > toMs) continue;
      firstPacketMs.push(first - ingestMs);
      lastPacketMs.push(last - ingestMs);
    }
  }
  const kernelDrops = after.kernelDrops - before.kernelDrops;
  const expected = viewers.length * Math.floor(Math.min(measuredSeconds, 17) * fps * 0.95);
  if (firstPacketMs.length < expected)
    throw new Error(`only ${firstPacketMs.length} of ${expected} frames seen`);
  return {
    lostPackets: after.lostByGap - before.lostByGap - kernelDrops,
    kernelDrops,
    checked: checkPayloads(after, before),
    firstPacketP99Ms: percentile(firstPacketMs, 0.99),
    lastPacketP99Ms: percentile(lastPacketMs, 0.99),
    residentGrowthBytes: residentAfter - residentBefore,
  };
}

async function streamOf(relayUrl: string): Promise<{ viewers: number }> {
  return (await (await fetch(`${relayUrl}/api/v1/streams/camera`)).json()) as { viewers: number };
}

await runBench(
  170,
  {
    lostPackets: atMost(0),
    addedFirstPacketP99Ms: atMost(5),
    addedLastPacketP99Ms: atMost(5),
    // Nothing but the join overflows them, and a picture each two seconds comes through whole.
    lostToNarrowLinksPercent: atMost(1),
    checkedFramesOnNarrowLinks: atLeast((badViewers * narrowSeconds) / 2),
  },
  async () => {
    const camera = await startCameras({ picture: makePicture({ gopSeconds: 2 }) });
    const relay = await startRelay({ streams: { camera: camera.urls[0] ?? '' } });
    const [good, vanishing, slow] = await Promise.all([Sink.start(), Sink.start(), Sink.start()]);
    const viewers = await joinMany(goodViewers, camera.sent, (_, options) =>
      joinByWhep(good, relay.url, 'camera', { ...options, trace: true }),
    );
    await delay(4000);
    const alone = await measure(relay.url, relay.pid, good, viewers);
    say(`alone: first packet p99 ${alone.firstPacketP99Ms.toFixed(2)} ms, ${alone.lostPackets} packets lost`);

    const paths: LossyPath[] = [];
    for (let i = 0; i < badViewers; i++) {
      await joinByWhep(vanishing, relay.url, 'camera');
      // What little comes through must be right, whatever is lost around it.
      const verify = camera.sent[0];
      await joinByWhep(
        slow,
        relay.url,
        'camera',
        { startsAnywhere: true, ...(verify && { verify }) },
        async (port) => {
          const path = await startLossyPath({ toPort: port, up: { delayMs: 20 }, down: narrow, seed: i + 1 });
          paths.push(path);
          return path.port;
        },
      );
    }
    await delay(5000);
    const slowBefore = await slow.report();
    process.kill(vanishing.pid, 'SIGSTOP'); // no goodbye, no ICMP: as if its network were gone
    const beside = await measure(relay.url, relay.pid, good, viewers);
    say(
      `beside: first packet p99 ${beside.firstPacketP99Ms.toFixed(2)} ms, ${beside.lostPackets} packets lost`,
    );
    await delay((narrowSeconds - measuredSeconds) * 1000);
    const slowReport = await slow.report();
    // 30 s of silence end a session.
    await delay(4000);
    const left = (await streamOf(relay.url)).viewers;
    const narrowChecked = checkPayloads(slowReport, slowBefore);
    const toNarrow = slowReport.packets - slowBefore.packets;
    const lostToNarrow = slowReport.lostByGap - slowBefore.lostByGap;
    for (const path of paths) path.close();
    await Promise.all([good.stop(), vanishing.stop(), slow.stop(), relay.stop(), camera.stop()]);
    return {
      lostPacketsAlone: alone.lostPackets,
      lostPackets: beside.lostPackets,
      kernelDrops: alone.kernelDrops + beside.kernelDrops,
      ...sumChecked([alone.checked, beside.checked]),
      firstPacketP99AloneMs: round(alone.firstPacketP99Ms, 2),
      firstPacketP99Ms: round(beside.firstPacketP99Ms, 2),
      addedFirstPacketP99Ms: round(beside.firstPacketP99Ms - alone.firstPacketP99Ms, 2),
      addedLastPacketP99Ms: round(beside.lastPacketP99Ms - alone.lastPacketP99Ms, 2),
      residentGrowthAloneMB: round(alone.residentGrowthBytes / 2 ** 20, 2),
      residentGrowthMB: round(beside.residentGrowthBytes / 2 ** 20, 2),
      viewersLeft: left,
      packetsToNarrowLinks: toNarrow,
      lostToNarrowLinksPercent: round((100 * lostToNarrow) / (toNarrow + lostToNarrow), 2),
      checkedFramesOnNarrowLinks: narrowChecked.checkedFrames,
    };
  },
);
