import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { expect, test } from 'vitest';

/** A process of its own: it uses up all that it may open. */
const script = `
  import { closeSync, openSync } from 'node:fs';
  import { startFfmpeg } from ${JSON.stringify(new URL('ffmpeg-process.ts', import.meta.url).href)};
  const files = [];
  try {
    for (;;) files.push(openSync('/dev/null'));
  } catch {}
  let said = 'started';
  try {
    startFfmpeg({ path: 'true', arguments: [], onOutput() {} });
  } catch (error) {
    said = error.message;
  }
  files.forEach(closeSync);
  setImmediate(() => console.log(said));
`;

test('without file descriptors it throws, and the process that asked lives on', async () => {
  const { stdout } = await promisify(execFile)('/bin/sh', [
    '-c',
    'ulimit -n 64; exec "$0" --input-type=module -e "$1"',
    process.execPath,
    script,
  ]);
  expect(stdout).toBe('there are no file descriptors for its pipes\n');
});
