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
const yieldAfterMs = 2;
const maxLines = 2_000;
/** A write to the socket for each metric would cost more than the metric. */
const chunkCharacters = 64 * 1024;

/**
 * The text of a collection, metric by metric in the order of the catalogue, and large ones in pieces. In between it lets others have
 * the event loop: a thousand streams are 4 MB.
 */
export async function* renderExposition(samples: Samples): AsyncGenerator<string> {
  let sinceMs = performance.now();
  let text = '';
  for (const name of metricNames) {
    for (const piece of piecesOf(samples, name)) {
      text += await renderPiece(name, piece);
      if (text.length >= chunkCharacters) {
        yield text;
        text = '';
      }
      if (performance.now() - sinceMs < yieldAfterMs) continue;
      await new Promise((resolve) => setImmediate(resolve));
      sinceMs = performance.now();
    }
  }
  if (text !== '') yield text;
}

interface Piece {
  readonly isFirst: boolean;
  readonly values: readonly Line[];
}

function* piecesOf(samples: Samples, name: MetricName): Generator<Piece> {
  const values = samples.values.get(name) ?? [];
  for (let from = 0; from < values.length; from += maxLines) {
    const some = values.slice(from, from + maxLines);
    yield {
      isFirst: from === 0,
      values: some.map(({ labels, value }) => ({ labels: none, sharedLabels: labels, value })),
    };
  }
  const histograms = samples.histograms.get(name);
  if (histograms !== undefined)
    yield { isFirst: true, values: histograms.flatMap((sample) => histogramLines(name, sample)) };
}

async function renderPiece(name: MetricName, { isFirst, values }: Piece): Promise<string> {
  const { help, type } = specOf(name);
  const family: Family = { get: () => ({ name, help, type, values }) };
  const text = await writer.getMetricsAsString(family as unknown as Metric<string>);
  // HELP and TYPE, a line each, belong before the first value alone.
  const start = isFirst ? 0 : text.indexOf('\n', text.indexOf('\n') + 1) + 1;
  return `${text.slice(start)}\n`;
}

/** For small collections and tests. */
export async function renderText(samples: Samples): Promise<string> {
  const parts: string[] = [];
  for await (const part of renderExposition(samples)) parts.push(part);
  return parts.join('');
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
