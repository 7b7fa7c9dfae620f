import { join } from 'node:path';

import { loadTokenFile, tokenFileName } from '../auth/token-file.ts';
import type { Environment } from '../config/environment.ts';
import { loadConfig } from '../config/load.ts';
import { stateDirFailure } from '../start-error.ts';

/** The tokens of this relay, as text; makes them when there are none yet. Those in the configuration go by name only. */
export async function listTokens(
  configFile: string | undefined,
  environment: Environment,
  warn: (message: string) => void,
): Promise<string> {
  const config = await loadConfig(configFile, environment);
  const stored = await loadTokenFile(config.stateDir, { warn }).catch((error: unknown) => {
    throw stateDirFailure(error, config.stateDir);
  });
  const lines = stored.map(({ name, purpose, secret }) => `${name.padEnd(12)} ${secret}  ${purpose}`);
  const configured = config.tokens.map(({ name }) => `${name.padEnd(12)} (from the configuration)`);
  return [...lines, ...configured, `kept in ${join(config.stateDir, tokenFileName)}`, ''].join('\n');
}
