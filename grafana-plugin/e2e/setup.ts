/** One build of the plugins and of the harness page for all test files. */
import { join } from 'node:path';
import { buildPlugin, packageVersion, pluginRoot } from '../build/build.ts';
import { pageBundle } from '../harness/page-bundle.ts';

export const dist = join(pluginRoot, 'dist');

let built: Promise<Buffer> | undefined;

/** The harness page; the plugins are in `dist` by then. */
export function prepare(): Promise<Buffer> {
  built ??= (async () => {
    const page = pageBundle();
    await buildPlugin({ outDir: dist, mode: 'production', version: packageVersion() });
    return page;
  })();
  return built;
}
