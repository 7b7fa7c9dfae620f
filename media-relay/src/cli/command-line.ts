import { parseArgs } from 'node:util';

import { configFileVariable } from '../config/environment.ts';
import { nearest } from '../config/nearest.ts';
import type { Environment } from '../config/environment.ts';
import type { CapacityOptions } from './capacity.ts';

export const usage = `Sightline: live cameras in the browser, within a tenth of a second.

  sightline start [--config FILE]         run the relay; without a file, with two demo cameras
  sightline check-config FILE             check a configuration and say what it does
  sightline tokens [--config FILE]        show the tokens of this relay
  sightline top [--config FILE]           show streams, gauges and alerts of the running relay, live
  sightline report --day [--config FILE]  say what happened in the last 24 hours, by the kept events
  sightline capacity [--config FILE]      measure this host and say how many cameras and viewers it bears
            [--quick] [--json | --metrics] [--bitrate 4M] [--host-price-per-year PRICE]
  sightline help                          show this text
  sightline --version                     show the version

${configFileVariable} names the configuration file where --config does not.
docs/CONFIGURATION.md lists every key and variable.
`;

export type Command =
  | { readonly name: 'start' | 'tokens' | 'top' | 'report'; readonly configFile: string | undefined }
  | { readonly name: 'check-config'; readonly configFile: string }
  | ({ readonly name: 'capacity' } & CapacityOptions)
  | { readonly name: 'help' | 'version' };

export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const names = ['start', 'check-config', 'tokens', 'top', 'report', 'capacity', 'help'];

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
      refuseCapacityOptions(values);
      return { name, configFile: fromOutside };
    case 'capacity':
      if (rest.length > 0)
        throw new UsageError(`"${rest[0]}" is too much; did you mean --config ${rest[0]}?`);
      if (values.day === true) throw new UsageError('--day is for report only');
      return { name, configFile: fromOutside, ...capacityOptions(values) };
    case 'check-config': {
      const configFile = rest[0] ?? fromOutside;
      if (configFile === undefined || rest.length > 1) throw new UsageError('check-config wants one file');
      refuseCapacityOptions(values);
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

type Values = ReturnType<typeof parse>['values'];

const capacityOnly = ['quick', 'json', 'metrics', 'bitrate', 'host-price-per-year'] as const;

function refuseCapacityOptions(values: Values): void {
  const found = capacityOnly.find((name) => values[name] !== undefined);
  if (found !== undefined) throw new UsageError(`--${found} is for capacity only`);
}

function capacityOptions(values: Values): Omit<CapacityOptions, 'configFile'> {
  if (values.json === true && values.metrics === true)
    throw new UsageError('--json and --metrics exclude each other; leave one out');
  return {
    format: values.json === true ? 'json' : values.metrics === true ? 'metrics' : 'text',
    isQuick: values.quick === true,
    bitrateBps: values.bitrate === undefined ? 4_000_000 : bitrateOf(values.bitrate),
    hostPricePerYear: priceOf(values['host-price-per-year']),
  };
}

function bitrateOf(text: string): number {
  const [, digits = '', unit = ''] = /^(\d{1,9}(?:\.\d{1,6})?)([kM]?)$/.exec(text) ?? [];
  const bps = Number(digits) * ({ k: 1e3, M: 1e6 }[unit] ?? 1);
  if (digits === '' || bps < 50_000 || bps > 100e6)
    throw new UsageError(`--bitrate ${text} must be from 50k to 100M bits per second, like 4M or 800k`);
  return Math.round(bps);
}

function priceOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,9}(\.\d{1,2})?$/.test(text) || Number(text) === 0)
    throw new UsageError(`--host-price-per-year ${text} must be a number above 0, like 480 or 479.90`);
  return Number(text);
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        config: { type: 'string', short: 'c' },
        day: { type: 'boolean' },
        quick: { type: 'boolean' },
        json: { type: 'boolean' },
        metrics: { type: 'boolean' },
        bitrate: { type: 'string' },
        'host-price-per-year': { type: 'string' },
        version: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
