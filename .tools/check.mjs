// npm run check: types, lint and format. Each step says what it found; the exit code tells whether all passed.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { ensureInstalled, pinnedNode, root } from './install.mjs';

const clientProject = 'media-relay/src/client/tsconfig.json';
const pluginProject = 'grafana-plugin/tsconfig.json';

const steps = [
  { name: 'types', script: 'typescript/bin/tsc', args: ['-p', '.'] },
  { name: 'types of the browser client', script: 'typescript/bin/tsc', args: ['-p', clientProject] },
  { name: 'types of the Grafana app', script: 'typescript/bin/tsc', args: ['-p', pluginProject] },
  { name: 'lint', script: 'oxlint/bin/oxlint', args: ['--type-aware', '--deny-warnings'] },
  { name: 'format', script: 'prettier/bin/prettier.cjs', args: ['--check', '--log-level=warn', '.'] },
];

/** @returns {string[]} names of the steps that failed */
export function runChecks() {
  const failed = [];
  for (const { name, script, args } of steps) {
    if (args.includes(clientProject) && !existsSync(join(root, clientProject))) continue;
    const path = join(root, 'node_modules', script);
    const { status } = spawnSync(pinnedNode(), [path, ...args], { cwd: root, stdio: 'inherit' });
    console.log(`check ${name}: ${status === 0 ? 'ok' : 'FAILED'}`);
    if (status !== 0) failed.push(name);
  }
  return failed;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  ensureInstalled({ forTests: true });
  process.exitCode = runChecks().length === 0 ? 0 : 1;
}
