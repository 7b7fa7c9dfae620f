// npm run bench -- NAME [arguments]: runs bench/NAME.ts on the pinned Node. Its last line of output is one JSON object.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { ensureInstalled, fail, pinnedNode, root } from './install.mjs';

const directory = join(root, 'bench');
const [name, ...args] = process.argv.slice(2);
const benches = listBenches();
const bench = benches.find((candidate) => candidate.name === name);

if (bench === undefined) {
  const list = benches.map((known) => `  ${known.name.padEnd(14)} ${known.description}`).join('\n');
  const what = name === undefined ? 'Which bench?' : `There is no bench "${name}".`;
  fail(`${what} npm run bench -- NAME, where NAME is one of\n${list}`);
}

ensureInstalled({ forTests: true });
const child = spawn(pinnedNode(), ['--expose-gc', join(directory, bench.file), ...args], {
  stdio: 'inherit',
});
child.on('error', (error) => fail(`${bench.file} cannot be started: ${error.message}`));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('exit', (code) => {
  process.exitCode = code ?? 1;
});

/** Files that begin with `// bench: what it measures`; the others are helpers. */
function listBenches() {
  return readdirSync(directory)
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .flatMap((file) => {
      const description = /^\/\/ bench: (.+)/.exec(readFileSync(join(directory, file), 'utf8'))?.[1];
      return description === undefined ? [] : [{ name: file.slice(0, -3), file, description }];
    });
}
