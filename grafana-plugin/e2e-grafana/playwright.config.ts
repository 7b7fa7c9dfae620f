/** Specs against a Grafana that runs already, at GRAFANA_URL: README.md says what it has to be given. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PluginOptions } from '@grafana/plugin-e2e';
import { defineConfig } from '@playwright/test';

const plugin = dirname(fileURLToPath(import.meta.resolve('@grafana/plugin-e2e')));
const executablePath = process.env['CHROMIUM'];

export default defineConfig<PluginOptions>({
  testDir: '.',
  outputDir: '../../node_modules/.cache/sightline-e2e-grafana',
  // One wall after the other: each test looks at how the cameras play.
  workers: 1,
  forbidOnly: true,
  timeout: 90_000,
  expect: { timeout: 30_000 },
  reporter: [['list']],
  use: {
    baseURL: process.env['GRAFANA_URL'] ?? 'http://localhost:3000',
    provisioningRootDir: fileURLToPath(new URL('provisioning', import.meta.url)),
    trace: 'retain-on-failure',
    viewport: { width: 1600, height: 900 },
    // Playwright's own Chromium cannot decode H.264.
    ...(executablePath === undefined ? { channel: 'chrome' } : { launchOptions: { executablePath } }),
  },
  projects: [
    { name: 'login', testDir: join(plugin, 'auth'), testMatch: /.*\.js/ },
    {
      name: 'admin',
      testIgnore: /anonymous/,
      use: { storageState: 'playwright/.auth/admin.json' },
      dependencies: ['login'],
    },
    { name: 'anonymous', testMatch: /anonymous/ },
  ],
});
