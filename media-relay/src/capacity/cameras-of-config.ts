import type { Config } from '../config/schema.ts';
import { parseDemoUrl } from '../sources/demo/options.ts';

/** What of a camera matters here. */
export interface Camera {
  readonly bitrateBps: number;
  readonly framesPerSecond: number;
}

/** The main streams of a configuration. How much a real camera sends is not known before it is connected: `assumed` then. */
export function camerasOfConfig({ streams }: Pick<Config, 'streams'>, assumed: Camera): Camera[] {
  return [...streams.values()].map(({ url }) => {
    if (!url.startsWith('demo:')) return assumed;
    const { bitrateBps, framesPerSecond } = parseDemoUrl(url);
    return { bitrateBps, framesPerSecond };
  });
}
