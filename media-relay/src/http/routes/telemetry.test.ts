import { Samples } from '@sightline/exporter';
import type { HistoryAnswer } from '@sightline/exporter';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import {
  alertListSchema,
  currentMetricsSchema,
  historySchema,
  monitoringDataSchema,
  summarySchema,
  targetListSchema,
} from '../schemas.ts';
import { as, FakeMetrics, startTestRelay } from '../testing/test-relay.ts';
import type { TestRelay } from '../testing/test-relay.ts';

const startMs = 1_000_000;
const seconds = 120;
let nowMs: number;
let metrics: FakeMetrics;
let relay: TestRelay;

beforeEach(async () => {
  metrics = new FakeMetrics();
  nowMs = startMs + (seconds - 1) * 1_000;
  for (let second = 0; second < seconds; second++) {
    const out = new Samples();
    out.set('sightline_cpu_utilisation_ratio', second / 1_000);
    for (const stream of ['lobby-1', 'garage']) {
      out.set('sightline_stream_up', 1, { stream });
      out.set('sightline_egress_bytes_total', second * 10, { stream });
    }
    metrics.history.record(out, startMs + second * 1_000);
  }
  metrics.alerts = [
    {
      code: 'cpu',
      level: 'critical',
      message: 'Busy',
      labels: {},
      value: 1,
      threshold: 0.9,
      sinceMs: startMs,
    },
    ...['lobby-1', 'garage'].map((stream) => ({
      code: 'stream-down' as const,
      level: 'critical' as const,
      message: 'Away',
      labels: { stream },
      value: 0,
      threshold: 1,
      sinceMs: startMs,
    })),
  ];
  relay = await startTestRelay({ deps: { metrics, clock: () => nowMs } });
});
afterEach(() => relay.server.close());

async function ask(path: string, headers: Record<string, string> = as.grafana): Promise<unknown> {
  const response = await relay.fetch(path, { headers });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toContain('application/json');
  return response.json();
}

async function refusal(path: string, headers: Record<string, string> = as.grafana): Promise<unknown> {
  const response = await relay.fetch(path, { headers });
  return ((await response.json()) as { code: unknown }).code;
}

const history = '/api/v1/metrics/history';

describe('history', () => {
  test('of the last hour, second by second', async () => {
    const answer = historySchema.parse(await ask(`${history}?metric=sightline_cpu_utilisation_ratio`));
    expect(answer).toMatchObject({ unit: 'ratio', kind: 'value', source: 'memory', stepMs: 1_000 });
    const [series] = answer.series;
    expect(series?.values).toHaveLength(3_601);
    expect(series?.values.slice(-3)).toEqual([0.117, 0.118, 0.119]);
    expect(series?.values.at(-seconds - 1)).toBeNull();
  });

  test('of any range and step, by milliseconds or ISO 8601; a counter is a rate', async () => {
    const from = new Date(startMs).toISOString();
    const answer = historySchema.parse(
      await ask(
        `${history}?metric=sightline_egress_bytes_total&start_time=${from}&end_time=${nowMs}&step=60`,
      ),
    );
    expect(answer.kind).toBe('rate');
    expect(answer.series).toHaveLength(2);
    for (const { values } of answer.series)
      expect(new Set(values.filter((value) => value !== null))).toEqual(new Set([10]));
  });

  test('shows each caller the streams that it may view, also when the answer was remembered', async () => {
    const path = `${history}?metric=sightline_stream_up`;
    const seen = async (headers: Record<string, string>): Promise<unknown[]> =>
      historySchema.parse(await ask(path, headers)).series.map(({ labels }) => labels['stream']);
    expect(await seen(as.grafana)).toEqual(['lobby-1', 'garage']);
    expect(await seen(as.lobby)).toEqual(['lobby-1']);
    expect(await seen(as.grafana)).toEqual(['lobby-1', 'garage']);
    expect(historySchema.parse(await ask(`${path}&stream=garage`)).series).toHaveLength(1);
  });

  test.each([
    ['metric=no_such_metric', 'bad-request'],
    ['metric=up%7B%7D', 'bad-request'],
    ['', 'bad-request'],
    ['metric=sightline_host_cpus', 'metric-not-kept'],
    ['metric=sightline_host_load1&start_time=5&end_time=4', 'bad-request'],
    ['metric=sightline_host_load1&start_time=0&end_time=99999999999&step=1', 'bad-request'],
    ['metric=sightline_host_load1&step=0', 'bad-request'],
    ['metric=sightline_host_load1&what=1', 'bad-request'],
  ])('%s is %s', async (query, code) => {
    expect(await refusal(`${history}?${query}`)).toBe(code);
  });

  test('is remembered for a second as far as there is room', async () => {
    let questions = 0;
    const values = Array.from({ length: 3_000_000 }, () => 0);
    metrics.longRange = {
      query() {
        questions++;
        return Promise.resolve({ startMs: 0, stepMs: 1000, series: [{ labels: {}, values }] });
      },
    };
    const asked = async (endMs: number): Promise<number> => {
      const range = `start_time=0&end_time=${endMs}`;
      const response = await relay.fetch(`${history}?metric=sightline_host_load1&${range}`, {
        headers: as.grafana,
      });
      await response.arrayBuffer();
      return questions;
    };
    // Six megabytes each.
    expect([await asked(1000), await asked(2000), await asked(3000)]).toEqual([1, 2, 3]);
    expect([await asked(1000), await asked(3000)]).toEqual([3, 4]);
  });

  test('of more than an hour comes from Prometheus, filtered for the caller', async () => {
    const questions: unknown[] = [];
    const answer: HistoryAnswer = {
      startMs: 0,
      stepMs: 60_000,
      series: [
        { labels: { stream: 'garage' }, values: [1] },
        { labels: { stream: 'lobby-1' }, values: [2] },
      ],
    };
    metrics.longRange = {
      query(question) {
        questions.push(question);
        return Promise.resolve(answer);
      },
    };
    const path = `${history}?metric=sightline_egress_bytes_total&start_time=0&end_time=${nowMs}&step=60`;
    expect(historySchema.parse(await ask(path, as.lobby))).toMatchObject({
      source: 'prometheus',
      series: [{ labels: { stream: 'lobby-1' }, values: [2] }],
    });
    expect(questions).toEqual([
      { metric: 'sightline_egress_bytes_total', isRate: true, fromMs: 0, toMs: nowMs, stepMs: 60_000 },
    ]);
    metrics.longRange = { query: () => Promise.reject(new Error('Prometheus answered 500.')) };
    expect(await refusal(`${path}&stream=garage`)).toBe('prometheus-unavailable');
  });
});

test('current: the kept ones, or any one', async () => {
  const all = currentMetricsSchema.parse(await ask('/api/v1/metrics/current', as.lobby)).metrics;
  expect(all.map(({ name, series }) => [name, series])).toEqual([
    ['sightline_cpu_utilisation_ratio', [{ labels: {}, value: 0.119 }]],
    ['sightline_stream_up', [{ labels: { stream: 'lobby-1' }, value: 1 }]],
    ['sightline_egress_bytes_total', [{ labels: { stream: 'lobby-1' }, value: 10 }]],
  ]);
  metrics.samples.set('sightline_host_cpus', 2);
  const one = currentMetricsSchema.parse(
    await ask('/api/v1/metrics/current?metric=sightline_host_cpus'),
  ).metrics;
  expect(one).toMatchObject([
    { name: 'sightline_host_cpus', kind: 'value', series: [{ labels: {}, value: 2 }] },
  ]);
});

test('summary of a period', async () => {
  const path = '/api/v1/metrics/summary?metric=sightline_cpu_utilisation_ratio';
  expect(summarySchema.parse(await ask(`${path}&period=10s`))).toMatchObject({
    periodSeconds: 10,
    series: [{ labels: {}, samples: 11, min: 0.109, max: 0.119, last: 0.119 }],
  });
  expect(summarySchema.parse(await ask(`${path}&period=1m`)).periodSeconds).toBe(60);
  expect(await refusal(`${path}&period=1y`)).toBe('bad-request');
  expect(await refusal('/api/v1/metrics/summary?metric=sightline_host_cpus')).toBe('metric-not-kept');
});

test('alerts: those of the host, and of the streams that the caller may view', async () => {
  const codes = async (path: string, headers: Record<string, string>): Promise<unknown[]> =>
    alertListSchema
      .parse(await ask(path, headers))
      .alerts.map(({ code, labels }) => [code, labels['stream']]);
  expect(await codes('/api/v1/alerts', as.lobby)).toEqual([
    ['cpu', undefined],
    ['stream-down', 'lobby-1'],
  ]);
  expect(await codes('/api/monitoring/alerts', as.grafana)).toHaveLength(3);
});

test('older clients find what they know', async () => {
  const data = monitoringDataSchema.parse(await ask('/api/monitoring/data?history=true', as.lobby));
  expect(data.streams.map(({ name }) => name)).toEqual(['lobby-1']);
  expect(data.system.map(({ name }) => name)).toEqual(['sightline_cpu_utilisation_ratio']);
  expect(data.history?.cpu.series).toHaveLength(1);
  expect(monitoringDataSchema.parse(await ask('/api/monitoring/data')).history).toBeUndefined();
  await ask('/api/monitoring/system');
  await ask('/api/monitoring/streams');
  await ask('/api/monitoring/history?metric=sightline_cpu_utilisation_ratio');
  expect(await ask('/readiness')).toEqual({ ready: true, reasons: [] });
  expect(await ask('/liveness')).toEqual({ status: 'ok' });
});

test('all of it needs the permission to view', async () => {
  for (const path of [
    '/api/v1/metrics/current',
    `${history}?metric=sightline_stream_up`,
    '/api/v1/alerts',
    '/api/monitoring/data',
  ])
    for (const headers of [as.metrics, as.stranger, as.nobody])
      expect(await refusal(path, headers)).toBe('forbidden');
});

test('Prometheus finds this relay as a target, with what all of its streams have in common', async () => {
  const [group] = targetListSchema.parse(await ask('/api/v1/sd/prometheus', as.metrics));
  expect(group).toEqual({
    targets: [`127.0.0.1:${relay.port}`],
    labels: { __scheme__: 'http', __metrics_path__: '/metrics' },
  });
  expect(await refusal('/api/v1/sd/prometheus', as.grafana)).toBe('forbidden');

  const list = [1, 2].map((index) => ({
    name: `s${index}`,
    title: '',
    // What metrics and Prometheus itself have as labels would replace those.
    labels: {
      building: 'north',
      floor: String(index),
      state: 'Texas',
      job: 'cameras',
      __address__: 'evil:1',
    },
    site: 'Oslo',
    onDemand: false,
    trustClock: false,
    origin: 'config' as const,
  }));
  const other = await startTestRelay({ deps: { streams: { list: () => list, get: () => undefined } } });
  const response = await other.fetch('/api/v1/sd/prometheus', { headers: as.metrics });
  await other.server.close();
  expect(targetListSchema.parse(await response.json())[0]?.labels).toEqual({
    __scheme__: 'http',
    __metrics_path__: '/metrics',
    building: 'north',
    site: 'Oslo',
  });
});
