import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { PrometheusRange } from './prometheus-range.ts';

let server: Server;
let url: string;
let asked: URL | undefined;
let answer: { status: number; body: string };

beforeEach(async () => {
  server = createServer((request, response) => {
    asked = new URL(request.url ?? '', 'http://h');
    response.writeHead(answer.status).end(answer.body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/prometheus`;
});
afterEach(() => {
  server.close();
  server.closeAllConnections();
});

const question = {
  metric: 'sightline_viewers',
  isRate: false,
  fromMs: 60_000,
  toMs: 180_000,
  stepMs: 60_000,
} as const;

function matrix(values: readonly [number, string][]): string {
  const result = [{ metric: { __name__: 'sightline_viewers', stream: 'lobby' }, values }];
  return JSON.stringify({ status: 'success', data: { resultType: 'matrix', result } });
}

test('asks for a metric by its name, and puts what comes into steps', async () => {
  const body = matrix([
    [60, '1'],
    [180, '2.5'],
  ]);
  answer = { status: 200, body };
  expect(await new PrometheusRange(url).query(question)).toEqual({
    startMs: 60_000,
    stepMs: 60_000,
    series: [{ labels: { stream: 'lobby' }, values: [1, null, 2.5] }],
  });
  expect(asked?.pathname).toBe('/prometheus/api/v1/query_range');
  expect(Object.fromEntries(asked?.searchParams ?? [])).toEqual({
    query: 'sightline_viewers',
    start: '60',
    end: '180',
    step: '60',
  });
});

test('asks for the rate of a counter', async () => {
  answer = { status: 200, body: matrix([[60, 'NaN']]) };
  const metric = 'sightline_egress_bytes_total';
  const { series } = await new PrometheusRange(url).query({
    ...question,
    metric,
    isRate: true,
    stepMs: 10_000,
  });
  expect(asked?.searchParams.get('query')).toBe('rate(sightline_egress_bytes_total[60s])');
  expect(new Set(series[0]?.values)).toEqual(new Set([null]));
});

test.each([
  [{ status: 503, body: '' }, 'Prometheus answered 503.'],
  [{ status: 200, body: '{"status":"success","data":{"resultType":"vector","result":[]}}' }, 'no Prometheus'],
  [{ status: 200, body: '<html>' }, 'no Prometheus'],
])('%j is an error that names no address', async (wrong, message) => {
  answer = wrong;
  await expect(new PrometheusRange(url).query(question)).rejects.toThrow(message);
});

test('one that is not there is an error that names no address', async () => {
  const gone = new PrometheusRange(url);
  server.close();
  server.closeAllConnections();
  await expect(gone.query(question)).rejects.toThrow('Prometheus cannot be reached.');
});
