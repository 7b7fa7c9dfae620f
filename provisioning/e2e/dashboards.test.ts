/**
 * Every query of every dashboard, answered by Debian's Prometheus that scrapes a real relay: with a camera that is live and watched by
 * Chromium, one that speaks RTSP, and one that is away. Rules are evaluated every second and without patience, so that a day's roll-up is there at once.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { openBrowser } from '../../media-relay/e2e/support/browser.ts';
import { freePort } from '../../media-relay/e2e/support/free-port.ts';
import { startGstCamera } from '../../media-relay/e2e/support/gst-camera.ts';
import { TestRelay } from '../../media-relay/e2e/support/relay.ts';
import { rollupsFile, rulesFile } from '../src/rule-file.ts';
import type { DashboardJson } from '../src/dashboards/dashboard-json.ts';
import { promqlOf } from '../src/dashboards/dashboard-json.ts';
import { dashboardFiles } from '../src/write-dashboards.ts';
import { Prometheus } from './support/prometheus.ts';

const patienceMs = 40_000;
const token = 'prometheus-of-the-test-reads-the-figures';
const services = new AsyncDisposableStack();
const folder = mkdtempSync(join(tmpdir(), 'sightline-dashboards-'));
let prometheus: Prometheus;

/** Without an answer where the host lacks the thing: `dashboard: place`, and why. */
const absent: Readonly<Record<string, string>> = {
  'sightline-host: Temperature A': 'virtual machines have no sensors',
  'sightline-host: Pressure A': 'kernels without PSI',
  'sightline-host: Memory of the control group C': 'no limit is set',
  'sightline-host: CPU of the control group B': 'no quota is set',
  'sightline-host: Held back by the quota A': 'no quota is set',
  'sightline-host: Tasks of the control group A': 'hosts without the pids controller',
  'sightline-host: Tasks of the control group B': 'no limit is set',
};

const queries = Object.entries(dashboardFiles())
  .filter(([path]) => /^dashboards\/.*\.json$/.test(path))
  .flatMap(([, text]) => {
    const dashboard = JSON.parse(text) as DashboardJson;
    return promqlOf(dashboard).map((query) => ({ ...query, place: `${dashboard.uid}: ${query.place}` }));
  });

beforeAll(async () => {
  const config = { tokens: [{ name: 'figures', token, permissions: ['metrics'] }] };
  const camera = await startGstCamera();
  services.defer(() => camera.kill());
  const relay = services.use(
    await TestRelay.start(
      {
        live: {
          url: 'demo:?width=320&height=180&fps=15',
          substream: 'demo:?width=160&height=120&fps=5',
          site: 'north',
          title: 'Gate',
        },
        rtsp: { url: `rtsp://127.0.0.1:${camera.port}/live`, site: 'north' },
        away: { url: `rtsp://127.0.0.1:${await freePort()}/live`, site: 'south' },
      },
      { config },
    ),
  );
  const files = [rulesFile, rollupsFile].map((file, at) => {
    const text = readFileSync(fileURLToPath(file), 'utf8')
      .replaceAll(/interval: \w+/g, 'interval: 1s')
      .replaceAll(/^(\s+for:) \w+$/gm, '$1 0s')
      // A camera of some seconds has a budget, too.
      .replaceAll(/(expected_seconds_total\[\w+\]\)\)) > 0\.75/g, '$1 > 0');
    const path = join(folder, `rules-${at}.yml`);
    writeFileSync(path, text);
    return path;
  });
  const path = join(folder, 'prometheus.yml');
  writeFileSync(
    path,
    `# flags: --storage.tsdb.retention.time=1h
global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }
rule_files: ${JSON.stringify(files)}
scrape_configs:
  - job_name: sightline
    authorization: { credentials: ${token} }
    static_configs: [{ targets: ['127.0.0.1:${relay.port}'] }]
`,
  );
  prometheus = services.use(
    await Prometheus.start({ config: path, data: join(folder, 'data'), port: await freePort() }),
  );
  // A rate needs the count from before the first picture.
  await vi.waitFor(
    async () =>
      expect(await prometheus.query('sightline_time_to_first_frame_seconds_count == 0')).not.toEqual([]),
    { timeout: 20_000, interval: 100 },
  );
  const browser = await openBrowser();
  services.defer(() => browser.close());
  const { page } = await browser.page();
  await page.goto(relay.url);
}, 60_000);

afterAll(async () => {
  await services.disposeAsync();
  rmSync(folder, { recursive: true, force: true });
});

/** As Grafana fills them in for a range of a minute. */
function filledIn(expr: string, stream: string): string {
  const values: Readonly<Record<string, string>> = {
    __rate_interval: '15s',
    __interval: '1s',
    __range: '60s',
    instance: '.+',
    site: '.*',
    stream,
  };
  return expr.replaceAll(/\$(\w+)/g, (_, name: string) => values[name] ?? `$${name}`);
}

async function hasAnswer(expr: string, isInstant: boolean): Promise<boolean> {
  if (isInstant) return (await prometheus.query(expr)).length > 0;
  const end = Date.now() / 1000;
  const { series } = await prometheus.queryRange(expr, end - 60, end, 1);
  return series.length > 0;
}

test('every query has an answer', { timeout: 60_000 }, async () => {
  let open = queries;
  const deadlineMs = Date.now() + patienceMs;
  do {
    const answers = await Promise.all(
      open.map(async ({ expr, isInstant }) => {
        // What `=` compares with is one camera; `=~` takes all.
        const streams = expr.includes('stream="$stream"') ? ['live', 'rtsp', 'away'] : ['live|rtsp|away'];
        const each = await Promise.all(streams.map((stream) => hasAnswer(filledIn(expr, stream), isInstant)));
        return each.includes(true);
      }),
    );
    open = open.filter((_, at) => answers[at] !== true);
  } while (open.some(({ place }) => absent[place] === undefined) && Date.now() < deadlineMs);
  expect(
    open.filter(({ place }) => absent[place] === undefined).map(({ place, expr }) => `${place}: ${expr}`),
  ).toEqual([]);
});

test(
  'where there are no raw samples any more, roll-ups give the same series',
  { timeout: 30_000 },
  async () => {
    const long = queries.filter(({ expr }) => expr.includes('\n  or max without (tier)'));
    expect(long.length).toBeGreaterThan(8);
    for (const { expr, place } of long) {
      const filled = filledIn(expr, 'live|rtsp|away').replaceAll('="live|rtsp|away"', '="live"');
      // What has no roll-up itself (the size of a disk) is read by last_over_time.
      const old = filled.replaceAll(
        /\b(rate|(?:avg|max|min)_over_time)\(sightline_\w+/g,
        '$1(no_such_metric',
      );
      await vi.waitFor(
        async () => {
          const [all, rolledUp] = await Promise.all([labels(filled), labels(old)]);
          expect(rolledUp.length, `in ${place}`).toBeGreaterThan(0);
          expect(rolledUp, `in ${place}`).toEqual(all);
        },
        { timeout: 15_000, interval: 200 },
      );
    }
  },
);

/** Of each series, as Prometheus writes them: in the order of their names. */
async function labels(expr: string): Promise<string[]> {
  const samples = await prometheus.query(expr);
  return samples.map(({ metric }) => JSON.stringify(metric)).toSorted();
}

test('the list of what may be absent names queries that exist', () => {
  const places = queries.map(({ place }) => place);
  for (const place of Object.keys(absent)) expect(places).toContain(place);
});

test('each variable has values', async () => {
  const definitions = Object.entries(dashboardFiles()).flatMap(([path, text]) =>
    path.endsWith('.json') && path.startsWith('dashboards/')
      ? (JSON.parse(text) as DashboardJson).templating.list.flatMap(({ definition }) => definition ?? [])
      : [],
  );
  for (const definition of new Set(definitions)) {
    const [, series = '', label = ''] = /^label_values\((.*), (\w+)\)$/.exec(definition) ?? [];
    const match = encodeURIComponent(filledIn(series, 'live'));
    const { data } = await prometheus.ask<{ data: string[] }>(`label/${label}/values?match[]=${match}`);
    expect(data.length, `of ${definition}`).toBeGreaterThan(0);
  }
});
