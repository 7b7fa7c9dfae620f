import { spawnSync } from 'node:child_process';
import { readdirSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';
import { cacheDirectory, repositoryRoot } from './paths.ts';

const sources = path.join(repositoryRoot, 'bench/native');

/** Path of one of the benches' C programs, compiled now if a source is newer than it. */
export function nativeProgram(name: 'camera' | 'sink' | 'limit' | 'payload-check'): string {
  const program = path.join(cacheDirectory(), name);
  const newestSource = Math.max(
    ...readdirSync(sources)
      .filter((file) => file.endsWith('.h') || file === `${name}.c`)
      .map((file) => statSync(path.join(sources, file)).mtimeMs),
  );
  const built = statSync(program, { throwIfNoEntry: false });
  if (built && built.mtimeMs > newestSource) return program;

  const fresh = `${program}.${process.pid}`;
  const source = path.join(sources, `${name}.c`);
  const libraries = name === 'sink' || name === 'limit' ? ['-lssl', '-lcrypto'] : [];
  const result = spawnSync('gcc', ['-O2', '-Wall', '-Wextra', '-Werror', '-o', fresh, source, ...libraries], {
    encoding: 'utf8',
  });
  if (result.error || /openssl\/\w+\.h|-lssl|-lcrypto/.test(result.stderr))
    throw new Error(
      `The benches' C programs need a compiler and OpenSSL's headers: apt-get install -y gcc libc6-dev libssl-dev\n${result.error?.message ?? result.stderr}`,
    );
  if (result.status !== 0) throw new Error(`gcc cannot compile bench/native/${name}.c\n${result.stderr}`);
  renameSync(fresh, program); // whole or not at all, should two benches build at once
  return program;
}
