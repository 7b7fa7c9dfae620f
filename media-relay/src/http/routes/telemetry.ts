import type { AnyLabels, HistoryQuery, MetricName, Sample } from '@sightline/exporter';
import { isKeptAsRate, keptMetrics, specOf } from '@sightline/exporter';

import { isAllowed } from '../../auth/permissions.ts';
import type { Principal } from '../../auth/permissions.ts';
import { fromUnixMs, toUnixMs, unixNow } from '../../media/clock.ts';
import type { HttpDeps } from '../deps.ts';
import { HttpProblem } from '../errors.ts';
import { readQuery } from '../input.ts';
import type { Exchange, Route } from '../route.ts';
import {
  alertListSchema,
  currentMetricsSchema,
  currentQuerySchema,
  historyQuerySchema,
  historySchema,
  monitoringDataSchema,
  monitoringQuerySchema,
  streamListSchema,
  summaryQuerySchema,
  summarySchema,
} from '../schemas.ts';
import { sendJson } from '../send-json.ts';
import { listStreams } from './streams.ts';

const maxSteps = 11_000;
const defaultRangeMs = 3_600_000;
/** Answers of one second are the same for all who may see the same. */
const maxRemembered = 64;
/** One answer may have megabytes: long ranges of many streams. */
const maxRememberedCharacters = 16 * 2 ** 20;

/** Figures for people and panels, out of memory; each caller sees the streams that it may view. */
export function telemetryRoutes(deps: HttpDeps): Route[] {
  const { metrics, clock } = deps;
  const remembered = new Map<string, string>();
  let rememberedCharacters = 0;
  let rememberedMoment = -1;

  async function current(principal: Principal, metric: MetricName | undefined, stream: string | undefined) {
    const wants = (_: MetricName, labels: AnyLabels): boolean => isVisible(principal, labels, stream);
    const found =
      metric === undefined
        ? metrics.history.current(wants)
        : new Map([
            [
              metric,
              (await metrics.collect()).values.get(metric)?.filter(({ labels }) => wants(metric, labels)) ??
                [],
            ],
          ]);
    return [...found].map(([name, samples]: [MetricName, readonly Sample[]]) => {
      const { type, unit, help } = specOf(name);
      const isRate = metric === undefined && isKeptAsRate(name);
      return { name, type, unit, kind: isRate ? 'rate' : 'value', help, series: samples };
    });
  }

  async function history(exchange: Exchange): Promise<string> {
    const { metric, start_time, end_time, step, stream } = readQuery(historyQuerySchema, exchange.query);
    const { principal } = exchange;
    const toMs = end_time ?? unixNow(clock);
    const fromMs = start_time ?? toMs - defaultRangeMs;
    if (fromMs >= toMs) throw new HttpProblem('bad-request', 'start_time must be before end_time.');
    const stepMs = 1000 * (step ?? Math.max(1, Math.ceil((toMs - fromMs) / defaultRangeMs)));
    if ((toMs - fromMs) / stepMs > maxSteps)
      throw new HttpProblem('bad-request', `At most ${maxSteps} steps are told at once: use a longer step.`);

    const { moment } = metrics.history.ring;
    if (moment !== rememberedMoment) {
      remembered.clear();
      rememberedCharacters = 0;
    }
    rememberedMoment = moment;
    const key = JSON.stringify([metric, start_time, end_time, stepMs, stream, scopeOf(principal)]);
    const known = remembered.get(key);
    if (known !== undefined) return known;

    const isWanted = (labels: AnyLabels): boolean => isVisible(principal, labels, stream);
    const source = sourceFor(metric, fromMs);
    const answer =
      source === 'memory'
        ? fromMemory({ metric, fromMs, toMs, stepMs, isWanted })
        : await fromPrometheus(metric, fromMs, toMs, stepMs, isWanted);
    const { unit } = specOf(metric);
    const text = JSON.stringify({
      metric,
      unit,
      kind: isKeptAsRate(metric) ? 'rate' : 'value',
      source,
      ...answer,
    });
    const fits = rememberedCharacters + text.length <= maxRememberedCharacters;
    if (fits && remembered.size < maxRemembered && !remembered.has(key)) {
      remembered.set(key, text);
      rememberedCharacters += text.length;
    }
    return text;
  }

  /** Memory is kept by the relay's clock, and asked and told in Unix time. */
  function fromMemory(query: HistoryQuery) {
    const [fromMs, toMs] = [fromUnixMs(query.fromMs, clock), fromUnixMs(query.toMs, clock)];
    const { startMs, ...rest } = metrics.history.query({ ...query, fromMs, toMs });
    return { startMs: toUnixMs(startMs, clock), ...rest };
  }

  /** Memory as far as it reaches; beyond that Prometheus, where there is one. */
  function sourceFor(metric: MetricName, fromMs: number): 'memory' | 'prometheus' {
    const isKept = keptMetrics.includes(metric);
    if (metrics.longRange !== undefined) {
      const reachesBack = fromUnixMs(fromMs, clock) >= (metrics.history.ring.oldestMs ?? Infinity) - 2_000;
      return isKept && reachesBack ? 'memory' : 'prometheus';
    }
    if (!isKept) throw new HttpProblem('metric-not-kept', notKept);
    return 'memory';
  }

  async function fromPrometheus(
    metric: MetricName,
    fromMs: number,
    toMs: number,
    stepMs: number,
    isWanted: (labels: AnyLabels) => boolean,
  ) {
    if (specOf(metric).type === 'histogram')
      throw new HttpProblem('metric-not-kept', 'A histogram has no single course.');
    try {
      const isRate = isKeptAsRate(metric);
      const answer = await metrics.longRange?.query({ metric, isRate, fromMs, toMs, stepMs });
      return { ...answer, series: answer?.series.filter(({ labels }) => isWanted(labels)) ?? [] };
    } catch (error) {
      const detail = error instanceof Error ? error.message : 'Prometheus cannot be asked.';
      throw new HttpProblem('prometheus-unavailable', detail, { cause: error });
    }
  }

  function summary(exchange: Exchange) {
    const { metric, period = defaultRangeMs, stream } = readQuery(summaryQuerySchema, exchange.query);
    if (!keptMetrics.includes(metric)) throw new HttpProblem('metric-not-kept', notKept);
    const toMs = clock();
    const series = metrics.history.summarise(metric, toMs - period, toMs, (labels) =>
      isVisible(exchange.principal, labels, stream),
    );
    const { unit } = specOf(metric);
    return {
      metric,
      unit,
      kind: isKeptAsRate(metric) ? 'rate' : 'value',
      periodSeconds: period / 1000,
      series,
    };
  }

  const alertsFor = (principal: Principal) => ({
    nowMs: unixNow(clock),
    alerts: metrics.alerts
      .filter(({ labels }) => isVisible(principal, labels, undefined))
      .map((alert) => ({ ...alert, sinceMs: toUnixMs(alert.sinceMs, clock) })),
  });
  const systemFor = async (principal: Principal) => ({
    nowMs: unixNow(clock),
    metrics: (await current(principal, undefined, undefined)).filter(({ series }) =>
      series.every(({ labels }) => labels['stream'] === undefined),
    ),
  });

  const needs = { permission: 'view', scope: 'any' } as const;
  const routes: Route[] = [
    {
      id: 'currentMetrics',
      method: 'GET',
      path: '/api/v1/metrics/current',
      needs,
      summary: 'Newest values: of all metrics that are kept, or of any one',
      query: currentQuerySchema,
      answers: { 200: { description: 'By metric', schema: currentMetricsSchema } },
      problems: ['bad-request'],
      async handle({ query, principal, response }) {
        const { metric, stream } = readQuery(currentQuerySchema, query);
        sendJson(response, { nowMs: unixNow(clock), metrics: await current(principal, metric, stream) });
      },
    },
    {
      id: 'metricHistory',
      method: 'GET',
      path: '/api/v1/metrics/history',
      needs,
      summary: 'One metric over time: the last hour second by second, longer with `prometheus.url`',
      query: historyQuerySchema,
      answers: { 200: { description: 'Means of steps', schema: historySchema } },
      problems: ['bad-request', 'metric-not-kept', 'prometheus-unavailable'],
      async handle(exchange) {
        const text = await history(exchange);
        // Past Express, which would make an ETag of the whole text.
        exchange.response.setHeader('Content-Type', 'application/json; charset=utf-8');
        exchange.response.setHeader('Cache-Control', 'no-store');
        exchange.response.end(text);
      },
    },
    {
      id: 'metricSummary',
      method: 'GET',
      path: '/api/v1/metrics/summary',
      needs,
      summary: 'One metric of the last hour or less, in a few numbers',
      query: summaryQuerySchema,
      answers: { 200: { description: 'By series', schema: summarySchema } },
      problems: ['bad-request', 'metric-not-kept'],
      handle: (exchange) => sendJson(exchange.response, summary(exchange)),
    },
    {
      id: 'listAlerts',
      method: 'GET',
      path: '/api/v1/alerts',
      needs,
      summary: 'What is wrong or unusual now',
      answers: { 200: { description: 'The worst first', schema: alertListSchema } },
      problems: [],
      handle: ({ principal, response }) => sendJson(response, alertsFor(principal)),
    },
    {
      id: 'monitoringSystem',
      method: 'GET',
      path: '/api/monitoring/system',
      needs,
      summary: 'Newest values of host, container and process (for older clients)',
      answers: { 200: { description: 'By metric', schema: currentMetricsSchema } },
      problems: [],
      async handle({ principal, response }) {
        sendJson(response, await systemFor(principal));
      },
    },
    {
      id: 'monitoringStreams',
      method: 'GET',
      path: '/api/monitoring/streams',
      needs,
      summary: 'As /api/v1/streams (for older clients)',
      answers: { 200: { description: 'The streams', schema: streamListSchema } },
      problems: [],
      handle: ({ principal, response }) => sendJson(response, listStreams(deps, principal)),
    },
    {
      id: 'monitoringData',
      method: 'GET',
      path: '/api/monitoring/data',
      needs,
      summary: 'System, streams and alerts at once (for older clients)',
      query: monitoringQuerySchema,
      answers: { 200: { description: 'All of it', schema: monitoringDataSchema } },
      problems: ['bad-request'],
      async handle({ query, principal, response }) {
        const { history: wantsHistory } = readQuery(monitoringQuerySchema, query);
        const toMs = unixNow(clock);
        const cpu = {
          metric: 'sightline_cpu_utilisation_ratio',
          fromMs: toMs - defaultRangeMs,
          toMs,
          stepMs: 60_000,
        } as const;
        sendJson(response, {
          nowMs: toMs,
          system: (await systemFor(principal)).metrics,
          streams: listStreams(deps, principal).streams,
          alerts: alertsFor(principal).alerts,
          ...(wantsHistory === 'true' && {
            history: {
              cpu: fromMemory(cpu),
              memory: fromMemory({ ...cpu, metric: 'sightline_memory_utilisation_ratio' }),
            },
          }),
        });
      },
    },
  ];
  const alias = (id: string, path: string, of: string): Route[] =>
    routes
      .filter((route) => route.id === of)
      .map((route) => ({ ...route, id, path, summary: `As ${route.path}` }));
  return [
    ...routes,
    ...alias('monitoringAlerts', '/api/monitoring/alerts', 'listAlerts'),
    ...alias('monitoringHistory', '/api/monitoring/history', 'metricHistory'),
  ];
}

const notKept =
  'The last hour is kept of those that /api/v1/metrics/current lists; set prometheus.url for the others.';

/** Figures of a stream are for those who may view it; all others are for everybody who may view anything. */
function isVisible(principal: Principal, labels: AnyLabels, stream: string | undefined): boolean {
  const of = labels['stream'];
  if (stream !== undefined && of !== stream) return false;
  return of === undefined || isAllowed(principal, 'view', { stream: of });
}

/** Principals of which this is the same see the same. */
function scopeOf({ grants, narrowedTo }: Principal): unknown {
  return [
    grants.filter(({ permission }) => permission === 'view').map(({ streams }) => streams),
    narrowedTo ?? null,
  ];
}
