import { mkdirSync } from 'node:fs';
import path from 'node:path';

export const repositoryRoot = path.resolve(import.meta.dirname, '../..');

/** Where the benches keep what they make: pictures and compiled programs. Git ignores it. */
export function cacheDirectory(): string {
  const directory = path.join(repositoryRoot, '.cache/bench');
  mkdirSync(directory, { recursive: true });
  return directory;
}
