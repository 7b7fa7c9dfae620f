import { specOf } from '../catalogue.ts';
import type { MetricName } from '../catalogue.ts';
import type { AnyLabels, Samples } from '../samples.ts';

/** Series whose labels are not those of the catalogue, and series that are there twice: what tables may get wrong. */
export function mislabelled({ values, histograms }: Samples): string[] {
  const wrong: string[] = [];
  const check = (name: MetricName, all: readonly { readonly labels: AnyLabels }[]): void => {
    const spec = specOf(name).labels;
    const seen = new Set<string>();
    for (const { labels } of all) {
      const text = JSON.stringify(labels);
      const hasSameNames = Object.keys(labels).toSorted().join() === Object.keys(spec).toSorted().join();
      const isKnown = Object.entries(labels).every(([label, value]) => {
        const known = spec[label];
        return known === 'open' || known?.includes(value) === true;
      });
      if (!hasSameNames || !isKnown || seen.has(text)) wrong.push(`${name} ${text}`);
      seen.add(text);
    }
  };
  for (const [name, all] of values) check(name, all);
  for (const [name, all] of histograms) check(name, all);
  return wrong;
}
