// bench: one collection of host, container and process: time, longest block of the event loop, CPU at one a second
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { createCollectors, Exporter } from '@sightline/exporter';
import { atMost } from './support/musts.ts';
import { runBench } from './support/run-bench.ts';
import { percentile, round } from './support/stats.ts';

const collections = 1_000;
const idleSeconds = 10;
const secondsAtOnePerSecond = 30;

await runBench(
  150,
  { p99Ms: atMost(5), blockedMaxMs: atMost(2), cpuPercentOfCoreAt1s: atMost(1) },
  async () => {
    const exporter = new Exporter({ collectors: createCollectors(), version: 'bench' });
    for (let warm = 0; warm < 50; warm++) await exporter.collect();

    const tookMs: number[] = [];
    const blockedMs: number[] = [];
    const blockedWithoutMs: number[] = [];
    for (let done = 0; done < collections; done++) {
      blockedMs.push(
        await longestBlockMs(async () => {
          const startedMs = performance.now();
          await exporter.collect();
          tookMs.push(performance.now() - startedMs);
        }),
      );
      // What this machine and the collector of garbage do by themselves.
      blockedWithoutMs.push(await longestBlockMs(() => Promise.resolve()));
    }

    // With cold caches, as it is in life: what a collection a second adds to a process that does nothing else.
    const idle = await cpuPercentOf(idleSeconds, () => Promise.resolve());
    const busy = await cpuPercentOf(secondsAtOnePerSecond, async () => void (await exporter.collect()));
    exporter.close();
    return {
      p50Ms: round(percentile(tookMs, 0.5), 2),
      p99Ms: round(percentile(tookMs, 0.99), 2),
      maxMs: round(Math.max(...tookMs), 2),
      blockedP99Ms: round(percentile(blockedMs, 0.99), 2),
      blockedMaxMs: round(Math.max(...blockedMs), 2),
      blockedMaxMsWithoutCollecting: round(Math.max(...blockedWithoutMs), 2),
      cpuPercentOfCoreAt1s: round(busy - idle, 2),
    };
  },
);

/** The longest that a timer of a millisecond was kept waiting meanwhile. */
async function longestBlockMs(work: () => Promise<void>): Promise<number> {
  await delay(8);
  const loop = monitorEventLoopDelay({ resolution: 1 });
  loop.enable();
  await work();
  await delay(3);
  loop.disable();
  return Math.max(0, loop.max / 1e6 - 1);
}

async function cpuPercentOf(seconds: number, work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  for (let second = 0; second < seconds; second++) {
    await work();
    await delay(1_000);
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e4 / seconds;
}
