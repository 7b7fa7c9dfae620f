/** The harness page with Grafana's packages in it: some 10 MB that take seconds to bundle, so the result is kept. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, stop } from 'esbuild';
import { digestOf, pluginRoot } from '../build/build.ts';

const page = fileURLToPath(new URL('page/', import.meta.url));
const cache = join(pluginRoot, '..', 'node_modules', '.cache', 'sightline-harness');

export async function pageBundle(): Promise<Buffer> {
  const sources = readdirSync(page).map((file) => join(page, file));
  const digest = digestOf([...sources, join(pluginRoot, '..', 'package-lock.json')]);
  const file = join(cache, `${digest}.js`);
  if (existsSync(file)) return readFileSync(file);
  mkdirSync(cache, { recursive: true });
  const unfinished = join(cache, `${digest}.${process.pid}.js`);
  await build({
    entryPoints: [join(page, 'main.tsx')],
    outfile: unfinished,
    bundle: true,
    minify: true,
    format: 'esm',
    target: ['chrome120'],
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"', global: 'globalThis' },
    loader: { '.svg': 'dataurl', '.png': 'dataurl', '.ttf': 'empty', '.woff2': 'empty' },
    tsconfigRaw: '{}',
    logLevel: 'error',
  });
  await stop();
  renameSync(unfinished, file);
  return readFileSync(file);
}
