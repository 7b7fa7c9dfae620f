import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import * as fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { shortTimeBox } from '../testing/time-box.ts';
import { PrometheusRange } from './prometheus-range.ts';

let server: Server;
let url: string;
let asked: URL | undefined;
let answer: { status: number; body: string; headers?: Record<string, string> };

beforeEach(async () => {
  server = createServer((request, response) => {
    asked = new URL(request.url ?? '', 'http://h');
    response.writeHead(answer.status, answer.headers).end(answer.body);
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

test('one that breaks off is an error in words', async () => {
  answer = { status: 200, body: 'no gzip', headers: { 'Content-Encoding': 'gzip' } };
  await expect(new PrometheusRange(url).query(question)).rejects.toThrow(
    'The answer of Prometheus broke off.',
  );
});

test('any answer gives whole columns of numbers, or a sentence of ours without its words', async () => {
  const value = fc.tuple(
    fc.oneof(fc.double({ noNaN: true }), fc.integer({ min: 0, max: 300 }), fc.constant(1e300)),
    fc.oneof(fc.constantFrom('1', 'NaN', '+Inf', '1e999', '', 'hunter2'), fc.double().map(String)),
  );
  const series = fc.record({
    metric: fc.dictionary(
      fc.oneof(fc.string(), fc.constantFrom('__proto__', '__name__', 'stream')),
      fc.string(),
    ),
    values: fc.array(value, { maxLength: 5 }),
  });
  const body = fc.oneof(
    fc
      .array(fc.oneof({ weight: 9, arbitrary: series }, fc.jsonValue({ maxDepth: 1 })), { maxLength: 4 })
      .map((result) => JSON.stringify({ status: 'success', data: { resultType: 'matrix', result } })),
    fc.json(),
    fc.constant('hunter2'),
  );
  const headers = fc.constantFrom<Record<string, string>>(
    {},
    {},
    {},
    { 'Content-Encoding': 'gzip' },
    { Location: '/' },
  );
  const prometheus = new PrometheusRange(url);
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(200, 200, 200, 302, 500), body, headers, async (status, text, extra) => {
      answer = { status, body: text, headers: extra };
      const found: unknown = await prometheus.query(question).catch((error: unknown) => error);
      if (found instanceof Error) {
        expect(found.message).toMatch(
          /^(Prometheus (cannot be reached|answered \d+)|What answers there is no Prometheus|The answer of Prometheus broke off)\.$/,
        );
        return;
      }
      const { startMs, stepMs, series } = found as Awaited<ReturnType<typeof prometheus.query>>;
      expect([startMs, stepMs]).toEqual([60_000, 60_000]);
      for (const { labels, values } of series) {
        expect(values).toHaveLength(3);
        expect(values.every((each) => each === null || Number.isFinite(each))).toBe(true);
        expect(Object.values(labels).every((label) => typeof label === 'string')).toBe(true);
      }
    }),
    shortTimeBox,
  );
});
