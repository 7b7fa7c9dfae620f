/** Node side: bundles the pages in memory when the relay starts. Runs on no browser; nothing is written to disk. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, stop } from 'esbuild';
import type { PageFile, Pages } from '../http/deps.ts';

const client = new URL('.', import.meta.url);
const entryPoints = [
  'wall/wall.ts',
  'wall/wall.css',
  'monitoring/monitoring.ts',
  'monitoring/monitoring.css',
];
const types = { js: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8' };

/** Rejects when a source of a page does not build: that is a defect, not a matter of configuration. */
export async function buildPages(): Promise<Pages> {
  const [wall, monitoring, icon, bundles] = await Promise.all([
    readFile(new URL('wall/index.html', client)),
    readFile(new URL('monitoring/index.html', client)),
    readFile(new URL('page/icon.svg', client)),
    bundle(),
  ]);
  return {
    wall: pageFile(wall, 'text/html; charset=utf-8'),
    monitoring: pageFile(monitoring, 'text/html; charset=utf-8'),
    files: new Map([...bundles, ['icon.svg', pageFile(icon, 'image/svg+xml')]]),
  };
}

async function bundle(): Promise<[string, PageFile][]> {
  const { outputFiles } = await build({
    absWorkingDir: fileURLToPath(client),
    entryPoints,
    outdir: 'out',
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: ['chrome120', 'firefox128', 'safari17'],
    // The repository's own settings are for type checks; what the browser gets depends on nothing but this.
    tsconfigRaw: '{}',
    logLevel: 'silent',
  });
  // esbuild keeps its process for further builds; a relay that runs for months has none.
  await stop();
  if (outputFiles.length !== entryPoints.length) throw new Error('The pages were bundled incompletely');
  return outputFiles.map(({ path, contents }) => [
    basename(path),
    pageFile(contents, path.endsWith('.css') ? types.css : types.js),
  ]);
}

function pageFile(body: Uint8Array, type: string): PageFile {
  const digest = createHash('sha256').update(body).digest('base64url').slice(0, 22);
  return { body, type, etag: `"${digest}"` };
}
