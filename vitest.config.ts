import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Its ES modules are for bundlers: Node finds no named exports in what they import.
  resolve: { alias: { '@grafana/data': fromRoot('node_modules/@grafana/data/dist/cjs/index.cjs') } },
  test: {
    include: [
      'exporter/src/**/*.test.ts',
      'media-relay/src/**/*.test.ts',
      'media-relay/e2e/**/*.test.ts',
      'bench/**/*.test.ts',
      'provisioning/**/*.test.ts',
      'grafana-plugin/**/*.test.ts',
    ],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    execArgv: ['--expose-gc'],
  },
});

function fromRoot(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}
