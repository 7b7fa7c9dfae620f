import { readBounded } from '@sightline/exporter';
import type { HistoryAnswer, MetricName } from '@sightline/exporter';
import { z } from 'zod';

export interface RangeQuestion {
  /** Of the catalogue: nothing else can become part of a query. */
  readonly metric: MetricName;
  readonly isRate: boolean;
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
}

const withinMs = 5_000;
const maxBodyBytes = 16 * 1024 * 1024;
const tooLarge = 'The answer of Prometheus is larger than 16 MB.';
const maxSeries = 2_000;

const answerSchema = z.object({
  status: z.literal('success'),
  data: z.object({
    resultType: z.literal('matrix'),
    result: z.array(
      z.object({
        metric: z.record(z.string(), z.string()),
        values: z.array(z.tuple([z.number(), z.string()])),
      }),
    ),
  }),
});

/**
 * Ranges longer than the relay remembers, from a Prometheus that scrapes it (HTTP API, `query_range`). Rejects with a sentence that
 * holds neither its address nor its words.
 */
export class PrometheusRange {
  readonly #url: URL;

  constructor(url: string) {
    this.#url = new URL(url.endsWith('/') ? url : `${url}/`);
  }

  async query({ metric, isRate, fromMs, toMs, stepMs }: RangeQuestion): Promise<HistoryAnswer> {
    const startMs = Math.floor(fromMs / stepMs) * stepMs;
    const url = new URL('api/v1/query_range', this.#url);
    const rateSeconds = Math.max(60, stepMs / 1000);
    url.search = new URLSearchParams({
      query: isRate ? `rate(${metric}[${rateSeconds}s])` : metric,
      start: String(startMs / 1000),
      end: String(toMs / 1000),
      step: String(stepMs / 1000),
    }).toString();
    const { data } = await this.#ask(url);
    const steps = Math.max(1, Math.floor((toMs - startMs) / stepMs) + 1);
    return {
      startMs,
      stepMs,
      series: data.result.slice(0, maxSeries).map(({ metric: { __name__, ...labels }, values }) => {
        const column: (number | null)[] = Array.from({ length: steps }, () => null);
        for (const [seconds, text] of values) {
          const index = Math.round((seconds * 1000 - startMs) / stepMs);
          const value = Number(text);
          if (index >= 0 && index < steps && Number.isFinite(value)) column[index] = value;
        }
        return { labels, values: column };
      }),
    };
  }

  async #ask(url: URL): Promise<z.infer<typeof answerSchema>> {
    const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(withinMs) }).catch(
      (cause: unknown) => {
        throw new Error('Prometheus cannot be reached.', { cause });
      },
    );
    if (!response.ok) {
      await response.body?.cancel();
      throw new Error(`Prometheus answered ${response.status}.`);
    }
    const text = await readBounded(response, maxBodyBytes, tooLarge).catch((cause: unknown) => {
      if (cause instanceof Error && cause.message === tooLarge) throw cause;
      throw new Error('The answer of Prometheus broke off.', { cause });
    });
    const parsed = answerSchema.safeParse(toJson(text));
    if (!parsed.success) throw new Error('What answers there is no Prometheus.');
    return parsed.data;
  }
}

function toJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
