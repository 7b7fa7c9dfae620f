// bench: a real Prometheus (Debian's) that scrapes a relay with many streams once a second for a minute
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freeTcpPort } from './support/free-port.ts';
import { atLeast, atMost } from './support/musts.ts';
import { cpuSeconds, startProcess } from './support/process.ts';
import { startRelay } from './support/relay.ts';
import { runBench } from './support/run-bench.ts';
import { round } from './support/stats.ts';
import { until } from './support/until.ts';

const streams = 250;
const seconds = 60;

await runBench(
  150,
  { samplesPerSecondStored: atLeast(10_000), failedScrapes: atMost(0), slowestScrapeMs: atMost(1000) },
  async () => {
    const names = Array.from({ length: streams - 1 }, (_, index) => `camera-${index}`);
    const relay = await startRelay({
      streams: { live: 'demo:?width=320&height=180&fps=5' },
      idleStreams: Object.fromEntries(names.map((name) => [name, 'rtsp://127.0.0.1:9/'])),
    });
    const folder = mkdtempSync(path.join(tmpdir(), 'bench-prometheus-'));
    const port = await freeTcpPort();
    const config = path.join(folder, 'prometheus.yml');
    const job = {
      job_name: 'sightline',
      authorization: { credentials: relay.metricsToken },
      static_configs: [{ targets: [new URL(relay.url).host] }],
    };
    // JSON is YAML.
    writeFileSync(
      config,
      JSON.stringify({ global: { scrape_interval: '1s', scrape_timeout: '1s' }, scrape_configs: [job] }),
    );
    const prometheus = await startProcess({
      command: 'prometheus',
      args: [
        `--config.file=${config}`,
        `--storage.tsdb.path=${path.join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
    });
    const api = `http://127.0.0.1:${port}`;
    await until(
      'the first scrape',
      30_000,
      async () => (await query(api, 'up == 1')) !== undefined || undefined,
    );
    const cpuBefore = cpuSeconds(prometheus.pid);
    await delay((seconds + 2) * 1000);
    const cpu = (cpuSeconds(prometheus.pid) - cpuBefore) / (seconds + 2);
    const figures = {
      streams,
      samplesPerSecondStored: Math.round(
        (await query(
          api,
          `sum_over_time(scrape_samples_post_metric_relabeling[${seconds}s]) / ${seconds}`,
        )) ?? 0,
      ),
      scrapes: await query(api, `count_over_time(up[${seconds}s])`),
      failedScrapes: await query(api, `${seconds} - sum_over_time(up[${seconds}s])`),
      slowestScrapeMs: round(
        1000 * ((await query(api, `max_over_time(scrape_duration_seconds[${seconds}s])`)) ?? NaN),
      ),
      prometheusCpuPercentOfCore: round(100 * cpu),
    };
    await prometheus.stop();
    await relay.stop();
    rmSync(folder, { recursive: true, force: true });
    return { ...figures, scrapes: figures.scrapes ?? 0, failedScrapes: figures.failedScrapes ?? seconds };
  },
);

interface QueryAnswer {
  readonly data: { readonly result: readonly { readonly value: readonly [number, string] }[] };
}

/** The first value of an instant query. */
async function query(api: string, expression: string): Promise<number | undefined> {
  const response = await fetch(`${api}/api/v1/query?query=${encodeURIComponent(expression)}`);
  const { data } = (await response.json()) as QueryAnswer;
  const value = data.result[0]?.value[1];
  return value === undefined ? undefined : Number(value);
}
