import { parseArgs } from 'node:util';

import { configFileVariable } from '../config/environment.ts';
import { nearest } from '../config/nearest.ts';
import type { Environment } from '../config/environment.ts';

export const usage = `Sightline: live cameras in the browser, within a tenth of a second.

  sightline start [--config FILE]         run the relay; without a file, with two demo cameras
  sightline check-config FILE             check a configuration and say what it does
  sightline tokens [--config FILE]        show the tokens of this relay
  sightline top [--config FILE]           show streams, gauges and alerts of the running relay, live
  sightline report --day [--config FILE]  say what happened in the last 24 hours, by the kept events
  sightline help                          show this text
  sightline --version                     show the version

${configFileVariable} names the configuration file where --config does not.
docs/CONFIGURATION.md lists every key and variable.
`;

export type Command =
  | { readonly name: 'start' | 'tokens' | 'top' | 'report'; readonly configFile: string | undefined }
  | { readonly name: 'check-config'; readonly configFile: string }
  | { readonly name: 'help' | 'version' };

export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const names = ['start', 'check-config', 'tokens', 'top', 'report', 'help'];

/** Throws UsageError. */
export function parseCommandLine(args: readonly string[], environment: Environment): Command {
  const { values, positionals } = parse(args);
  const [name = 'help', ...rest] = positionals;
  if (values.version === true) return { name: 'version' };
  if (values.help === true || name === 'help') return { name: 'help' };

  const fromOutside = values.config ?? (environment[configFileVariable] || undefined);
  switch (name) {
    case 'start':
    case 'tokens':
    case 'top':
    case 'report':
      if (rest.length > 0)
        throw new UsageError(`"${rest[0]}" is too much; did you mean --config ${rest[0]}?`);
      if (name === 'report' && values.day !== true)
        throw new UsageError('report wants a period; write report --day');
      if (name !== 'report' && values.day === true) throw new UsageError('--day is for report only');
      return { name, configFile: fromOutside };
    case 'check-config': {
      const configFile = rest[0] ?? fromOutside;
      if (configFile === undefined || rest.length > 1) throw new UsageError('check-config wants one file');
      return { name, configFile };
    }
    default: {
      const hint = nearest(name, names);
      throw new UsageError(
        `There is no command "${name}"${hint === undefined ? '' : `; did you mean ${hint}?`}`,
      );
    }
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        config: { type: 'string', short: 'c' },
        day: { type: 'boolean' },
        version: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
