import { alertsWithPanel, panelOf } from './alert-panels.ts';
import type { Environment } from './contact-points.ts';

const variable = 'SIGHTLINE_GRAFANA_URL';
/** Labels that the dashboards have as variables. */
const variables = ['instance', 'stream', 'site'];

/**
 * `text` of a rule file, each alert with a `dashboard_url` beside its runbook: the panel that shows its number, at the Grafana that the
 * environment names; as it is when it names none. Throws an Error that names the variable.
 */
export function withDashboards(text: string, environment: Environment): string {
  const given = environment[variable]?.trim();
  if (given === undefined || given === '') return text;
  if (!URL.canParse(given) || !/^https?:$/.test(new URL(given).protocol) || /[?#]/.test(given))
    throw new Error(
      `${variable} is not an http or https URL without "?" and "#"; give the address of Grafana.`,
    );
  // It goes between single quotes.
  const grafana = new URL(given).href.replace(/\/+$/, '').replaceAll("'", '%27');
  return text.replaceAll(/^( *)runbook_url: '[^']*#(\w+)'$/gm, (line, indent: string, section: string) => {
    const alert = alertsWithPanel.find((name) => name.toLowerCase() === section);
    const panel = alert === undefined ? undefined : panelOf(alert);
    if (panel === undefined) return line;
    // A label that the alert lacks leaves its variable out.
    const chosen = variables
      .map((name) => `{{ with $labels.${name} }}&var-${name}={{ urlquery . }}{{ end }}`)
      .join('');
    const url = `${grafana}/d/${panel.dashboardUid}?viewPanel=${panel.panelId}${chosen}`;
    return `${line}\n${indent}dashboard_url: '${url}'`;
  });
}
