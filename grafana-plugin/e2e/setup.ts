/** The plugins and the harness page, built once for what their sources are now, whichever test file comes first. */
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildPlugin, digestOf, packageVersion, pluginRoot } from '../build/build.ts';
import { pageBundle } from '../harness/page-bundle.ts';

const root = join(pluginRoot, '..');

export interface Prepared {
  /** Folder of the built plugins. */
  readonly dist: string;
  readonly pageBundle: Buffer;
}

export async function prepare(): Promise<Prepared> {
  const [dist, page] = await Promise.all([builtPlugins(), pageBundle()]);
  return { dist, pageBundle: page };
}

async function builtPlugins(): Promise<string> {
  const sources = [
    ...filesBelow(join(pluginRoot, 'src')),
    ...filesBelow(join(pluginRoot, 'build')),
    ...filesBelow(join(root, 'media-relay/src/client')),
    join(root, 'media-relay/src/stream/states.ts'),
    join(root, 'package-lock.json'),
  ];
  const dist = join(root, 'node_modules/.cache/sightline-plugin', digestOf(sources));
  if (existsSync(dist)) return dist;
  const unfinished = `${dist}.${process.pid}`;
  await buildPlugin({ outDir: unfinished, mode: 'production', version: packageVersion() });
  try {
    renameSync(unfinished, dist);
  } catch {
    // Another test file was faster.
    rmSync(unfinished, { recursive: true });
  }
  return dist;
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
