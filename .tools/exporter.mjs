#!/usr/bin/env node
// npm run exporter: the exporter as a service of its own, on the pinned Node 24, whatever Node started this.
import { spawn } from 'node:child_process';
import { join } from 'node:path';

import { ensureInstalled, fail, pinnedNode, root } from './install.mjs';

ensureInstalled();
const main = join(root, 'exporter', 'src', 'main.ts');
const child = spawn(pinnedNode(), [main, ...process.argv.slice(2)], { stdio: 'inherit' });
child.on('error', (error) => fail(`The exporter cannot be started: ${error.message}`));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
