import { expect, test } from 'vitest';
import { newAlertPath, panelOf, prometheusAmong } from './camera-actions.ts';

const camera = { stream: 'gate', title: 'Front gate' };

test('a panel asks the relay for this camera', () => {
  expect(panelOf(camera, 'relay-one')).toMatchObject({
    type: 'sightline-camera-panel',
    title: 'Front gate',
    datasource: { uid: 'relay-one' },
    targets: [{ queryType: 'streams', streams: 'gate', datasource: { uid: 'relay-one' } }],
  });
});

test('a rule asks Prometheus for its states, and its condition is one of its queries', () => {
  const path = newAlertPath(camera, 'prom', 'Front gate gives no pictures', 'Look at it');
  const url = new URL(path, 'http://grafana');
  expect(url.pathname).toBe('/alerting/new');
  const rule = JSON.parse(url.searchParams.get('defaults') ?? '') as {
    name: string;
    condition: string;
    queries: { refId: string; datasourceUid: string; model: { expr?: string; expression?: string } }[];
  };
  expect(rule.name).toBe('Front gate gives no pictures');
  expect(rule.queries.map(({ refId, datasourceUid }) => [refId, datasourceUid])).toEqual([
    ['A', 'prom'],
    [rule.condition, '__expr__'],
  ]);
  expect(rule.queries[0]?.model.expr).toBe(
    'sum by (instance, stream) (sightline_stream_state{stream="gate", state=~"connecting|stalled|offline"})',
  );
  expect(rule.queries[1]?.model.expression).toBe('A');
});

test('Sightline’s own Prometheus is preferred', () => {
  expect(prometheusAmong(['other', 'sightline-prometheus'])).toBe('sightline-prometheus');
  expect(prometheusAmong(['other'])).toBe('other');
  expect(prometheusAmong([])).toBeUndefined();
});
