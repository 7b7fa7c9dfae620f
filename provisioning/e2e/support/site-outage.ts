/** A site whose centre goes away and returns: a real relay, Prometheus as an agent with the shipped agent.yml, Debian's VictoriaMetrics. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { freePort } from '../../../media-relay/e2e/support/free-port.ts';
import { TestRelay } from '../../../media-relay/e2e/support/relay.ts';
import { Prometheus } from './prometheus.ts';
import { Service } from './service.ts';
import { copyShipped, edit } from './shipped.ts';

export interface SiteOutage {
  /** How long nothing listened at the centre. */
  readonly outageSeconds: number;
  /** From its return to the last sample that had waited. */
  readonly catchUpSeconds: number;
  /** What the agent says that it did. */
  readonly scrapes: number;
  readonly samplesFailed: number;
  readonly samplesDropped: number;
  /** What the centre has: scrapes, and those of them of which a sample is missing. */
  readonly scrapesStored: number;
  readonly scrapesIncomplete: number;
  readonly samplesStored: number;
  readonly longestGapSeconds: number;
  /** Labels of `up`. */
  readonly labels: Readonly<Record<string, string>>;
}

interface ExportedSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (number | null)[];
  /** Unix milliseconds. */
  readonly timestamps: readonly number[];
}

/** `up`, `scrape_duration_seconds` and three more, which Prometheus adds to what it has scraped. */
const addedByPrometheus = 5;
const settleSeconds = 2;

export async function siteOutage(outageSeconds: number): Promise<SiteOutage> {
  const folder = mkdtempSync(join(tmpdir(), 'sightline-site-'));
  await using services = new AsyncDisposableStack();
  services.defer(() => rmSync(folder, { recursive: true, force: true }));
  const camera = { url: 'demo:?width=320&height=180&fps=15', site: 'berlin' };
  const relay = services.use(await TestRelay.start({ gate: camera, lobby: camera }));

  copyShipped(folder);
  const config = join(folder, 'prometheus/agent.yml');
  const centrePort = await freePort();
  writeFileSync(join(folder, 'token'), relay.token('prometheus'));
  edit(config, {
    '/var/lib/sightline-secrets/prometheus-token': join(folder, 'token'),
    'relay:8640': `127.0.0.1:${relay.port}`,
    'exporter:8642': '127.0.0.1:1',
    'victoria-metrics:8428': `127.0.0.1:${centrePort}`,
  });
  const startCentre = async (): Promise<Service> =>
    services.use(
      await Service.start(
        'victoria-metrics',
        [`-storageDataPath=${join(folder, 'centre')}`, `-httpListenAddr=127.0.0.1:${centrePort}`],
        `http://127.0.0.1:${centrePort}/health`,
      ),
    );
  const centre = await startCentre();
  const agent = services.use(
    await Prometheus.start({ config, data: join(folder, 'agent'), port: await freePort() }),
  );
  await until(async () => (await stored(centrePort, 'up{job="sightline"}'))[0] !== undefined);
  await delay(settleSeconds * 1_000);

  const downMs = performance.now();
  await centre.stop();
  await delay(outageSeconds * 1_000);
  const wentSeconds = (performance.now() - downMs) / 1_000;
  await startCentre();
  const backMs = performance.now();
  // The newest sample that was sent is one of the last two seconds: none waits.
  await until(async () => {
    const sent = await agent.own(
      `prometheus_remote_storage_queue_highest_sent_timestamp_seconds{remote_name="centre",url="http://127.0.0.1:${centrePort}/api/v1/write"}`,
    );
    return sent > Date.now() / 1_000 - 2;
  });
  const catchUpSeconds = (performance.now() - backMs) / 1_000;

  // One less than the scrapes that have begun: it counts what lies between two of them.
  const intervals = await agent.own('prometheus_target_interval_length_seconds_count{interval="1s"}');
  // The last of them ends, and leaves.
  await delay(settleSeconds * 1_000);
  const counter = (name: string): Promise<number> =>
    agent.own(
      `prometheus_remote_storage_${name}{remote_name="centre",url="http://127.0.0.1:${centrePort}/api/v1/write"}`,
    );
  const samplesFailed = await counter('samples_failed_total');
  const samplesDropped = await counter('samples_dropped_total');
  await agent.stop();

  const all = await stored(centrePort, '{job="sightline"}');
  const perScrape = new Map<number, number>();
  for (const { timestamps } of all)
    for (const at of new Set(timestamps)) perScrape.set(at, (perScrape.get(at) ?? 0) + 1);
  const due = all.find(({ metric }) => metric['__name__'] === 'scrape_samples_post_metric_relabeling');
  const up = all.find(({ metric }) => metric['__name__'] === 'up');
  if (due === undefined || up === undefined) throw new Error('the centre has no scrape at all');
  const incomplete = due.timestamps.filter(
    (at, index) => (perScrape.get(at) ?? 0) < (due.values[index] ?? 0) + addedByPrometheus,
  );
  const moments = [...new Set(up.timestamps)].toSorted((a, b) => a - b);
  const gapsMs = moments.slice(1).map((at, index) => at - (moments[index] ?? at));
  return {
    outageSeconds: round(wentSeconds),
    catchUpSeconds: round(catchUpSeconds),
    scrapes: intervals + 1,
    samplesFailed,
    samplesDropped,
    scrapesStored: moments.length,
    scrapesIncomplete: incomplete.length,
    samplesStored: [...perScrape.values()].reduce((sum, count) => sum + count, 0),
    longestGapSeconds: round(Math.max(0, ...gapsMs) / 1_000),
    labels: up.metric,
  };
}

/** Everything that VictoriaMetrics has of these series, what it has just taken included. */
async function stored(port: number, match: string): Promise<readonly ExportedSeries[]> {
  await fetch(`http://127.0.0.1:${port}/internal/force_flush`);
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/export?match[]=${encodeURIComponent(match)}`);
  const lines = (await response.text()).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as ExportedSeries);
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + 60_000;
  while (!(await isSo())) {
    if (performance.now() > deadlineMs) throw new Error(`did not come true: ${isSo.toString()}`);
    await delay(100);
  }
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
