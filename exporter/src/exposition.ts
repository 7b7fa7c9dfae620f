// Prometheus text format 0.0.4, written by @prometheus-io/client.
import { Registry } from '@prometheus-io/client';
import type { Metric } from '@prometheus-io/client';

import { metricNames, specOf } from './catalogue.ts';
import type { MetricName } from './catalogue.ts';
import type { AnyLabels, HistogramSample, Samples } from './samples.ts';

export const expositionContentType = Registry.PROMETHEUS_CONTENT_TYPE;

/** As the client's own metrics hand it over for writing: `sharedLabels` are turned into text once per object. */
interface Line {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly sharedLabels: AnyLabels;
  readonly value: number;
  readonly metricName?: string;
}

/** What a client metric is to the registry's writer. */
interface Family {
  get(): { name: string; help: string; type: string; values: readonly Line[] };
}

const writer = new Registry();
const none = {};
/** Longer, and other requests would wait. */
const yieldAfterMs = 4;

/**
 * The text of a collection, metric by metric in the order of the catalogue. Between metrics it lets others have the event loop:
 * a thousand streams are 8 MB.
 */
export async function* renderExposition(samples: Samples): AsyncGenerator<string> {
  let sinceMs = performance.now();
  for (const name of metricNames) {
    const values = linesOf(samples, name);
    if (values.length === 0) continue;
    const { help, type } = specOf(name);
    const family: Family = { get: () => ({ name, help, type, values }) };
    yield `${await writer.getMetricsAsString(family as unknown as Metric<string>)}\n`;
    if (performance.now() - sinceMs < yieldAfterMs) continue;
    await new Promise((resolve) => setImmediate(resolve));
    sinceMs = performance.now();
  }
}

/** For small collections and tests. */
export async function renderText(samples: Samples): Promise<string> {
  const parts: string[] = [];
  for await (const part of renderExposition(samples)) parts.push(part);
  return parts.join('');
}

function linesOf(samples: Samples, name: MetricName): readonly Line[] {
  const values = samples.values.get(name);
  if (values !== undefined)
    return values.map(({ labels, value }) => ({ labels: none, sharedLabels: labels, value }));
  return samples.histograms.get(name)?.flatMap((sample) => histogramLines(name, sample)) ?? [];
}

function histogramLines(name: string, { labels: sharedLabels, state }: HistogramSample): Line[] {
  const bucketName = `${name}_bucket`;
  let count = 0;
  const lines: Line[] = state.bounds.map((bound, index) => {
    count += state.counts[index] ?? 0;
    return { metricName: bucketName, labels: { le: bound }, sharedLabels, value: count };
  });
  count += state.counts[state.bounds.length] ?? 0;
  return [
    ...lines,
    { metricName: bucketName, labels: { le: '+Inf' }, sharedLabels, value: count },
    { metricName: `${name}_sum`, labels: none, sharedLabels, value: state.sum },
    { metricName: `${name}_count`, labels: none, sharedLabels, value: count },
  ];
}
