import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { format, resolveConfig } from 'prettier';
import { expect, test } from 'vitest';

import { isMetricName, metricNames, specOf } from './catalogue.ts';
import { renderMetricsPage } from './metrics-page.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

async function filesBelow(folder: string, isWanted: (path: string) => boolean): Promise<string[]> {
  const entries = await readdir(join(root, folder), { withFileTypes: true, recursive: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.includes('node_modules') && isWanted(path));
}

/** Names of metrics in a text; those of a histogram's own series count for the histogram. */
function namesIn(text: string): string[] {
  return [...text.matchAll(/\b(?:sightline|process|nodejs)_[a-z0-9_]*[a-z0-9]\b/g)].flatMap(([name]) => {
    const base = name.replace(/_(bucket|sum|count)$/, '');
    return isMetricName(base) && specOf(base).type === 'histogram' ? [base] : [name];
  });
}

const isCode = (path: string): boolean => path.endsWith('.ts') && !path.includes('.test.');
const code = [
  ...(await filesBelow('exporter/src', isCode)),
  ...(await filesBelow('media-relay/src', isCode)),
];

test('docs/METRICS.md is the catalogue', async () => {
  const page = join(root, 'docs/METRICS.md');
  const text = await format(renderMetricsPage(), { ...(await resolveConfig(page)), parser: 'markdown' });
  await expect(text).toMatchFileSnapshot(page);
});

test('a metric is in one file of the catalogue only', async () => {
  const paths = await filesBelow('exporter/src/catalogue', isCode);
  const texts = await Promise.all(paths.map((path) => readFile(path, 'utf8')));
  const rows = texts.flatMap((text) => [...text.matchAll(/^  (\w+): (?:counter|gauge|histogram)\(/gm)]);
  expect(rows.map(([, name = '']) => name).toSorted()).toEqual(metricNames.toSorted());
});

test('somebody sets every metric', async () => {
  const setters = code.filter((path) => !/\/catalogue(\.ts$|\/)/.test(path));
  const texts = await Promise.all(setters.map((path) => readFile(path, 'utf8')));
  const set = new Set(texts.flatMap(namesIn));
  expect(metricNames.filter((name) => !set.has(name))).toEqual([]);
});

test('code, docs, rules and dashboards name no metric that does not exist', async () => {
  const isText = (path: string): boolean => /\.(md|ya?ml|json)$/.test(path);
  const paths = [
    ...code,
    ...(await filesBelow('docs', isText)),
    ...(await filesBelow('provisioning', isText)),
  ];
  const unknown: string[] = [];
  for (const path of paths)
    for (const name of namesIn(await readFile(path, 'utf8')))
      // `sightline_host_*` and the like speak of several; node_version is a label.
      if (
        name.startsWith('sightline_') &&
        !isMetricName(name) &&
        !metricNames.some((m) => m.startsWith(`${name}_`))
      )
        unknown.push(`${path}: ${name}`);
  expect(unknown).toEqual([]);
});

test.each(metricNames)('%s follows the rules for names', (name) => {
  const { type, unit, help, labels, buckets } = specOf(name);
  expect(name.endsWith('_total')).toBe(type === 'counter');
  expect(name.endsWith('_info')).toBe(unit === 'info');
  expect(name.endsWith('_timestamp_seconds') || name === 'process_start_time_seconds').toBe(
    unit === 'timestamp',
  );
  const suffix = {
    seconds: 'seconds',
    bytes: 'bytes',
    ratio: 'ratio',
    celsius: 'celsius',
    hertz: 'hertz',
    cores: 'cores',
  };
  const base = name.replace(/_total$/, '');
  for (const [of, end] of Object.entries(suffix))
    if (unit === of) expect(base.endsWith(`_${end}`)).toBe(true);
  expect(help).toMatch(/^[A-Z1].*[^.]$/);
  for (const label of Object.keys(labels)) expect(label).not.toMatch(/viewer|session|address|^le$/);
  expect(buckets === undefined).toBe(type !== 'histogram');
  expect(buckets?.toSorted((a, b) => a - b)).toEqual(buckets);
});
