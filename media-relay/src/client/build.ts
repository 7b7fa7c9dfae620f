/** Node side: bundles the wall page in memory when the relay starts. Runs on no browser; nothing is written to disk. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build, stop } from 'esbuild';
import type { PageFile, Pages } from '../http/deps.ts';

const wall = new URL('wall/', import.meta.url);

/** Rejects when a source of the page does not build: that is a defect, not a matter of configuration. */
export async function buildPages(): Promise<Pages> {
  const [html, icon, [script, style]] = await Promise.all([
    readFile(new URL('index.html', wall)),
    readFile(new URL('icon.svg', wall)),
    bundle(['wall.ts', 'wall.css']),
  ]);
  return {
    wall: pageFile(html, 'text/html; charset=utf-8'),
    files: new Map([
      ['wall.js', pageFile(script, 'text/javascript; charset=utf-8')],
      ['wall.css', pageFile(style, 'text/css; charset=utf-8')],
      ['icon.svg', pageFile(icon, 'image/svg+xml')],
    ]),
  };
}

/** In the order of the entry points. */
async function bundle(entryPoints: readonly [string, string]): Promise<[Uint8Array, Uint8Array]> {
  const { outputFiles } = await build({
    absWorkingDir: fileURLToPath(wall),
    entryPoints: [...entryPoints],
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
  const [script, style] = outputFiles;
  if (script === undefined || style === undefined) throw new Error('The wall page was bundled incompletely');
  return [script.contents, style.contents];
}

function pageFile(body: Uint8Array, type: string): PageFile {
  const digest = createHash('sha256').update(body).digest('base64url').slice(0, 22);
  return { body, type, etag: `"${digest}"` };
}
