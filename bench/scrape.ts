// bench: time of a scrape with 40 and with 1,000 streams, and the media thread's send delay meanwhile
import { Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { startCameras, type Cameras } from './support/cameras.ts';
import { atMost } from './support/musts.ts';
import { checkPayloads } from './support/payloads.ts';
import { makePicture } from './support/pictures.ts';
import { cpuSeconds } from './support/process.ts';
import { startRelay } from './support/relay.ts';
import { runBench, say } from './support/run-bench.ts';
import { countSeries, scrape, valueOf } from './support/scrape.ts';
import { Sink } from './support/sink.ts';
import { percentile, round } from './support/stats.ts';
import { joinByWhep, joinMany } from './support/whep-viewer.ts';

const picture = makePicture({ width: 640, height: 360, fps: 30, bitrateBps: 1_000_000 });
const liveCameras = 4;
const viewers = 20;
const scrapes = 20;

await runBench(
  170,
  {
    results: [
      { p95Ms: atMost(10) },
      { p95Ms: atMost(250), sendDelayP99MsMeanwhile: atMost(5) },
      { p95Ms: atMost(250), sendDelayP99MsMeanwhile: atMost(5) },
    ],
  },
  async () => {
    const cameras = await startCameras({ picture, cameras: liveCameras });
    const results = [];
    // The last one has the number of series that the catalogue will have some day with 1,000 streams.
    for (const streams of [40, 1_000, 1_900]) results.push(await measure(streams, cameras));
    await cameras.stop();
    return { results };
  },
);

async function measure(streams: number, { urls, sent }: Cameras) {
  const live = Object.fromEntries(urls.map((url, index) => [`live-${index}`, url]));
  const names = Array.from({ length: streams - urls.length }, (_, index) => `camera-${index}`);
  const idleStreams = Object.fromEntries(names.map((name) => [name, 'rtsp://127.0.0.1:9/']));
  const relay = await startRelay({ streams: live, idleStreams });
  const sink = await Sink.start();
  await joinMany(viewers, sent, (index, options) =>
    joinByWhep(sink, relay.url, `live-${index % urls.length}`, options),
  );
  await delay(3_000);
  const agent = new Agent({ keepAlive: true });
  const quietDelays = await sendDelays(relay.url, relay.metricsToken, agent, 0);
  // As for whoever is scraped for months.
  for (let warm = 0; warm < 15; warm++) await scrape(relay.url, relay.metricsToken, agent);
  const tookMs: number[] = [];
  const delaysMs: number[] = [];
  const cpuBefore = cpuSeconds(relay.pid);
  const startedMs = performance.now();
  let last = { ms: 0, bytes: 0, text: '' };
  for (let done = 0; done < scrapes; done++) {
    const dueMs = performance.now() + 1_000;
    last = await scrape(relay.url, relay.metricsToken, agent);
    tookMs.push(last.ms);
    delaysMs.push(sendDelayMs(last.text));
    await delay(Math.max(0, dueMs - performance.now()));
  }
  const cpuPercent = (100 * (cpuSeconds(relay.pid) - cpuBefore)) / ((performance.now() - startedMs) / 1000);
  agent.destroy();
  const checked = checkPayloads(await sink.report());
  await sink.stop();
  await relay.stop();
  const result = {
    streams,
    series: countSeries(last.text),
    kilobytes: Math.round(last.bytes / 1000),
    p50Ms: round(percentile(tookMs, 0.5)),
    p95Ms: round(percentile(tookMs, 0.95)),
    sendDelayP99MsBefore: round(Math.max(...quietDelays), 2),
    sendDelayP99MsMeanwhile: round(Math.max(...delaysMs), 2),
    relayCpuPercentOfCore: round(cpuPercent),
    ...checked,
  };
  say(JSON.stringify(result));
  return result;
}

/** The worst second of a few without load by scrapes: these are made by it themselves, one in three seconds. */
async function sendDelays(url: string, token: string, agent: Agent, done: number): Promise<number[]> {
  if (done === 3) return [];
  await delay(3_000);
  const { text } = await scrape(url, token, agent);
  return [sendDelayMs(text), ...(await sendDelays(url, token, agent, done + 1))];
}

function sendDelayMs(text: string): number {
  return (valueOf(text, 'sightline_forward_delay_p99_seconds') ?? Number.NaN) * 1000;
}
