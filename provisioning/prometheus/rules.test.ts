import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';
import { parse } from 'yaml';

import { isMetricName, specOf } from '../../exporter/src/catalogue.ts';
import { centreFile, isAlert, readRuleGroups, rollupsFile, rulesFile } from '../src/rule-file.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));
const testFiles = readdirSync(`${folder}tests`).map((name) => `tests/${name}`);
const rules = [rulesFile, rollupsFile, centreFile].flatMap(readRuleGroups).flatMap(({ rules }) => rules);
const alerts = rules.filter(isAlert);
const recorded = new Set(rules.flatMap((rule) => (isAlert(rule) ? [] : [rule.record])));

function promtool(...args: readonly string[]): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: folder, encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

test('promtool finds nothing in the rules', () => {
  const { status, output } = promtool(
    'check',
    'rules',
    '--lint=all',
    '--lint-fatal',
    'sightline.rules.yml',
    'sightline.rollups.yml',
    'sightline.centre.rules.yml',
  );
  expect(output).not.toMatch(/FAILED|duplicate/);
  expect(status).toBe(0);
});

test.each(testFiles)('promtool test rules %s', { timeout: 120_000 }, (file) => {
  const { status, output } = promtool('test', 'rules', file);
  expect(output).not.toContain('FAILED');
  expect(status).toBe(0);
});

/** What Prometheus adds itself. */
const ofPrometheus = new Set(['up', 'scrape_duration_seconds']);

test.each(rules.map((rule) => [isAlert(rule) ? rule.alert : rule.record, rule.expr] as const))(
  '%s asks for metrics that exist, by labels that they have',
  (_, expr) => {
    const bare = expr.replace(/"[^"]*"/g, '""').replace(/\[[^\]]*\]/g, '');
    const selectors = [
      ...bare.matchAll(/([a-z]\w*:[\w:]+|\b(?:sightline|process|nodejs|scrape)_\w+|\bup\b)(\{[^}]*\})?/g),
    ];
    if (expr !== 'vector(1)') expect(selectors.length).toBeGreaterThan(0);
    for (const [, name = '', matchers = ''] of selectors) {
      if (ofPrometheus.has(name) || recorded.has(name)) continue;
      const base = name.replace(/_(bucket|sum|count)$/, '');
      const metric = isMetricName(name) ? name : base;
      if (!isMetricName(metric)) throw new Error(`${name} is not in the catalogue`);
      const spec = specOf(metric);
      if (metric !== name) expect(spec.type).toBe('histogram');
      const labels = [...matchers.matchAll(/(\w+)\s*(?:=|!)/g)].map(([, label]) => label);
      for (const label of labels) expect(['job', 'le', ...Object.keys(spec.labels)]).toContain(label);
    }
  },
);

interface PromqlTest {
  readonly expr: string;
  readonly exp_samples?: readonly { readonly labels: string }[];
}

test('every alert has a test in which it fires, and at another time does not', () => {
  const untested = new Set(alerts.map(({ alert }) => alert).filter((alert) => !alert.endsWith('Watchdog')));
  for (const file of testFiles) {
    const { tests } = parse(readFileSync(folder + file, 'utf8')) as {
      tests: { promql_expr_test: PromqlTest[] }[];
    };
    for (const { promql_expr_test } of tests) {
      const moments = promql_expr_test
        .filter(({ expr }) => expr.startsWith('ALERTS{alertstate="firing"'))
        .map(({ exp_samples = [] }) =>
          exp_samples.map(({ labels }) => /alertname="(\w+)"/.exec(labels)?.[1]),
        );
      for (const alert of moments.flat())
        if (alert !== undefined && moments.some((firing) => !firing.includes(alert))) untested.delete(alert);
    }
  }
  expect([...untested]).toEqual([]);
});

test.each(alerts.map((rule) => [rule.alert, rule] as const))('%s says what it means', (alert, rule) => {
  expect(['none', 'info', 'warning', 'critical']).toContain(rule.labels['severity']);
  expect(Object.keys(rule.annotations)).toEqual(['summary', 'description', 'runbook_url']);
  expect(rule.annotations['runbook_url']).toBe(`docs/RUNBOOK.md#${alert.toLowerCase()}`);
  const template = /^\{\{ (\$labels\.[a-z]+|\$value( \| humanize(Percentage|Duration|1024)?)?) \}\}$/;
  for (const text of Object.values(rule.annotations))
    for (const [braces] of text.matchAll(/\{\{.*?\}\}/g)) expect(braces).toMatch(template);
});

test('docs/RUNBOOK.md has one section per alert, in their order', () => {
  const page = readFileSync(new URL('../../docs/RUNBOOK.md', import.meta.url), 'utf8');
  const sections = [...page.matchAll(/^## (Sightline\w+)$/gm)].map(([, name]) => name);
  expect(sections).toEqual(alerts.map(({ alert }) => alert));
});
