// npm run build: the Grafana app into grafana-plugin/dist. npm run panel: the same, shown beside a relay with demo cameras.
import { spawn } from 'node:child_process';
import { join } from 'node:path';

import { ensureInstalled, fail, pinnedNode, root } from './install.mjs';

const scripts = { build: 'grafana-plugin/build/build.ts', panel: 'grafana-plugin/harness/open.ts' };
const [name, ...args] = process.argv.slice(2);
const script = scripts[name];
if (script === undefined) fail('node .tools/plugin.mjs build, or panel');

ensureInstalled({ forTests: true });
const child = spawn(pinnedNode(), [join(root, script), ...args], { stdio: 'inherit' });
child.on('error', (error) => fail(`${script} cannot be started: ${error.message}`));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
