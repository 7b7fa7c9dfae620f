// bench: from a complete picture at ingest to its first packet at the kernel, 50 viewers, 2 s GOP
import { setTimeout as delay } from 'node:timers/promises';
import { startCameras } from './support/cameras.ts';
import { atMost } from './support/musts.ts';
import { checkPayloads } from './support/payloads.ts';
import { makePicture } from './support/pictures.ts';
import { startRelay } from './support/relay.ts';
import { runBench, say } from './support/run-bench.ts';
import { Sink } from './support/sink.ts';
import { percentile, round } from './support/stats.ts';
import { joinByWhep, type Viewer } from './support/whep-viewer.ts';

const viewers = 50;
const measuredSeconds = 15;

interface SessionClock {
  readonly relayMs: number;
  readonly frames: readonly (readonly [rtpTimestamp: number, ingestMs: number])[];
}

await runBench(120, { firstPacketP99Ms: atMost(5) }, async () => {
  const camera = await startCameras({ picture: makePicture({ gopSeconds: 2 }) });
  const relay = await startRelay({ streams: { camera: camera.urls[0] ?? '' } });
  const sink = await Sink.start();
  const watching: Viewer[] = [];
  for (let index = 0; index < viewers; index++) {
    const verify = index % 20 === 0 ? camera.sent[0] : undefined;
    watching.push(await joinByWhep(sink, relay.url, 'camera', { trace: true, ...(verify && { verify }) }));
  }
  await delay(3000); // the bursts are over
  const fromMs = Date.now();
  await delay(measuredSeconds * 1000);

  // The kernel's receive stamp of a frame's first packet minus the relay's own stamp of its arrival: seen from outside,
  // on one host's clock. What the pacer adds is the time from a frame's first packet to its last.
  const firstPacketMs: number[] = [];
  const pacerMs: number[] = [];
  for (const viewer of watching) {
    const response = await fetch(`${relay.url}/api/v1/sessions/${viewer.sessionId}/clock?frames=600`);
    if (!response.ok) throw new Error(`the session's clock: ${response.status} ${await response.text()}`);
    const ingested = new Map(((await response.json()) as SessionClock).frames);
    for (const [rtpTimestamp, first, last] of await sink.trace(viewer.id)) {
      const ingestMs = ingested.get(rtpTimestamp);
      if (ingestMs === undefined || first < fromMs) continue;
      firstPacketMs.push(first - ingestMs);
      pacerMs.push(last - first);
    }
  }
  const checked = checkPayloads(await sink.report());
  await Promise.all([sink.stop(), relay.stop(), camera.stop()]);
  say(`${firstPacketMs.length} frames`);
  const expected = viewers * measuredSeconds * 30;
  if (firstPacketMs.length < expected * 0.9)
    throw new Error(`only ${firstPacketMs.length} of ${expected} frames seen`);
  return {
    firstPacketP50Ms: round(percentile(firstPacketMs, 0.5), 2),
    firstPacketP99Ms: round(percentile(firstPacketMs, 0.99), 2),
    pacerP99Ms: round(percentile(pacerMs, 0.99), 2),
    ...checked,
  };
});
