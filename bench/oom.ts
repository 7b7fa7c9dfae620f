// bench: a relay with 512 MiB, and 200 snapshot and MJPEG requests at once: it lives, viewers lose no frame
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { startCameras } from './support/cameras.ts';
import { atMost, exactly } from './support/musts.ts';
import { checkPayloads } from './support/payloads.ts';
import { makePicture } from './support/pictures.ts';
import { cpuUse } from './support/process.ts';
import { startRelay } from './support/relay.ts';
import { runBench, say } from './support/run-bench.ts';
import { Sink } from './support/sink.ts';
import { round } from './support/stats.ts';
import { joinByWhep, joinMany } from './support/whep-viewer.ts';

const limitBytes = 512 * 2 ** 20;
const cameraCount = 8;
const viewerCount = 8;
const requests = 200;

interface Cgroup {
  readonly version: 1 | 2;
  /** Whoever writes its id here enters. */
  readonly procs: string;
  peakBytes(): number;
  oomKills(): number;
  remove(): void;
}

/** A memory cgroup of our own, v2 or v1. Throws with the reason where none can be made: this needs root. */
function makeCgroup(): Cgroup {
  const name = `sightline-oom-${process.pid}`;
  const v2 = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'].find(
    (root) =>
      existsSync(`${root}/cgroup.subtree_control`) &&
      readFileSync(`${root}/cgroup.controllers`, 'utf8').includes('memory'),
  );
  const root = v2 ?? '/sys/fs/cgroup/memory';
  const folder = `${root}/${name}`;
  try {
    if (v2 !== undefined) writeFileSync(`${root}/cgroup.subtree_control`, '+memory');
    mkdirSync(folder);
    writeFileSync(
      `${folder}/${v2 === undefined ? 'memory.limit_in_bytes' : 'memory.max'}`,
      String(limitBytes),
    );
  } catch (error) {
    throw new Error(
      `no memory cgroup can be made in ${root} (root is needed, and cgroups that can be written)`,
      {
        cause: error,
      },
    );
  }
  const number = (file: string): number => Number(readFileSync(`${folder}/${file}`, 'utf8'));
  return {
    version: v2 === undefined ? 1 : 2,
    procs: `${folder}/cgroup.procs`,
    peakBytes: () => number(v2 === undefined ? 'memory.max_usage_in_bytes' : 'memory.peak'),
    oomKills() {
      const text = readFileSync(
        `${folder}/${v2 === undefined ? 'memory.oom_control' : 'memory.events'}`,
        'utf8',
      );
      return Number(/^oom_kill (\d+)$/m.exec(text)?.[1]);
    },
    remove: () => rmdirSync(folder),
  };
}

/** One request; of MJPEG, three seconds. */
async function ask(url: string): Promise<{ status: number; code: string | undefined }> {
  const abort = new AbortController();
  const response = await fetch(url, { signal: abort.signal });
  if (response.headers.get('content-type')?.startsWith('multipart/')) {
    await delay(3000);
    abort.abort();
    return { status: response.status, code: undefined };
  }
  const body = Buffer.from(await response.arrayBuffer());
  const code = response.ok ? undefined : (JSON.parse(body.toString()) as { code: string }).code;
  return { status: response.status, code };
}

await runBench(
  150,
  { alive: exactly(true), videoPacketsLost: atMost(0), viewersConnected: exactly(viewerCount) },
  async () => {
    const cgroup = makeCgroup();
    const picture = makePicture({ width: 1920, height: 1080, fps: 25, bitrateBps: 4_000_000, gopSeconds: 2 });
    const camera = await startCameras({ picture, cameras: cameraCount });
    const names = camera.urls.map((_, i) => `camera-${i}`);
    const streams = Object.fromEntries(camera.urls.map((url, i) => [`camera-${i}`, url]));
    const relay = await startRelay({ streams, cgroupProcs: cgroup.procs });
    const sink = await Sink.start();
    await joinMany(
      viewerCount,
      camera.sent,
      (index, options) => joinByWhep(sink, relay.url, `camera-${index}`, options),
      1,
    );
    await delay(3000);

    const before = await sink.report();
    const cpuBefore = cpuUse(relay.pid).totalSeconds;
    const widths = [160, 320, 480, 640, 960, 1280, 1920];
    const urls = Array.from({ length: requests }, (_, i) => {
      const stream = `${relay.url}/api/v1/streams/${names[i % cameraCount]}`;
      const width = widths[Math.floor(i / cameraCount) % widths.length];
      return i % 4 === 3 ? `${stream}/mjpeg?width=${width}` : `${stream}/snapshot.jpg?width=${width}`;
    });
    const startMs = performance.now();
    const answers = await Promise.all(urls.map(ask));
    const seconds = (performance.now() - startMs) / 1000;
    await delay(1000);
    const after = await sink.report();
    const alive = (await fetch(`${relay.url}/health`)).ok;

    const statuses: Record<string, number> = {};
    for (const { status, code } of answers) {
      const key = code === undefined ? String(status) : `${status} ${code}`;
      statuses[key] = (statuses[key] ?? 0) + 1;
    }
    const lost = after.lostByGap - before.lostByGap - (after.kernelDrops - before.kernelDrops);
    const figures = {
      alive,
      answers: statuses,
      seconds: round(seconds),
      videoPackets: after.packets - before.packets,
      videoPacketsLost: lost,
      kernelDropsAtSink: after.kernelDrops - before.kernelDrops,
      ...checkPayloads(after, before),
      viewersConnected: after.connected,
      peakMiB: round(cgroup.peakBytes() / 2 ** 20),
      oomKills: cgroup.oomKills(),
      relayCpuSeconds: round(cpuUse(relay.pid).totalSeconds - cpuBefore),
      cgroup: cgroup.version,
    };
    say(JSON.stringify(figures, undefined, 1));
    await Promise.all([sink.stop(), relay.stop(), camera.stop()]);
    cgroup.remove();
    const strange = Object.keys(statuses).filter((key) => key !== '200' && !key.startsWith('503 '));
    if (strange.length > 0) throw new Error(`refused otherwise than by 503: ${strange.join(', ')}`);
    return figures;
  },
);
