#!/usr/bin/env node
// The command `sightline`: runs the relay on the pinned Node 24, whatever Node started this.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { ensureInstalled, fail, pinnedNode, root } from './install.mjs';

ensureInstalled();
const node = pinnedNode();
const main = join(root, 'media-relay', 'src', 'main.ts');
// Heaps that keep their size (docs/DECISIONS.md): only a new process can have them.
const flags = JSON.parse(readFileSync(join(root, 'media-relay', 'node-flags.json'), 'utf8'));
const child = spawn(node, [...flags, main, ...process.argv.slice(2)], { stdio: 'inherit' });
endWithNpm(() => child.kill('SIGTERM'));
child.on('error', (error) => fail(`${node} cannot be started: ${error.message}`));
// A terminal tells the whole process group, so the relay may hear of it twice; it minds the first only.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  process.exitCode = code ?? 1;
  if (signal !== null) console.error(`The relay was ended by ${signal}.`);
});

/** npm passes SIGTERM to the shell between us, which dies of it and tells nobody: we notice that it is gone. */
function endWithNpm(end) {
  if (process.env.npm_lifecycle_event === undefined || process.platform === 'win32') return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    end();
  }, 250);
  timer.unref();
}
