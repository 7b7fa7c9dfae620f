/** A panel and an alert rule for one camera, as Grafana's own forms take them. Pure. */
import { PANEL_TYPE, RELAY_TYPE } from '../relay/relay-source.ts';

export interface Camera {
  readonly stream: string;
  readonly title: string;
}

/** A dashboard's panel (v1). */
export function panelOf({ stream, title }: Camera, relayUid: string) {
  const datasource = { type: RELAY_TYPE, uid: relayUid };
  return {
    type: PANEL_TYPE,
    title,
    datasource,
    targets: [{ refId: 'A', datasource, queryType: 'streams', streams: stream, labels: '' }],
    gridPos: { x: 0, y: 0, w: 12, h: 10 },
    options: {},
    fieldConfig: { defaults: {}, overrides: [] },
  };
}

const EXPRESSIONS = '__expr__';

/**
 * Path of Grafana's editor with a rule that fires while the camera is wanted and gives no pictures, for the Prometheus that scrapes the
 * relay: a data source without a backend, as the relay's, cannot be asked by a rule. `name` is what to call the rule.
 */
export function newAlertPath(
  { stream }: Camera,
  prometheusUid: string,
  name: string,
  summary: string,
): string {
  const states = `sightline_stream_state{stream=${JSON.stringify(stream)}, state=~"connecting|stalled|offline"}`;
  const rule = {
    type: 'grafana',
    name,
    condition: 'B',
    evaluateFor: '1m',
    queries: [
      {
        refId: 'A',
        queryType: '',
        datasourceUid: prometheusUid,
        relativeTimeRange: { from: 600, to: 0 },
        model: {
          refId: 'A',
          datasource: { type: 'prometheus', uid: prometheusUid },
          // Several relays may have a stream of this name: each is a case of its own.
          expr: `sum by (instance, stream) (${states})`,
          instant: true,
          range: false,
          editorMode: 'code',
        },
      },
      {
        refId: 'B',
        queryType: 'expression',
        datasourceUid: EXPRESSIONS,
        model: {
          refId: 'B',
          type: 'threshold',
          datasource: { type: EXPRESSIONS, uid: EXPRESSIONS },
          expression: 'A',
          conditions: [
            {
              type: 'query',
              evaluator: { type: 'gt', params: [0] },
              operator: { type: 'and' },
              query: { params: ['A'] },
              reducer: { type: 'last', params: [] },
            },
          ],
        },
      },
    ],
    annotations: [{ key: 'summary', value: summary }],
  };
  return `/alerting/new?${new URLSearchParams({ defaults: JSON.stringify(rule) })}`;
}

/** The Prometheus that comes with Sightline, else the first one. */
export function prometheusAmong(uids: readonly string[]): string | undefined {
  return uids.find((uid) => uid === 'sightline-prometheus') ?? uids[0];
}
