/**
 * What outlives a day: both profiles as they are shipped, with a real relay. Samples of last year are put into the stores as blocks;
 * those of now take the way of all others, recorded by the hot store and written to the tiers. Only the steps of the roll-ups are shorter.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { freePort } from '../../media-relay/e2e/support/free-port.ts';
import { TestRelay } from '../../media-relay/e2e/support/relay.ts';
import { Prometheus } from './support/prometheus.ts';
import { copyShipped, edit } from './support/shipped.ts';

type Tier = '5m' | '1h' | '1d';

interface Store {
  readonly host: string;
  readonly config: string;
  readonly tiers: readonly Tier[];
  readonly keepsDays: number;
}

interface Profile {
  readonly name: string;
  readonly config: string;
  readonly stores: readonly Store[];
}

const profiles: readonly Profile[] = [
  {
    name: 'default',
    config: 'prometheus.yml',
    stores: [
      {
        host: 'prometheus-long',
        config: 'prometheus.long.yml',
        tiers: ['5m', '1h', '1d'],
        keepsDays: 365,
      },
    ],
  },
  {
    name: 'strict',
    config: 'strict/prometheus.yml',
    stores: [
      { host: 'prometheus-5m', config: 'strict/prometheus.5m.yml', tiers: ['5m'], keepsDays: 7 },
      { host: 'prometheus-1h', config: 'strict/prometheus.1h.yml', tiers: ['1h'], keepsDays: 30 },
      { host: 'prometheus-1d', config: 'strict/prometheus.1d.yml', tiers: ['1d'], keepsDays: 365 },
    ],
  },
];

const daySeconds = 86_400;
const root = mkdtempSync(join(tmpdir(), 'sightline-retention-'));
let relay: TestRelay;

beforeAll(async () => {
  relay = await TestRelay.start({ lobby: 'demo:?width=320&height=180&fps=15' });
});
afterAll(async () => {
  await relay[Symbol.asyncDispose]();
  rmSync(root, { recursive: true, force: true });
});

function rollup(tier: Tier): string {
  return `stream:sightline_stream_up:avg${tier}`;
}

/** One block for each age: a sample of 0.25 for each tier, that many days before now. */
function putSamples(data: string, { tiers }: Store, ageDays: readonly number[], nowSeconds: number): void {
  mkdirSync(data, { recursive: true });
  const lines = tiers.flatMap((tier) => [
    `# TYPE ${rollup(tier)} gauge`,
    ...ageDays.map(
      (days) => `${rollup(tier)}{stream="old",tier="${tier}"} 0.25 ${nowSeconds - days * daySeconds}`,
    ),
  ]);
  const file = join(data, 'samples.txt');
  writeFileSync(file, [...lines, '# EOF', ''].join('\n'));
  execFileSync('promtool', ['tsdb', 'create-blocks-from', 'openmetrics', '--quiet', file, data]);
}

test.concurrent.each(profiles)(
  'profile $name: the hot store answers for the tiers, also after it was wiped',
  { timeout: 120_000 },
  async ({ name, config, stores }) => {
    const folder = join(root, name);
    const hotConfig = join(folder, 'prometheus', config);
    await using services = new AsyncDisposableStack();
    copyShipped(folder);
    writeFileSync(join(folder, 'token'), relay.token('prometheus'));
    edit(join(folder, 'prometheus/sightline.rollups.yml'), {
      'interval: 5m\n': 'interval: 1s\n',
      'interval: 1h\n': 'interval: 1s\n',
      'interval: 1d\n': 'interval: 1s\n',
    });

    const nowSeconds = Math.floor(Date.now() / 1_000);
    const running = new Map<string, Prometheus>();
    const ports: Record<string, string> = {};
    for (const store of stores) {
      const data = join(folder, store.host);
      // Within its time, beyond it, and of today: Prometheus counts from its newest block.
      putSamples(data, store, [store.keepsDays - 1, store.keepsDays + 2, 0.2], nowSeconds);
      const port = await freePort();
      ports[`${store.host}:9090`] = `127.0.0.1:${port}`;
      const options = { config: join(folder, 'prometheus', store.config), data, port };
      running.set(store.host, services.use(await Prometheus.start(options)));
    }
    const port = await freePort();
    edit(hotConfig, {
      '/var/lib/sightline-secrets/prometheus-token': join(folder, 'token'),
      'relay:8640': `127.0.0.1:${relay.port}`,
      // Nobody is there, and nobody is needed.
      'exporter:8642': '127.0.0.1:1',
      'prometheus:9090': `127.0.0.1:${port}`,
      ...ports,
    });
    const hotOptions = { config: hotConfig, data: join(folder, 'hot'), port };
    const hot = services.use(await Prometheus.start(hotOptions));

    // Each store gets its own tiers, and nothing else.
    let wrote = 0;
    for (const { host, tiers } of stores)
      await vi.waitFor(
        async () => {
          const found = await running.get(host)?.query('count by (tier, stream) ({stream="lobby"})');
          expect(new Set(found?.map(({ metric }) => metric['tier']))).toEqual(new Set(tiers));
          wrote = Date.now() / 1_000;
        },
        { timeout: 30_000, interval: 200 },
      );
    const names = stores[0]?.tiers.map(rollup) ?? [];
    const [before] = await hot.query(`${names[0]}{stream="lobby"}`, wrote);
    expect(Number(before?.value[1])).toBeGreaterThan(0);
    expect(await hot.query('sightline_stream_up', wrote)).toHaveLength(1);

    // The watchdog fires from the start: who has no Alertmanager is not told of it at every turn.
    const { data: alertmanagers } = await hot.ask<{ data: object }>('alertmanagers');
    expect(alertmanagers).toEqual({ activeAlertmanagers: [], droppedAlertmanagers: [] });
    expect(hot.complaints.filter((line) => /alert/i.test(line))).toEqual([]);

    await hot.stop();
    rmSync(hotOptions.data, { recursive: true });
    const wiped = services.use(await Prometheus.start(hotOptions));
    await vi.waitFor(async () => expect(await wiped.query('sightline_stream_up')).toHaveLength(1), {
      timeout: 20_000,
      interval: 200,
    });
    expect(await wiped.query('sightline_stream_up', wrote)).toEqual([]);
    for (const { tiers, keepsDays } of stores)
      for (const tier of tiers) {
        const [of] = await wiped.query(`${rollup(tier)}{stream="lobby"}`, wrote);
        expect(Number(of?.value[1])).toBeGreaterThan(0);
        const ageSeconds = (keepsDays - 1) * daySeconds;
        const [old] = await wiped.query(`${rollup(tier)}{stream="old"}`, nowSeconds - ageSeconds + 1);
        expect(old?.value[1]).toBe('0.25');
        const beyond = nowSeconds - (keepsDays + 2) * daySeconds + 1;
        expect(await wiped.query(`${rollup(tier)}{stream="old"}`, beyond)).toEqual([]);
      }

    // A store that is away takes nothing from what the hot one has, and the answer says what is missing.
    for (const store of running.values()) await store.stop();
    const { series, warnings } = await wiped.queryRange(
      'sightline_stream_up',
      nowSeconds - 600,
      Math.ceil(Date.now() / 1_000),
      1,
    );
    expect(series).toHaveLength(1);
    expect(warnings.join()).toContain('remote_read');
  },
);
