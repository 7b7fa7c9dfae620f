import { renderText } from '../exposition.ts';
import { Samples } from '../samples.ts';
import type { MetricSource } from '../source.ts';

/** What a source tells, as lines of the text format without comments. */
export async function collectLines(source: MetricSource): Promise<string[]> {
  const out = new Samples();
  await source.collect(out);
  return (await renderText(out)).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}
