import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';

import { alertsWithPanel, panelOf } from './alert-panels.ts';
import { contactPoints } from './contact-points.ts';
import { isAlert, readRuleGroups, rulesFile } from './rule-file.ts';
import { muteTimingsText, rulesText, writeAlerting } from './write-alerting.ts';

interface GrafanaRule {
  readonly uid: string;
  readonly title: string;
  readonly condition: string;
  readonly data: readonly {
    readonly refId: string;
    readonly datasourceUid: string;
    readonly model: { readonly expr?: string; readonly expression?: string };
  }[];
  readonly noDataState: string;
  readonly execErrState: string;
  readonly for: string;
  readonly keepFiringFor?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly dashboardUid?: string;
  readonly panelId?: number;
  readonly notification_settings?: {
    readonly receiver: string;
    readonly group_by: readonly string[];
    readonly mute_time_intervals?: readonly string[];
  };
}

interface GrafanaFile {
  readonly groups: readonly {
    readonly name: string;
    readonly interval: string;
    readonly rules: readonly GrafanaRule[];
  }[];
}

const source = readRuleGroups(rulesFile)
  .flatMap(({ rules }) => rules)
  .filter(isAlert)
  .filter(({ alert }) => alert !== 'SightlineWatchdog');

function rulesOf(text: string): GrafanaRule[] {
  return (parse(text) as GrafanaFile).groups.flatMap(({ rules }) => rules);
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sightline-alerting-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test.each([
  ['sightline-rules.yaml', rulesText()],
  ['sightline-mute-timings.yaml', muteTimingsText({})],
])('the committed %s is what would be made', (name, text) => {
  const committed = readFileSync(new URL(`../alerting/${name}`, import.meta.url), 'utf8');
  expect(committed === text, 'run: npm run provisioning').toBe(true);
});

/** No panel shows them: one is Prometheus' own, the other is about a relay that only an exporter elsewhere sees. */
const withoutPanel = ['SightlineWatchdog', 'SightlineRemoteRelayDown'];

test('each alert leads to the panel that shows its number', () => {
  const named = source.map(({ alert }) => alert).filter((alert) => !withoutPanel.includes(alert));
  expect(alertsWithPanel.toSorted()).toEqual(named.toSorted());
  for (const { title, dashboardUid, panelId, annotations } of rulesOf(rulesText())) {
    const panel = panelOf(title);
    expect({ dashboardUid, panelId }).toEqual({
      dashboardUid: panel?.dashboardUid,
      panelId: panel?.panelId,
    });
    expect(annotations['__dashboardUid__']).toBe(panel?.dashboardUid);
    expect(annotations['__panelId__']).toBe(panel && String(panel.panelId));
  }
});

test('mute timings hold back what is not critical, in the time zone of the people', () => {
  writeAlerting(folder, {
    SIGHTLINE_ALERT_EMAIL: 'noc@example.com',
    SIGHTLINE_ALERT_MUTE: 'nights, sightline-weekends',
    SIGHTLINE_ALERT_TIME_ZONE: 'Asia/Seoul',
  });
  for (const { labels, notification_settings } of rulesOf(
    readFileSync(join(folder, 'sightline-rules.yaml'), 'utf8'),
  ))
    expect(notification_settings?.mute_time_intervals).toEqual(
      labels['severity'] === 'critical' ? undefined : ['sightline-nights', 'sightline-weekends'],
    );
  const { muteTimes } = parse(readFileSync(join(folder, 'sightline-mute-timings.yaml'), 'utf8')) as {
    muteTimes: { name: string; time_intervals: { location: string }[] }[];
  };
  expect(muteTimes.map(({ name }) => name)).toEqual(['sightline-nights', 'sightline-weekends']);
  for (const { time_intervals } of muteTimes)
    for (const { location } of time_intervals) expect(location).toBe('Asia/Seoul');
  expect(() => writeAlerting(folder, { SIGHTLINE_ALERT_MUTE: 'lunch' })).toThrow(
    'SIGHTLINE_ALERT_MUTE: there is no lunch',
  );
  expect(() => writeAlerting(folder, { SIGHTLINE_ALERT_TIME_ZONE: 'Mars/Base' })).toThrow(
    'SIGHTLINE_ALERT_TIME_ZONE',
  );
});

test('the example of policies names what exists', () => {
  const { policies } = parse(
    readFileSync(new URL('../examples/notification-policies.yaml', import.meta.url), 'utf8'),
  ) as { policies: { routes: { receiver: string; mute_time_intervals?: string[] }[] }[] };
  const routes = policies.flatMap((policy) => policy.routes);
  expect(routes.length).toBeGreaterThan(1);
  for (const { receiver, mute_time_intervals = [] } of routes) {
    expect(receiver).toBe('sightline');
    for (const name of mute_time_intervals) expect(muteTimingsText({})).toContain(`name: ${name}\n`);
  }
});

test('each alert of Prometheus has its twin: same query, same times, same labels', () => {
  const twins = rulesOf(rulesText());
  expect(twins.map(({ title }) => title)).toEqual(source.map(({ alert }) => alert));
  for (const [at, twin] of twins.entries()) {
    const rule = source[at];
    expect(twin.data.map(({ refId }) => refId)).toEqual(['query', 'prometheus_math', 'threshold']);
    expect(twin.data[0]?.model.expr).toBe(rule?.expr);
    expect(twin.data[0]?.datasourceUid).toBe('sightline-prometheus');
    expect(twin.condition).toBe('threshold');
    expect(twin.for).toBe(rule?.for ?? '0s');
    expect(twin.keepFiringFor).toBe(rule?.keep_firing_for);
    expect(twin.labels).toEqual(rule?.labels);
    expect(twin.noDataState).toBe('OK');
    expect(twin.notification_settings).toBeUndefined();
  }
  expect(twins.filter(({ execErrState }) => execErrState !== 'KeepLast').map(({ title }) => title)).toEqual([
    'SightlineRelayAbsent',
  ]);
});

test('uids and titles are unique; dollars stand in annotations and queries alone', () => {
  const twins = rulesOf(rulesText());
  const uids = twins.map(({ uid }) => uid);
  expect(new Set(uids).size).toBe(uids.length);
  expect(uids).toContain('sl-stream-down');
  for (const { uid, title, labels, annotations } of twins) {
    expect(uid).toMatch(/^[a-z0-9-]{1,40}$/);
    expect(title + JSON.stringify(labels)).not.toContain('$');
    const texts = Object.values(annotations).join(' ');
    expect(texts).not.toContain('$$');
    expect(texts).not.toMatch(/\$value\b(?!s\.query)/);
  }
  const stream = twins.find(({ title }) => title === 'SightlineStreamDown');
  expect(stream?.annotations['summary']).toBe('{{ $labels.title }} is down');
});

test('groups are evaluated every 10 s, with at most 100 rules each, and there is no policy tree', () => {
  const file = parse(rulesText()) as GrafanaFile;
  for (const { interval, rules } of file.groups) {
    expect(interval).toBe('10s');
    expect(rules.length).toBeLessThanOrEqual(100);
  }
  expect(Object.keys(file)).toEqual(['apiVersion', 'groups']);
});

test('without a channel no contact point is made, and no rule names one', () => {
  writeAlerting(folder, { SIGHTLINE_ALERT_EMAIL: '' });
  expect(() => statSync(join(folder, 'sightline-contact-points.yaml'))).toThrow('ENOENT');
  const text = readFileSync(join(folder, 'sightline-rules.yaml'), 'utf8');
  expect(text).toBe(rulesText());
});

test('only channels that are configured, secrets from files, readable by few', () => {
  const keyFile = join(folder, 'key');
  writeFileSync(keyFile, 'se$cret\n');
  writeAlerting(folder, {
    SIGHTLINE_ALERT_EMAIL: 'noc@example.com;night@example.com',
    SIGHTLINE_ALERT_PAGERDUTY_KEY_FILE: keyFile,
    SIGHTLINE_ALERT_WEBHOOK_URL: 'https://hooks.example.com/x',
    SIGHTLINE_ALERT_WEBHOOK_TOKEN: 'a$b',
    SIGHTLINE_PROMETHEUS_UID: 'mine',
  });
  const path = join(folder, 'sightline-contact-points.yaml');
  expect(statSync(path).mode & 0o007).toBe(0);
  expect(parse(readFileSync(path, 'utf8'))).toMatchObject({
    contactPoints: [
      {
        name: 'sightline',
        receivers: [
          { type: 'email', settings: { addresses: 'noc@example.com;night@example.com' } },
          {
            type: 'webhook',
            settings: { authorization_scheme: 'Bearer', authorization_credentials: 'a$$b' },
          },
          { type: 'pagerduty', settings: { integrationKey: 'se$$cret' } },
        ],
      },
    ],
  });
  const twins = rulesOf(readFileSync(join(folder, 'sightline-rules.yaml'), 'utf8'));
  for (const { notification_settings, data } of twins) {
    expect(notification_settings?.receiver).toBe('sightline');
    expect(notification_settings?.group_by).toContain('alertname');
    expect(data[0]?.datasourceUid).toBe('mine');
  }
  // Switched off again, its secrets are gone.
  writeAlerting(folder, {});
  expect(() => statSync(path)).toThrow('ENOENT');
});

test('contact points name templates that exist', () => {
  const templates = readFileSync(new URL('../alerting/sightline-templates.yaml', import.meta.url), 'utf8');
  const points = JSON.stringify(
    contactPoints({
      SIGHTLINE_ALERT_EMAIL: 'noc@example.com',
      SIGHTLINE_ALERT_SLACK_URL: 'https://slack.example.com/a',
      SIGHTLINE_ALERT_WEBHOOK_URL: 'https://hooks.example.com/b',
      SIGHTLINE_ALERT_PAGERDUTY_KEY: 'k',
      SIGHTLINE_ALERT_TEAMS_URL: 'https://teams.example.com/c',
    }),
  );
  const named = new Set([...points.matchAll(/template \\"(\S+)\\"/g)].map(([, name]) => name));
  expect(named).toEqual(new Set(['sightline.title', 'sightline.message']));
  for (const name of named) expect(templates).toContain(`{{ define "${name}" }}`);
});

test.each([
  [{ SIGHTLINE_ALERT_SLACK_URL: 'hooks/secret' }, 'SIGHTLINE_ALERT_SLACK_URL is not an http or https URL'],
  [{ SIGHTLINE_ALERT_TEAMS_URL_FILE: '/nowhere/secret' }, 'SIGHTLINE_ALERT_TEAMS_URL_FILE: its file cannot'],
  [
    { SIGHTLINE_ALERT_EMAIL: 'secret', SIGHTLINE_ALERT_EMAIL_FILE: '/nowhere' },
    'SIGHTLINE_ALERT_EMAIL and SIGHTLINE_ALERT_EMAIL_FILE are both set',
  ],
])('%j is refused by name', (environment, sentence) => {
  let message = '';
  try {
    contactPoints(environment);
  } catch (error) {
    message = error instanceof Error ? error.message : '';
  }
  expect(message).toContain(sentence);
  expect(message).not.toContain('secret');
});
