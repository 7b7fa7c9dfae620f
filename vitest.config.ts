import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [
      'exporter/src/**/*.test.ts',
      'media-relay/src/**/*.test.ts',
      'media-relay/e2e/**/*.test.ts',
      'bench/**/*.test.ts',
      'provisioning/**/*.test.ts',
    ],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    execArgv: ['--expose-gc'],
  },
});
