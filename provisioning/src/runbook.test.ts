import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';

import { isAlert, readRuleGroups, rulesFile } from './rule-file.ts';
import { withRunbook } from './runbook.ts';
import { writeAlerting } from './write-alerting.ts';
import { writeRules } from './write-rules.ts';

const page = 'https://wiki.example.com/noc/runbook?of=sightline';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sightline-runbook-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('without an address the files are what is committed', () => {
  writeRules(folder, {});
  expect(readdirSync(folder).toSorted()).toEqual([
    'sightline.centre.rules.yml',
    'sightline.rollups.yml',
    'sightline.rules.yml',
  ]);
  for (const name of readdirSync(folder))
    expect(readFileSync(join(folder, name), 'utf8')).toBe(
      readFileSync(new URL(`../prometheus/${name}`, import.meta.url), 'utf8'),
    );
});

test('with an address every alert of Prometheus links to its section there, and nothing else changes', () => {
  writeRules(folder, { SIGHTLINE_RUNBOOK_URL: page });
  const written = readRuleGroups(pathToFileURL(join(folder, 'sightline.rules.yml')));
  const shipped = readRuleGroups(rulesFile);
  expect(written.map(({ name }) => name)).toEqual(shipped.map(({ name }) => name));
  const alerts = written.flatMap(({ rules }) => rules).filter(isAlert);
  expect(alerts.length).toBeGreaterThan(40);
  for (const { alert, annotations } of alerts)
    expect(annotations['runbook_url']).toBe(`${page}#${alert.toLowerCase()}`);
  expect(JSON.stringify(written).replaceAll(page, 'docs/RUNBOOK.md')).toBe(JSON.stringify(shipped));
  const { status } = spawnSync('promtool', [
    'check',
    'rules',
    '--lint=all',
    '--lint-fatal',
    folder + '/sightline.rules.yml',
  ]);
  expect(status).toBe(0);
});

test('so does every alert of Grafana', () => {
  writeAlerting(folder, { SIGHTLINE_RUNBOOK_URL: page });
  const { groups } = parse(readFileSync(join(folder, 'sightline-rules.yaml'), 'utf8')) as {
    groups: { rules: { title: string; annotations: Record<string, string> }[] }[];
  };
  for (const { title, annotations } of groups.flatMap(({ rules }) => rules))
    expect(annotations['runbook_url']).toBe(`${page}#${title.toLowerCase()}`);
});

test.each([
  ['wiki/runbook', 'not an http or https URL'],
  ['javascript:alert(1)', 'not an http or https URL'],
  ['https://wiki.example.com/#runbook', 'has a "#"'],
])('%s is refused by name', (address, problem) => {
  expect(() => withRunbook('', { SIGHTLINE_RUNBOOK_URL: address })).toThrow(`SIGHTLINE_RUNBOOK_URL`);
  expect(() => withRunbook('', { SIGHTLINE_RUNBOOK_URL: address })).toThrow(problem);
});

test('an address cannot leave the quotes that it stands in', () => {
  const text = withRunbook("runbook_url: 'docs/RUNBOOK.md#a'", {
    SIGHTLINE_RUNBOOK_URL: "https://x.example/$&'y",
  });
  expect((parse(text) as { runbook_url: string }).runbook_url).toBe('https://x.example/$&%27y#a');
});
