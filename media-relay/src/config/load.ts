import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';

import { ConfigError } from './config-error.ts';
import { defaultConfigName, defaultConfigText } from './defaults.ts';
import type { Environment } from './environment.ts';
import { errorCode, parseConfig } from './parse.ts';
import type { Config } from './schema.ts';

const maxFileBytes = 1024 * 1024;
const maxTokenFileBytes = 4096;

/** Reads a configuration file, or the built-in one when `file` is undefined. Throws ConfigError. */
export async function loadConfig(file: string | undefined, environment: Environment): Promise<Config> {
  const text = file === undefined ? defaultConfigText : await readConfigText(file);
  return parseConfig(text, { file: file ?? defaultConfigName, environment, readText: readTokenText });
}

async function readConfigText(file: string): Promise<string> {
  try {
    await using handle = await open(file, 'r');
    const bytes = Buffer.alloc(maxFileBytes + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle.read(bytes, length, bytes.length - length);
      length += bytesRead;
      if (bytesRead === 0 || length > maxFileBytes) break;
    }
    if (length > maxFileBytes) throw fileProblem(file, 'is larger than 1 MB', 'is this the right file?');
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, length));
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const code = errorCode(error);
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA')
      throw fileProblem(file, 'is not UTF-8 text', 'save it as UTF-8');
    const problem = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
    throw fileProblem(file, problem, 'check the path and the permissions');
  }
}

function fileProblem(file: string, problem: string, remedy: string): ConfigError {
  return new ConfigError([{ file, line: undefined, column: undefined, field: '', problem, remedy }]);
}

function readTokenText(path: string): string {
  // Cut rather than refused: a longer text is no token, and the schema says so.
  return readFileSync(path, 'utf8').slice(0, maxTokenFileBytes);
}
