/** The configurations as files: valid, of one mind with each other, and with the rules. What they do is tested in `../e2e`. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';

import { centreFile, isAlert, readRuleGroups, rollupsFile, rulesFile } from '../src/rule-file.ts';

interface Configuration {
  readonly alerting?: object;
  readonly rule_files?: readonly string[];
  readonly scrape_configs?: readonly {
    readonly job_name: string;
    readonly static_configs?: readonly { readonly targets: readonly string[] }[];
    readonly http_sd_configs?: readonly { readonly authorization: { readonly type?: string } }[];
  }[];
  readonly remote_write?: readonly {
    readonly name: string;
    readonly url: string;
    readonly write_relabel_configs?: readonly { readonly regex: string }[];
  }[];
  readonly remote_read?: readonly { readonly name: string; readonly url: string }[];
}

interface AlertmanagerConfiguration {
  readonly inhibit_rules: readonly {
    readonly source_matchers: readonly string[];
    readonly target_matchers: readonly string[];
  }[];
}

const token = '/var/lib/sightline-secrets/prometheus-token';
const here = fileURLToPath(new URL('.', import.meta.url));
const alertmanagerFile = fileURLToPath(new URL('../alertmanager/alertmanager.yml', import.meta.url));
const alertmanagerTargets = fileURLToPath(new URL('../alertmanager/targets', import.meta.url));
const hot = 'prometheus.yml';
const strict = 'strict/prometheus.yml';
const profiles = [
  [hot, ['prometheus.long.yml']],
  [strict, ['strict/prometheus.5m.yml', 'strict/prometheus.1h.yml', 'strict/prometheus.1d.yml']],
] as const;
const files = [...profiles.flatMap(([head, stores]) => [head, ...stores]), 'agent.yml'];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sightline-configurations-'));
  cpSync(here, folder, { recursive: true });
  // promtool wants to see the token's file; it is not here before the first start.
  writeFileSync(join(folder, 'token'), '');
  for (const file of files)
    writeFileSync(
      join(folder, file),
      readFileSync(here + file, 'utf8').replaceAll(token, join(folder, 'token')),
    );
});
afterAll(() => rmSync(folder, { recursive: true }));

function read(file: string): Configuration {
  return parse(readFileSync(here + file, 'utf8')) as Configuration;
}

function checkConfig(file: string): void {
  const agent = file === 'agent.yml' ? ['--agent'] : [];
  const { status, stdout, stderr } = spawnSync(
    'promtool',
    ['check', 'config', ...agent, join(folder, file)],
    {
      encoding: 'utf8',
    },
  );
  expect(stdout + stderr).not.toMatch(/FAILED|WARNING|duplicate/i);
  expect(status).toBe(0);
}

test.each(files)('promtool check config %s', checkConfig);

test.each([hot, strict])('promtool check config %s with the Alertmanager of compose', (file) => {
  const places = join(folder, 'alertmanagers');
  rmSync(places, { recursive: true });
  cpSync(alertmanagerTargets, places, { recursive: true });
  try {
    checkConfig(file);
  } finally {
    rmSync(places, { recursive: true });
    cpSync(join(here, 'alertmanagers'), places, { recursive: true });
  }
});

test('Prometheus knows of no Alertmanager but where compose starts one', () => {
  const targetsIn = (under: string): unknown[] =>
    readdirSync(under).flatMap((name) => parse(readFileSync(join(under, name), 'utf8')) as unknown[]);
  expect(targetsIn(join(here, 'alertmanagers'))).toEqual([]);
  expect(targetsIn(alertmanagerTargets)).toEqual([{ targets: ['alertmanager:9093'] }]);
  for (const file of [hot, strict]) {
    const { alerting } = read(file);
    const under = file === strict ? '../' : '';
    expect(alerting).toEqual({
      alertmanagers: [{ file_sd_configs: [{ files: [`${under}alertmanagers/*.yml`] }] }],
    });
  }
});

test('there is no configuration that these tests do not know', () => {
  const found = ['', 'strict/'].flatMap((under) =>
    readdirSync(here + under)
      .filter((name) => name.endsWith('.yml') && !name.startsWith('sightline.'))
      .map((name) => under + name),
  );
  expect(found.toSorted()).toEqual(files.toSorted());
});

test('the strict profile is the default one with other stores', () => {
  const ofRest = ({
    rule_files,
    remote_write,
    remote_read,
    scrape_configs,
    alerting,
    ...rest
  }: Configuration): object => ({
    rest,
    rules: rule_files?.map((path) => path.replace('../', '')),
    alerting: JSON.stringify(alerting).replace('../', ''),
    scrapes: scrape_configs?.filter(({ job_name }) => job_name !== 'prometheus'),
    haveStores: remote_write !== undefined && remote_read !== undefined,
  });
  expect(ofRest(read(strict))).toEqual(ofRest(read(hot)));
});

test.each(profiles)('%s reads from each store that it writes to, and watches them', (file) => {
  const { remote_write = [], remote_read = [], scrape_configs = [] } = read(file);
  const hostOf = ({ url }: { readonly url: string }): string => new URL(url).host;
  expect(remote_read.map(hostOf)).toEqual(remote_write.map(hostOf));
  expect(remote_read.map(({ name }) => name)).toEqual(remote_write.map(({ name }) => name));
  const watched = scrape_configs
    .filter(({ job_name }) => job_name === 'prometheus')
    .flatMap(({ static_configs = [] }) => static_configs.flatMap(({ targets }) => targets));
  expect(watched).toEqual(['prometheus:9090', ...remote_write.map(hostOf)]);
});

test.each(profiles)('%s: every roll-up has a store, and only one', (file) => {
  const { remote_write = [] } = read(file);
  const tiers = readRuleGroups(rollupsFile)
    .flatMap(({ rules }) => rules)
    .map((rule) => (isAlert(rule) ? undefined : rule.labels?.['tier']));
  for (const tier of new Set(tiers)) {
    const takers = remote_write.filter(({ write_relabel_configs = [] }) =>
      // Prometheus anchors them.
      write_relabel_configs.every(({ regex }) => new RegExp(`^(?:${regex})$`).test(tier ?? '')),
    );
    expect([tier, takers.length]).toEqual([tier, 1]);
  }
});

test('the three tiers hold the same, each at its own step', () => {
  const [first, ...others] = readRuleGroups(rollupsFile).map(({ interval, rules }) =>
    rules.map((rule) => JSON.stringify(rule).replaceAll(interval, 'STEP')),
  );
  expect(first?.length).toBeGreaterThan(5);
  for (const other of others) expect(other).toEqual(first);
});

test('discovery names the type of its token, which is no default there', () => {
  const discoveries = read('agent.yml').scrape_configs?.flatMap(
    ({ http_sd_configs = [] }) => http_sd_configs,
  );
  expect(discoveries?.map(({ authorization }) => authorization.type)).toEqual(['Bearer']);
});

function amtool(...args: readonly string[]): { readonly status: number | null; readonly output: string } {
  const { status, stdout } = spawnSync('amtool', args, { encoding: 'utf8' });
  return { status, output: stdout.trim() };
}

test('amtool finds nothing in the Alertmanager configuration', () => {
  expect(amtool('check-config', alertmanagerFile)).toMatchObject({ status: 0 });
});

test.each([
  [['alertname=SightlineWatchdog', 'severity=none'], 'watchdog'],
  [['alertname=SightlineStreamDown', 'severity=critical'], 'noc'],
  [['alertname=SightlineStreamKeyframeIntervalLong', 'severity=info'], 'noc'],
])('%j goes to %s', (labels, receiver) => {
  const { output } = amtool('config', 'routes', 'test', `--config.file=${alertmanagerFile}`, ...labels);
  expect(output).toBe(receiver);
});

test('what holds alerts back exists, and is graver than they are or as grave', () => {
  const gravity = ['none', 'info', 'warning', 'critical'];
  const severities = new Map(
    [rulesFile, centreFile]
      .flatMap(readRuleGroups)
      .flatMap(({ rules }) => rules.filter(isAlert))
      .map(({ alert, labels }) => [alert, gravity.indexOf(labels['severity'] ?? '')]),
  );
  const { inhibit_rules } = parse(readFileSync(alertmanagerFile, 'utf8')) as AlertmanagerConfiguration;
  const alertsOf = (matchers: readonly string[]): string[] => {
    const [, sign, name = ''] = /^alertname(=~?)"(.+)"$/.exec(matchers.join()) ?? [];
    const pattern = sign === '=~' ? new RegExp(`^(?:${name})$`) : undefined;
    return [...severities.keys()].filter((alert) => pattern?.test(alert) ?? alert === name);
  };
  for (const { source_matchers, target_matchers } of inhibit_rules) {
    const [sources, targets] = [alertsOf(source_matchers), alertsOf(target_matchers)];
    expect([source_matchers, sources.length > 0, targets.length > 0]).toEqual([source_matchers, true, true]);
    const least = Math.min(...sources.map((alert) => severities.get(alert) ?? -1));
    for (const target of targets) {
      expect(sources).not.toContain(target);
      expect(severities.get(target) ?? 9).toBeLessThanOrEqual(least);
    }
  }
});
