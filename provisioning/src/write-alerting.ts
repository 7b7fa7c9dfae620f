/**
 * Writes what Grafana reads from `provisioning/alerting`: `node provisioning/src/write-alerting.ts [FOLDER]`. Without a folder it writes the
 * committed files, which name no receiver. With one, the environment says where messages go (contact-points.ts) and which data
 * source is asked (`SIGHTLINE_PROMETHEUS_UID`), and where the runbook is (`SIGHTLINE_RUNBOOK_URL`).
 */
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { stringify } from 'yaml';

import type { Environment } from './contact-points.ts';
import { contactPointName, contactPoints } from './contact-points.ts';
import { grafanaRules } from './grafana-rules.ts';
import { chosenMuteTimings, muteTimings } from './mute-timings.ts';
import { readRuleGroups, rulesFile } from './rule-file.ts';
import { withRunbook } from './runbook.ts';

const committed = fileURLToPath(new URL('../alerting', import.meta.url));
const rulesName = 'sightline-rules.yaml';
const templatesName = 'sightline-templates.yaml';
const muteTimingsName = 'sightline-mute-timings.yaml';
const contactPointsName = 'sightline-contact-points.yaml';
const head =
  '# Made from provisioning/prometheus/sightline.rules.yml by provisioning/src/write-alerting.ts: edit that.\n';
const muteTimingsHead =
  '# Made by provisioning/src/write-alerting.ts. Nothing is muted until a rule or a policy names one of these.\n';

export function rulesText(
  datasourceUid = 'sightline-prometheus',
  receiver?: string,
  muted: readonly string[] = [],
): string {
  const rules = grafanaRules(readRuleGroups(rulesFile), {
    datasourceUid,
    muteTimings: muted,
    ...(receiver !== undefined && { receiver }),
  });
  return head + stringify(rules, { lineWidth: 0, aliasDuplicateObjects: false });
}

export function muteTimingsText(environment: Environment): string {
  return muteTimingsHead + stringify(muteTimings(environment), { lineWidth: 0 });
}

/** Rules name a receiver only when its contact point is written beside them. */
export function writeAlerting(folder: string, environment: Environment): void {
  const points = contactPoints(environment);
  mkdirSync(folder, { recursive: true });
  const receiver = points === undefined ? undefined : contactPointName;
  writeFileSync(
    join(folder, rulesName),
    withRunbook(
      rulesText(
        environment['SIGHTLINE_PROMETHEUS_UID'] || undefined,
        receiver,
        chosenMuteTimings(environment),
      ),
      environment,
    ),
  );
  writeFileSync(join(folder, muteTimingsName), muteTimingsText(environment));
  if (folder !== committed) copyFileSync(join(committed, templatesName), join(folder, templatesName));
  const path = join(folder, contactPointsName);
  // Anew, so that the mode holds: it has secrets. Grafana's group may read it.
  rmSync(path, { force: true });
  if (points !== undefined) writeFileSync(path, stringify(points, { lineWidth: 0 }), { mode: 0o640 });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = process.argv[2];
  try {
    writeAlerting(folder ?? committed, folder === undefined ? {} : process.env);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
