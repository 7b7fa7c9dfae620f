/**
 * From a camera whose cable is pulled to the message: real cameras, relays, exporter, Prometheus and Alertmanager with the shipped
 * configurations. Scrapes every second, evaluations every 5 s and `for: 20s` are what is shipped. Only what follows the return is
 * made short: `keep_firing_for`, and the minute between two messages of a group.
 */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { freePort } from '../../media-relay/e2e/support/free-port.ts';
import { startGstCamera } from '../../media-relay/e2e/support/gst-camera.ts';
import type { GstCamera } from '../../media-relay/e2e/support/gst-camera.ts';
import { TestRelay } from '../../media-relay/e2e/support/relay.ts';
import { isAlert, readRuleGroups, rollupsFile, rulesFile } from '../src/rule-file.ts';
import { AlertReceiver } from './support/alert-receiver.ts';
import type { ReceivedAlert } from './support/alert-receiver.ts';
import { Prometheus } from './support/prometheus.ts';
import { Service } from './support/service.ts';
import { copyShipped, edit } from './support/shipped.ts';

const token = 'prometheus-of-the-test-reads-the-figures';
const promisedMs = 45_000;
const patienceMs = 100_000;
const noc = '/noc';
const watchdog = '/watchdog';

const folder = mkdtempSync(join(tmpdir(), 'sightline-alerts-'));
const services = new AsyncDisposableStack();
let receiver: AlertReceiver;
let prometheus: Prometheus;
/** With the cameras of two sites. */
let relay: TestRelay;
/** With a site of its own. */
let other: TestRelay;
const north = ['north-1', 'north-2', 'north-3', 'north-4'];
const south = ['south-1', 'south-2', 'south-3', 'south-4'];
const east = ['east-1', 'east-2', 'east-3', 'east-4'];
/** By the name of their stream. */
const cameras = new Map<string, GstCamera>();

beforeAll(async () => {
  const config = { tokens: [{ name: 'figures', token, permissions: ['metrics'] }] };
  receiver = services.use(await AlertReceiver.start());
  services.defer(async () => void (await Promise.all([...cameras.values()].map((camera) => camera.kill()))));
  await Promise.all([...north, ...south].map((name) => plugIn(name)));
  relay = services.use(
    await TestRelay.start(
      Object.fromEntries(
        [...cameras].map(([name, { port }]) => [
          name,
          { url: `rtsp://127.0.0.1:${port}/live`, site: name.replace(/-.*/, ''), title: name.toUpperCase() },
        ]),
      ),
      { config },
    ),
  );
  const demo = { url: 'demo:?width=320&height=180&fps=15', site: 'east' };
  other = services.use(
    await TestRelay.start(Object.fromEntries(east.map((name) => [name, demo])), { config }),
  );

  copyShipped(folder);
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, token);
  const exporterPort = await freePort();
  services.use(
    await Service.start(
      process.execPath,
      [
        new URL('../../exporter/src/main.ts', import.meta.url).pathname,
        `--port=${exporterPort}`,
        `--access-file=${tokenFile}`,
      ],
      `http://127.0.0.1:${exporterPort}/live`,
    ),
  );
  const alertmanagerPort = await freePort();
  const alertmanager = join(folder, 'alertmanager/alertmanager.yml');
  edit(alertmanager, {
    'group_interval: 1m\n  repeat_interval: 4h': 'group_interval: 1s\n  repeat_interval: 4h',
    '- name: noc\n': `- name: noc\n    webhook_configs: [{ url: '${receiver.url(noc)}', send_resolved: true }]\n`,
    '- name: watchdog\n': `- name: watchdog\n    webhook_configs: [{ url: '${receiver.url(watchdog)}' }]\n`,
  });
  services.use(
    await Service.start(
      'prometheus-alertmanager',
      [
        `--config.file=${alertmanager}`,
        `--storage.path=${join(folder, 'alertmanager-data')}`,
        `--web.listen-address=127.0.0.1:${alertmanagerPort}`,
        '--cluster.listen-address=',
      ],
      `http://127.0.0.1:${alertmanagerPort}/-/ready`,
    ),
  );
  const longPort = await freePort();
  services.use(
    await Prometheus.start({
      config: join(folder, 'prometheus/prometheus.long.yml'),
      data: join(folder, 'long'),
      port: longPort,
    }),
  );
  const port = await freePort();
  edit(join(folder, 'prometheus/prometheus.yml'), {
    '/var/lib/sightline-secrets/prometheus-token': tokenFile,
    'relay:8640': `127.0.0.1:${relay.port}', '127.0.0.1:${other.port}`,
    'exporter:8642': `127.0.0.1:${exporterPort}`,
    'prometheus:9090': `127.0.0.1:${port}`,
    'prometheus-long:9090': `127.0.0.1:${longPort}`,
  });
  // As compose.alertmanager.yml mounts it.
  const targets = join(folder, 'prometheus/alertmanagers');
  rmSync(targets, { recursive: true });
  cpSync(join(folder, 'alertmanager/targets'), targets, { recursive: true });
  edit(join(targets, 'compose.yml'), { 'alertmanager:9093': `127.0.0.1:${alertmanagerPort}` });
  edit(join(folder, 'prometheus/sightline.rules.yml'), { 'keep_firing_for: 1m': 'keep_firing_for: 5s' });
  prometheus = services.use(
    await Prometheus.start({
      config: join(folder, 'prometheus/prometheus.yml'),
      data: join(folder, 'hot'),
      port,
    }),
  );

  await relay.live(...north, ...south);
  await other.live(...east);
  await vi.waitFor(
    async () => {
      const [up] = await prometheus.query('sum(sightline_stream_up)');
      expect(up?.value[1]).toBe('12');
      const [targets] = await prometheus.query('sum(up{job=~"sightline.*"})');
      expect(targets?.value[1]).toBe('3');
    },
    { timeout: 30_000, interval: 200 },
  );
}, 120_000);

afterAll(async () => {
  await services.disposeAsync();
  rmSync(folder, { recursive: true, force: true });
});

/** At the port of the last time, if there was one. */
async function plugIn(name: string): Promise<void> {
  const small = ['--width=160', '--height=120', '--kbps=150'];
  cameras.set(name, await startGstCamera(small, cameras.get(name)?.port));
}

const expected = [
  { alertname: 'SightlineStreamDown', label: 'stream', value: 'north-1' },
  { alertname: 'SightlineSiteDown', label: 'site', value: 'south' },
  { alertname: 'SightlineRelayDown', label: 'instance', value: () => `127.0.0.1:${other.port}` },
] as const;

/** The first message of each, in seconds since `sinceMs`. */
async function messages(status: ReceivedAlert['status'], sinceMs: number): Promise<Record<string, number>> {
  const told: Record<string, number> = {};
  await vi.waitFor(
    () => {
      for (const { alertname, label, value } of expected) {
        const found = receiver
          .received(noc)
          .find((alert) => alert.status === status && alert.labels['alertname'] === alertname);
        expect(found?.labels[label], `${alertname} ${status}`).toBe(
          typeof value === 'function' ? value() : value,
        );
        if (found !== undefined) told[alertname] = Math.round((found.atMs - sinceMs) / 100) / 10;
      }
    },
    { timeout: patienceMs, interval: 100 },
  );
  return told;
}

test(
  'a camera, all cameras of a site, a relay: one alert each within 45 s, resolved when they return',
  { timeout: 2 * patienceMs + 40_000 },
  async () => {
    expect(receiver.received(noc)).toEqual([]);
    const pulledMs = performance.now();
    const pulled = ['north-1', ...south];
    await Promise.all([...pulled.map((name) => cameras.get(name)?.kill()), other.stop('SIGKILL')]);
    const firedSeconds = await messages('firing', pulledMs);

    const returnedMs = performance.now();
    await Promise.all([...pulled.map((name) => plugIn(name)), other.start()]);
    const resolvedSeconds = await messages('resolved', returnedMs);
    process.stdout.write(`${JSON.stringify({ firedSeconds, resolvedSeconds })}\n`);

    for (const seconds of Object.values(firedSeconds))
      expect(seconds * 1_000).toBeLessThanOrEqual(promisedMs);
    // Not one per camera, nothing about anything else, nothing twice.
    const everything = receiver.received(noc).map(({ status, labels }) => `${labels['alertname']} ${status}`);
    expect(everything.toSorted()).toEqual(
      expected.flatMap(({ alertname }) => [`${alertname} firing`, `${alertname} resolved`]).toSorted(),
    );
    // The sign of life goes its own way. The first of them comes when Prometheus says it again, a minute after the start.
    await vi.waitFor(
      () =>
        expect(new Set(receiver.received(watchdog).map(({ labels }) => labels['alertname']))).toEqual(
          new Set(['SightlineWatchdog']),
        ),
      { timeout: 65_000, interval: 200 },
    );
  },
);

test('Prometheus has loaded every rule, evaluates them all, and has nothing to complain of', async () => {
  const shipped = [...readRuleGroups(rulesFile), ...readRuleGroups(rollupsFile)];
  const { data } = await prometheus.ask<{
    data: { groups: { name: string; rules: { name: string; health: string; lastError?: string }[] }[] };
  }>('rules');
  const loaded = new Map(data.groups.map(({ name, rules }) => [name, rules]));
  expect([...loaded.keys()].toSorted()).toEqual(shipped.map(({ name }) => name).toSorted());
  for (const { name, interval, rules } of shipped) {
    const found = loaded.get(name) ?? [];
    expect(found.map((rule) => rule.name)).toEqual(
      rules.map((rule) => (isAlert(rule) ? rule.alert : rule.record)),
    );
    // Roll-ups have not had their turn yet.
    const states = /[smhd]/.exec(interval)?.[0] === 's' ? ['ok'] : ['ok', 'unknown'];
    for (const { health, lastError } of found) {
      expect(states).toContain(health);
      expect(lastError ?? '').toBe('');
    }
  }
  expect(prometheus.complaints).toEqual([]);
});
