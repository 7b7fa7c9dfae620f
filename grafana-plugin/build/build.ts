/**
 * Builds the three plugins into one folder, as Grafana wants them: AMD modules that leave to Grafana what Grafana
 * provides, each beside its plugin.json and logo. `node build/build.ts [--watch]` writes grafana-plugin/dist.
 */
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rspack } from '@rspack/core';
import type { Configuration, MultiStats, Stats } from '@rspack/core';

export const pluginRoot = fileURLToPath(new URL('..', import.meta.url));
const source = join(pluginRoot, 'src');

/** Folder below src and dist, which is also where Grafana looks. The app itself is the root. */
export const plugins = [
  { id: 'sightline-app', folder: '.' },
  { id: 'sightline-camera-panel', folder: 'panel' },
  { id: 'sightline-relay-datasource', folder: 'datasource' },
] as const;

/** What Grafana 12.4 and newer hand to every plugin (create-plugin's list). Anything else would be bundled. */
const provided = [
  'lodash',
  'jquery',
  'moment',
  'emotion',
  '@emotion/react',
  '@emotion/css',
  'react',
  'react/jsx-runtime',
  'react/jsx-dev-runtime',
  'react-dom',
  'react-redux',
  'redux',
  'rxjs',
  'i18next',
  'react-router',
  'd3',
  '@grafana/ui',
  '@grafana/runtime',
  '@grafana/data',
];

export interface BuildOptions {
  readonly outDir: string;
  readonly mode: 'production' | 'development';
  readonly version: string;
}

export function configuration({ outDir, mode }: BuildOptions): Configuration {
  return {
    mode,
    target: ['web', 'es2022'],
    context: source,
    devtool: 'source-map',
    entry: Object.fromEntries(
      plugins.map(({ folder }) => [join(folder, 'module'), `./${join(folder, 'module.ts')}`]),
    ),
    output: {
      path: outDir,
      filename: '[name].js',
      library: { type: 'amd' },
      uniqueName: 'sightline-app',
      publicPath: 'public/plugins/sightline-app/',
      clean: false,
    },
    externalsType: 'amd',
    externals: Object.fromEntries(provided.map((name) => [name, name])),
    resolve: { extensions: ['.ts', '.tsx', '.js'], tsConfig: join(pluginRoot, 'tsconfig.json') },
    module: {
      rules: [
        {
          test: /\.tsx?$/,
          type: 'javascript/auto',
          loader: 'builtin:swc-loader',
          options: {
            jsc: {
              parser: { syntax: 'typescript', tsx: true },
              transform: { react: { runtime: 'automatic', development: false } },
              target: 'es2022',
            },
          },
        },
      ],
    },
    optimization: { splitChunks: false, runtimeChunk: false },
    performance: { hints: false },
    stats: 'errors-warnings',
  };
}

/** Rejects with what the bundler says. */
export async function buildPlugin(options: BuildOptions): Promise<void> {
  rmSync(options.outDir, { recursive: true, force: true });
  mkdirSync(options.outDir, { recursive: true });
  const compiler = rspack(configuration(options));
  await new Promise<void>((resolve, reject) => {
    compiler.run((error, stats) => {
      compiler.close(() => {
        const trouble = troubleOf(error, stats);
        if (trouble === undefined) resolve();
        else reject(new Error(trouble));
      });
    });
  });
  copyStaticFiles(options);
}

function troubleOf(error: Error | null, stats: Stats | MultiStats | undefined): string | undefined {
  if (error !== null) return error.message;
  if (stats === undefined) return 'The bundler said nothing.';
  if (!stats.hasErrors() && !stats.hasWarnings()) return undefined;
  return stats.toString({ preset: 'errors-warnings', colors: false });
}

function copyStaticFiles({ outDir, version }: BuildOptions): void {
  for (const { folder } of plugins) {
    mkdirSync(join(outDir, folder), { recursive: true });
    const meta = readFileSync(join(source, folder, 'plugin.json'), 'utf8').replaceAll('%VERSION%', version);
    writeFileSync(join(outDir, folder, 'plugin.json'), meta);
    cpSync(join(source, folder, 'img'), join(outDir, folder, 'img'), { recursive: true });
  }
  // What Grafana shows about the app; the README beside package.json is for who changes it.
  cpSync(join(source, 'README.md'), join(outDir, 'README.md'));
  cpSync(join(pluginRoot, 'CHANGELOG.md'), join(outDir, 'CHANGELOG.md'));
  cpSync(join(pluginRoot, '..', 'LICENSE'), join(outDir, 'LICENSE'));
}

/** Of the sources that go into the bundles: what was built from them need not be built again. */
export function digestOf(files: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of files) hash.update(file).update(readFileSync(file));
  return hash.digest('hex').slice(0, 16);
}

export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(join(pluginRoot, 'package.json'), 'utf8')) as {
    version: string;
  };
  return version;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildPlugin({ outDir: join(pluginRoot, 'dist'), mode: 'production', version: packageVersion() });
}
