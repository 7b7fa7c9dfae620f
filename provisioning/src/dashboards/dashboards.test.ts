/** What Grafana's dashboard linter asks, and more. That the queries have answers is shown in provisioning/e2e/dashboards.test.ts. */
import { readdirSync, readFileSync } from 'node:fs';

import { expect, test } from 'vitest';
import { parse } from 'yaml';

import { isMetricName, specOf } from '../../../exporter/src/catalogue.ts';
import { isAlert, readRuleGroups, rollupsFile, rulesFile } from '../rule-file.ts';
import { dashboardFiles } from '../write-dashboards.ts';
import type { DashboardJson } from './dashboard-json.ts';
import { promqlOf } from './dashboard-json.ts';

const root = new URL('../../', import.meta.url);
const files = dashboardFiles();
const pages = Object.entries(files)
  .filter(([path]) => /^dashboards\/.*\.json$/.test(path))
  .map(([path, text]) => [path, JSON.parse(text) as DashboardJson] as const);
const recorded = new Set(
  [...readRuleGroups(rulesFile), ...readRuleGroups(rollupsFile)]
    .flatMap(({ rules }) => rules)
    .flatMap((rule) => (isAlert(rule) ? [] : [rule.record])),
);
const ofPrometheus = new Set(['up', 'scrape_duration_seconds', 'ALERTS', 'ALERTS_FOR_STATE']);
/** They show no figures of their own. */
const withoutUnit = new Set(['sightline-camera-panel', 'alertlist']);

test.each(Object.entries(files))('%s is as it was made', (path, text) => {
  const committed = readFileSync(new URL(path, root), 'utf8');
  expect(committed === text, 'edit provisioning/src/dashboards, then: npm run provisioning').toBe(true);
});

test('no other file is beside them', () => {
  const found = ['dashboards', 'playlists'].flatMap((folder) =>
    readdirSync(new URL(folder, root)).map((name) => `${folder}/${name}`),
  );
  expect(found.sort()).toEqual(Object.keys(files).sort());
});

test('each dashboard is known by a uid and a title of its own', () => {
  expect(pages.map(([path]) => path)).toEqual(pages.map(([, { uid }]) => `dashboards/${uid}.json`));
  expect(new Set(pages.map(([, { title }]) => title)).size).toBe(pages.length);
  for (const [, { tags, description }] of pages) {
    expect(tags).toContain('sightline');
    expect(description).toMatch(/^[A-Z].*\.$/);
  }
});

test.each(pages)('%s: each panel has title, unit and description', (_, { panels }) => {
  const titles = panels.filter(({ type }) => type !== 'row').map(({ title }) => title);
  expect(new Set(titles).size).toBe(titles.length);
  for (const { type, title, description, fieldConfig } of panels) {
    expect(title).toMatch(/^[A-Z]/);
    if (type === 'row') continue;
    expect(description, `in ${title}`).toMatch(/^[A-Z].*\.$/);
    if (!withoutUnit.has(type)) expect(fieldConfig?.defaults.unit, `in ${title}`).toMatch(/^[a-zA-Z]+$/);
  }
});

test.each(pages)('%s: ids are unique, and no panel lies on another or beside the grid', (_, { panels }) => {
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const taken = new Map<string, string>();
  for (const { title, gridPos } of panels) {
    const { x, y, w, h } = gridPos;
    for (const number of [x, y, w, h])
      expect(Number.isInteger(number) && number >= 0, `in ${title}`).toBe(true);
    expect(w > 0 && h > 0 && x + w <= 24, `in ${title}`).toBe(true);
    for (let column = x; column < x + w; column++)
      for (let line = y; line < y + h; line++) {
        const other = taken.get(`${column} ${line}`);
        expect(other, `${title} lies on ${other}`).toBeUndefined();
        taken.set(`${column} ${line}`, title);
      }
  }
});

test.each(pages)('%s: data sources are variables, and every variable exists', (_, dashboard) => {
  const variables = dashboard.templating.list;
  const names = new Set(variables.map(({ name }) => name));
  const defaults = { datasource: 'sightline-prometheus', relay: 'sightline-relay' };
  for (const { name, type, current, refresh } of variables) {
    if (type === 'datasource') expect(current?.value).toBe(Reflect.get(defaults, name));
    else expect(refresh, `${name} follows cameras that come and go`).toBe(2);
  }
  const sources = [...JSON.stringify(dashboard).matchAll(/"datasource":\{[^}]*"uid":"([^"]*)"/g)];
  expect(sources.length).toBeGreaterThan(5);
  for (const [, uid] of sources) expect(['${datasource}', '${relay}']).toContain(uid);
  const used = [...JSON.stringify(dashboard).matchAll(/\$\{?([a-z]\w*)/g)].map(([, name]) => name ?? '');
  for (const name of used) expect(names).toContain(name);
  for (const name of names) expect(used, `${name} is used`).toContain(name);
});

test.each(pages)('%s: links lead to dashboards and panels that exist', (_, dashboard) => {
  const uids = pages.map(([, { uid }]) => uid);
  for (const [, uid] of JSON.stringify(dashboard).matchAll(/\/d\/([\w-]+)/g)) expect(uids).toContain(uid);
});

test.each(pages)(
  '%s: queries name metrics that exist, by labels that they have, and counters in rates',
  (_, dashboard) => {
    for (const { expr } of promqlOf(dashboard)) {
      const bare = expr.replace(/"[^"]*"/g, '""');
      const selectors = [
        ...bare.matchAll(
          /([a-z]\w*:[\w:]+|\b(?:sightline|process|nodejs|scrape|ALERTS)\w*|\bup\b)(\{[^}]*\})?/g,
        ),
      ];
      expect(selectors.length, `in ${expr}`).toBeGreaterThan(0);
      for (const { 1: name = '', 2: matchers = '', index } of selectors) {
        if (ofPrometheus.has(name) || recorded.has(name)) continue;
        const metric = isMetricName(name) ? name : name.replace(/_(bucket|sum|count)$/, '');
        if (!isMetricName(metric)) throw new Error(`${name} is not in the catalogue: ${expr}`);
        const { type, labels } = specOf(metric);
        const asked = [...matchers.matchAll(/(\w+)\s*(?:=|!)/g)].map(([, label]) => label);
        for (const label of asked)
          expect(['job', 'instance', 'le', ...Object.keys(labels)], `in ${expr}`).toContain(label);
        expect(/(rate|increase)\($/.test(bare.slice(0, index)), `${name} in ${expr}`).toBe(type !== 'gauge');
      }
    }
  },
);

test.each([
  ['sightline-host', 'CPU', [0.75, 0.9]],
  ['sightline-host', 'Memory', [0.8, 0.9]],
  ['sightline-host', 'Disk usage', [0.8, 0.9]],
  ['sightline-host', 'Event loops', [0.75, 0.9]],
  ['sightline-wall', 'Busiest CPU', [0.75, 0.9]],
  ['sightline-wall', 'Fullest memory', [0.8, 0.9]],
])('%s, %s: colours change where alerts fire', (uid, title, limits) => {
  const panel = pages
    .find(([, dashboard]) => dashboard.uid === uid)?.[1]
    .panels.find((candidate) => candidate.type !== 'row' && candidate.title === title);
  const steps = panel?.fieldConfig?.defaults.thresholds?.steps ?? [];
  expect(steps.map(({ value }) => value)).toEqual([null, ...limits]);
});

test('each roll-up is drawn somewhere', () => {
  const exprs = pages.flatMap(([, dashboard]) => promqlOf(dashboard).map(({ expr }) => expr)).join('\n');
  for (const name of recorded) {
    if (!/\d[mhd]$/.test(name) || /error_ratio|rate5m/.test(name)) continue;
    expect(exprs).toContain(name);
  }
});

test('the playlist shows dashboards that need no choice of a camera', () => {
  const { items } = JSON.parse(files['playlists/sightline-noc.json'] ?? '') as { items: { value: string }[] };
  for (const { value } of items) {
    const dashboard = pages.find(([, { uid }]) => uid === value)?.[1];
    expect(dashboard, `${value} exists`).toBeDefined();
    for (const { type, includeAll } of dashboard?.templating.list ?? [])
      expect(type === 'datasource' || includeAll).toBe(true);
  }
});

test('the provider reads the folder that the containers mount', () => {
  const { providers } = parse(files['dashboards/sightline.yaml'] ?? '') as {
    providers: { options: { path: string }; folder: string }[];
  };
  expect(providers.map(({ options }) => options.path)).toEqual(['/etc/grafana/provisioning/dashboards']);
  // Where the alerts are too (grafana-rules.ts).
  expect(providers.map(({ folder }) => folder)).toEqual(['Sightline']);
});
