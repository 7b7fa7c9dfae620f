import type { MetricSource, Samples } from '@sightline/exporter';
import { catalogue, Histogram } from '@sightline/exporter';

interface Known {
  readonly labels: { readonly route: string; readonly method: string; readonly code: string };
  readonly histogram: Histogram;
}

/** Routes are patterns out of one table, methods and codes are few: nothing that a caller writes becomes a label. */
export class HttpMetrics implements MetricSource {
  readonly #known = new Map<string, Known>();

  /** `route` is undefined for an address that leads nowhere. */
  observe(route: string | undefined, method: string, code: number, seconds: number): void {
    const labels = {
      route: route ?? 'none',
      method: route === undefined ? 'any' : method,
      code: String(code),
    };
    const key = `${labels.route} ${labels.method} ${labels.code}`;
    let known = this.#known.get(key);
    if (known === undefined) {
      known = { labels, histogram: new Histogram(catalogue.sightline_http_request_duration_seconds.buckets) };
      this.#known.set(key, known);
    }
    known.histogram.observe(seconds);
  }

  collect(out: Samples): void {
    for (const { labels, histogram } of this.#known.values())
      out.setHistogram('sightline_http_request_duration_seconds', histogram, labels);
  }
}
