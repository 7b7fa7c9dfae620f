import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { panelOf } from './alert-panels.ts';
import { withDashboards } from './dashboard-links.ts';
import { isAlert, readRuleGroups } from './rule-file.ts';
import { writeRules } from './write-rules.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sightline-links-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('every alert of Prometheus that a panel shows links to it, and promtool reads the file', () => {
  writeRules(folder, {
    SIGHTLINE_GRAFANA_URL: 'https://noc.example.com/grafana/',
    SIGHTLINE_RUNBOOK_URL: 'https://wiki.example.com/runbook',
  });
  const file = join(folder, 'sightline.rules.yml');
  const alerts = readRuleGroups(pathToFileURL(file))
    .flatMap(({ rules }) => rules)
    .filter(isAlert);
  for (const { alert, annotations } of alerts) {
    const panel = panelOf(alert);
    if (panel === undefined) expect(annotations['dashboard_url']).toBeUndefined();
    else
      expect(annotations['dashboard_url']).toMatch(
        `https://noc.example.com/grafana/d/${panel.dashboardUid}?viewPanel=${panel.panelId}{{`,
      );
  }
  const { status } = spawnSync('promtool', ['check', 'rules', '--lint=all', '--lint-fatal', file]);
  expect(status).toBe(0);
});

test.each(['grafana', 'ftp://grafana', 'https://grafana/?orgId=1'])('%s is refused by name', (address) => {
  expect(() => withDashboards('', { SIGHTLINE_GRAFANA_URL: address })).toThrow('SIGHTLINE_GRAFANA_URL');
});
