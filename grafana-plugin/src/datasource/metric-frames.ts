/** GET /api/v1/metrics/history as frames: one per series, named by its metric, so that a panel joins them by their labels. */
import { FieldType } from '@grafana/data';
import type { DataFrame } from '@grafana/data';
import { list, number, record, text, value } from '../relay/read-json.ts';

/** The relay's units as Grafana calls them; `rate` is an increase per second. */
const units: Readonly<Record<string, { readonly value: string; readonly rate: string }>> = {
  seconds: { value: 's', rate: 'percentunit' },
  bytes: { value: 'bytes', rate: 'Bps' },
  ratio: { value: 'percentunit', rate: 'short' },
  celsius: { value: 'celsius', rate: 'short' },
  hertz: { value: 'hertz', rate: 'short' },
  pixels: { value: 'px', rate: 'short' },
};

/** Undefined when it is no history. */
export function metricFrames(refId: string, body: string): DataFrame[] | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return undefined;
  }
  const metric = text(parsed, 'metric');
  const startMs = number(parsed, 'startMs');
  const stepMs = number(parsed, 'stepMs');
  const series = list(parsed, 'series');
  if (metric === undefined || startMs === undefined || stepMs === undefined || series === undefined)
    return undefined;
  const name = text(parsed, 'unit') ?? '';
  const known = Object.hasOwn(units, name) ? units[name] : undefined;
  const isRate = text(parsed, 'kind') === 'rate';
  const unit = known === undefined ? (isRate ? 'cps' : 'short') : known[isRate ? 'rate' : 'value'];
  return series.map((entry) => {
    const values = (list(entry, 'values') ?? []).map((each) => (typeof each === 'number' ? each : null));
    return {
      refId,
      name: metric,
      length: values.length,
      fields: [
        {
          name: 'Time',
          type: FieldType.time,
          config: { interval: stepMs },
          values: values.map((_, index) => startMs + index * stepMs),
        },
        {
          name: 'Value',
          type: FieldType.number,
          config: { unit },
          labels: { __name__: metric, ...record(value(entry, 'labels')) },
          values,
        },
      ],
    };
  });
}

/** Names of GET /api/v1/metrics/current, for the editor; undefined when it is something else. */
export function metricNames(body: string): readonly string[] | undefined {
  try {
    return list(JSON.parse(body), 'metrics')?.flatMap((entry) => text(entry, 'name') ?? []);
  } catch {
    return undefined;
  }
}
