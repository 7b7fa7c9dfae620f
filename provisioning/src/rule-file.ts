/** Rule files of Prometheus, as far as this project writes them. */
import { readFileSync } from 'node:fs';

import { parse } from 'yaml';

export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  /** Durations of Prometheus: `20s`. */
  readonly for?: string;
  readonly keep_firing_for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface RuleGroup {
  readonly name: string;
  readonly interval: string;
  readonly rules: readonly (AlertRule | RecordingRule)[];
}

export const rulesFile = new URL('../prometheus/sightline.rules.yml', import.meta.url);
export const rollupsFile = new URL('../prometheus/sightline.rollups.yml', import.meta.url);
/** For those alone to whom sites write from elsewhere. */
export const centreFile = new URL('../prometheus/sightline.centre.rules.yml', import.meta.url);

/** promtool has judged the file: it is read as it is. */
export function readRuleGroups(file: URL): readonly RuleGroup[] {
  return (parse(readFileSync(file, 'utf8')) as { groups: RuleGroup[] }).groups;
}

export function isAlert(rule: AlertRule | RecordingRule): rule is AlertRule {
  return 'alert' in rule;
}
