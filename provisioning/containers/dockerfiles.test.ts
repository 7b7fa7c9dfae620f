import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(root + path, 'utf8');

/** Instructions of a Dockerfile, each on one line. */
function instructions(path: string): string[] {
  return read(path)
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line !== '');
}

const nodeFlags = JSON.parse(read('media-relay/node-flags.json')) as string[];
const services = ['media-relay/Dockerfile', 'exporter/Dockerfile'];
const files = [...services, 'grafana-plugin/Dockerfile'];

describe.each(files)('%s', (file) => {
  const lines = instructions(file);

  test('builds on pinned images, from the lock file, without install scripts', () => {
    for (const line of lines.filter((other) => other.startsWith('FROM ')))
      expect(line).toMatch(/^FROM \$\{\w+_IMAGE\}( AS \w+)?$/);
    for (const line of lines.filter((other) => /^ARG \w+_IMAGE/.test(other)))
      expect(line).toMatch(/^ARG \w+=docker\.io\/[a-z/]+:(24-slim|\d+\.\d+\.\d+)$/);
    const installs = lines.filter((line) => /\bnpm\b/.test(line) && line.startsWith('RUN'));
    expect(installs).toHaveLength(1);
    for (const line of installs) expect(line).toMatch(/^RUN npm ci .*--ignore-scripts/);
    expect(lines.filter((line) => line.startsWith('ADD'))).toEqual([]);
  });

  test('copies what exists', () => {
    for (const line of lines.filter((other) => other.startsWith('COPY ') && !other.includes('--from=')))
      expect(
        line
          .split(' ')
          .slice(1, -1)
          .filter((source) => !existsSync(root + source)),
      ).toEqual([]);
  });

  test('knows every workspace that the lock file speaks of', () => {
    const { workspaces } = JSON.parse(read('package.json')) as { workspaces: string[] };
    for (const workspace of workspaces)
      expect(lines).toContain(`COPY ${workspace}/package.json ${workspace}/`);
  });
});

describe.each(services)('%s', (file) => {
  const lines = instructions(file);
  const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));

  test('holds what production needs, and runs as a user by number, with a health check and no shell', () => {
    expect(lines.find((line) => line.includes('npm ci'))).toContain('--omit=dev');
    expect(last.findLast((line) => line.startsWith('USER '))).toMatch(/^USER [1-9]\d*:[1-9]\d*$/);
    expect(last.some((line) => line.startsWith('HEALTHCHECK '))).toBe(true);
    const entry =
      /^ENTRYPOINT (.+)$/.exec(last.find((line) => line.startsWith('ENTRYPOINT')) ?? '')?.[1] ?? '';
    const [program, ...rest] = JSON.parse(entry) as string[];
    const script = rest.at(-1) ?? '';
    expect(program).toBe('node');
    expect(rest.slice(0, -1)).toEqual(file === 'media-relay/Dockerfile' ? nodeFlags : []);
    expect(existsSync(root + script.replace(/^\/app\//, ''))).toBe(true);
    for (const line of last.filter((other) => other.includes('apt-get install')))
      expect(line).toMatch(/--no-install-recommends.*rm -rf \/var\/lib\/apt\/lists/);
  });
});

test('the build sees sources, manifests and the lock file, and nothing else', () => {
  const lines = read('.dockerignore').split('\n');
  expect(lines.filter((line) => line !== '' && !line.startsWith('#'))[0]).toBe('*');
  for (const wanted of ['!package-lock.json', '!.npmrc', '!exporter', '!media-relay', '!grafana-plugin'])
    expect(lines).toContain(wanted);
  for (const unwanted of ['**/node_modules', '**/dist', '**/*.test.ts']) expect(lines).toContain(unwanted);
});
