import { panelOf } from './alert-panels.ts';
import type { AlertRule, RuleGroup } from './rule-file.ts';
import { isAlert } from './rule-file.ts';

export interface GrafanaRuleOptions {
  /** Uid of the data source that holds the series, recorded ones included. */
  readonly datasourceUid: string;
  /** Contact point; it must exist: Grafana does not start with a rule that names one it lacks. None: the organisation's own routing. */
  readonly receiver?: string;
  /** Mute timings that hold back messages of everything but critical alerts; they must exist, like the receiver. */
  readonly muteTimings?: readonly string[];
}

/** Grafana evaluates nothing more often. */
const interval = '10s';
/** Prometheus evaluates it; in Grafana it would be a message for ever to the people who watch cameras. */
const prometheusOnly = new Set(['SightlineWatchdog']);
/** The one whose failing query becomes an alert: fifty rules that say at once that Prometheus is away help nobody. */
const canary = 'SightlineRelayAbsent';

/**
 * Alert groups in the format of Grafana's file provisioning (`alerting/*.yaml`, Grafana 12.4). Each alert becomes what Grafana's own
 * converter makes of a Prometheus rule: the query, a 1 for every series that it returns, and a threshold of 0.
 *
 * `$` stands unescaped: Grafana interpolates neither annotations nor query models. Labels and titles, which it does, hold none.
 */
export function grafanaRules(groups: readonly RuleGroup[], options: GrafanaRuleOptions): object {
  return {
    apiVersion: 1,
    groups: groups.flatMap(({ name, rules }) => {
      const alerts = rules.filter(isAlert).filter(({ alert }) => !prometheusOnly.has(alert));
      if (alerts.length === 0) return [];
      return [
        {
          orgId: 1,
          name,
          folder: 'Sightline',
          interval,
          rules: alerts.map((rule) => grafanaRule(rule, options)),
        },
      ];
    }),
  };
}

function grafanaRule(
  rule: AlertRule,
  { datasourceUid, receiver, muteTimings = [] }: GrafanaRuleOptions,
): object {
  const panel = panelOf(rule.alert);
  const mutes = rule.labels['severity'] === 'critical' ? [] : muteTimings;
  const expression = { type: '__expr__', uid: '__expr__' };
  return {
    uid: ruleUid(rule.alert),
    title: rule.alert,
    condition: 'threshold',
    data: [
      {
        refId: 'query',
        relativeTimeRange: { from: 600, to: 0 },
        datasourceUid,
        model: {
          refId: 'query',
          datasource: { type: 'prometheus', uid: datasourceUid },
          expr: rule.expr,
          instant: true,
          range: false,
        },
      },
      {
        refId: 'prometheus_math',
        datasourceUid: '__expr__',
        model: {
          refId: 'prometheus_math',
          type: 'math',
          datasource: expression,
          expression: 'is_number($query) || is_nan($query) || is_inf($query)',
        },
      },
      {
        refId: 'threshold',
        datasourceUid: '__expr__',
        model: {
          refId: 'threshold',
          type: 'threshold',
          datasource: expression,
          expression: 'prometheus_math',
          conditions: [{ evaluator: { type: 'gt', params: [0] } }],
        },
      },
    ],
    // No series is what these queries answer when all is well; the canary's `absent` looks after the rest.
    noDataState: 'OK',
    execErrState: rule.alert === canary ? 'Error' : 'KeepLast',
    for: rule.for ?? '0s',
    ...(rule.keep_firing_for !== undefined && { keepFiringFor: rule.keep_firing_for }),
    // As Prometheus does: a series that is gone is no longer firing.
    missing_series_evals_to_resolve: 1,
    labels: rule.labels,
    annotations: {
      ...Object.fromEntries(
        Object.entries(rule.annotations).map(([key, text]) => [key, grafanaTemplate(text)]),
      ),
      // Links in messages and the state on the panel are made from these.
      ...(panel !== undefined && {
        __dashboardUid__: panel.dashboardUid,
        __panelId__: String(panel.panelId),
      }),
    },
    ...panel,
    ...(receiver !== undefined && {
      notification_settings: {
        receiver,
        group_by: ['grafana_folder', 'alertname', 'instance', 'site'],
        group_wait: '5s',
        group_interval: '1m',
        repeat_interval: '4h',
        ...(mutes.length > 0 && { mute_time_intervals: mutes }),
      },
    }),
  };
}

/** Stable, at most 40 characters: `SightlineStreamDown` is `sl-stream-down`. */
export function ruleUid(alert: string): string {
  return alert
    .replace(/^Sightline/, 'sl')
    .replace(/[A-Z]/g, (letter) => `-${letter}`)
    .toLowerCase();
}

/** With several nodes Grafana's `$value` is a dump of all; the value of the query is what the text means. */
function grafanaTemplate(text: string): string {
  return text.replaceAll('$value', '$values.query.Value');
}
