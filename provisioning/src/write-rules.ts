/**
 * Writes the rule files for one Prometheus: `node provisioning/src/write-rules.ts FOLDER`. They are those of `provisioning/prometheus`, with
 * runbook links that lead to SIGHTLINE_RUNBOOK_URL and links to panels of the Grafana at SIGHTLINE_GRAFANA_URL; without these, the files can
 * be taken as they are.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Environment } from './contact-points.ts';
import { withDashboards } from './dashboard-links.ts';
import { centreFile, rollupsFile, rulesFile } from './rule-file.ts';
import { withRunbook } from './runbook.ts';

export function writeRules(folder: string, environment: Environment): void {
  mkdirSync(folder, { recursive: true });
  for (const file of [rulesFile, rollupsFile, centreFile]) {
    const text = withDashboards(withRunbook(readFileSync(file, 'utf8'), environment), environment);
    writeFileSync(join(folder, basename(file.pathname)), text);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = process.argv[2];
  try {
    if (folder === undefined) throw new Error('Name the folder: node provisioning/src/write-rules.ts FOLDER');
    writeRules(folder, process.env);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
