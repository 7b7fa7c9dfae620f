// bench: resident memory per idle viewer, as the slope over 200 of them
import { setTimeout as delay } from 'node:timers/promises';
import { startCameras } from './support/cameras.ts';
import { atMost } from './support/musts.ts';
import { checkPayloads } from './support/payloads.ts';
import { makePicture } from './support/pictures.ts';
import { residentBytes } from './support/process.ts';
import { startRelay } from './support/relay.ts';
import { runBench, say } from './support/run-bench.ts';
import { Sink } from './support/sink.ts';
import { median, round, slope } from './support/stats.ts';
import { joinByWhep, joinMany, type Viewer } from './support/whep-viewer.ts';

// Idle: they watch, but next to nothing moves, so that memory is what a viewer keeps and not what passes through.
const picture = makePicture({ width: 640, height: 360, fps: 10, bitrateBps: 300_000 });
const step = 50;
const steps = 4;

/** Garbage makes single readings jump: the median of readings over 4 s. */
async function settledBytes(pid: number): Promise<number> {
  await delay(4000);
  const readings: number[] = [];
  for (let reading = 0; reading < 20; reading++) {
    readings.push(residentBytes(pid));
    await delay(200);
  }
  return median(readings);
}

await runBench(240, { kBPerViewer: atMost(150) }, async () => {
  const camera = await startCameras({ picture });
  const relay = await startRelay({ streams: { camera: camera.urls[0] ?? '' } });
  const sink = await Sink.start();
  const join = (count: number): Promise<Viewer[]> =>
    joinMany(count, camera.sent, (_, options) => joinByWhep(sink, relay.url, 'camera', options));

  // Code is compiled and buffers find their size with the first viewers, not with each.
  const first = await join(step);
  await delay(3000);
  await Promise.all(first.map((viewer) => viewer.close()));

  const points: [viewers: number, bytes: number][] = [[0, await settledBytes(relay.pid)]];
  for (let done = step; done <= step * steps; done += step) {
    await join(step);
    points.push([done, await settledBytes(relay.pid)]);
  }
  for (const [viewers, bytes] of points) say(`${viewers} viewers: ${(bytes / 1e6).toFixed(1)} MB`);
  const report = await sink.report();
  const { connected } = report;
  const checked = checkPayloads(report);
  await Promise.all([sink.stop(), relay.stop(), camera.stop()]);
  if (connected !== step * steps)
    throw new Error(`only ${connected} of ${step * steps} viewers are connected`);
  return { kBPerViewer: round(slope(points) / 1024), viewers: step * steps, ...checked };
});
