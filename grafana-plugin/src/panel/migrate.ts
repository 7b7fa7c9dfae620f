/** Options of dashboards that older versions of this panel wrote. There is one version so far: what is missing gets its default. */
import { defaultOptions } from './options.ts';
import type { WallOptions } from './options.ts';

export function migrate({ options }: { readonly options: Partial<WallOptions> }): WallOptions {
  return { ...defaultOptions, ...options };
}
