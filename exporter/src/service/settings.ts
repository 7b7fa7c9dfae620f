import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import type { CollectorName } from '../known-labels.ts';
import { collectorNames } from '../known-labels.ts';
import { isLoopback } from './access.ts';

export const serviceUsage = `Sightline exporter: metrics of this host, for Prometheus.

  npm run exporter -- [options]

  --address ADDRESS     address to listen on (127.0.0.1)       SIGHTLINE_EXPORTER_ADDRESS
  --port PORT           port (8642); 0: the system chooses     SIGHTLINE_EXPORTER_PORT
  --access-file FILE    file with the token that readers need  SIGHTLINE_EXPORTER_ACCESS_FILE
  --on NAMES            collectors to switch on: cpu-cores     SIGHTLINE_EXPORTER_ON
  --off NAMES           collectors to switch off               SIGHTLINE_EXPORTER_OFF
  --host-root FOLDER    in a container: where / of the host is  SIGHTLINE_EXPORTER_HOST_ROOT
  --relay URL           a relay to watch: up, streams          SIGHTLINE_EXPORTER_RELAY
  --token-file FILE     file with the relay's view token       SIGHTLINE_EXPORTER_TOKEN_FILE
  --version, --help

Names are separated by commas. Options win over variables. /metrics, /health, /ready and /live answer.
Collectors: ${collectorNames.join(', ')}.
`;

export interface ServiceSettings {
  readonly address: string;
  readonly port: number;
  /** What readers present; undefined only on loopback. Never log it. */
  readonly accessToken: string | undefined;
  readonly on: readonly CollectorName[];
  readonly off: readonly CollectorName[];
  /** Where the host's / is mounted; undefined when this process is on the host itself. */
  readonly hostRoot: string | undefined;
  readonly relay: { readonly url: URL; readonly token: string | undefined } | undefined;
}

export type Command =
  { readonly name: 'run'; readonly settings: ServiceSettings } | { readonly name: 'help' | 'version' };

/** Names the option, the problem and the remedy; never shows a token. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

const options = {
  address: { type: 'string' },
  port: { type: 'string' },
  'access-file': { type: 'string' },
  on: { type: 'string' },
  off: { type: 'string' },
  'host-root': { type: 'string' },
  relay: { type: 'string' },
  'token-file': { type: 'string' },
  version: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

type TextOption = {
  [K in keyof typeof options]: (typeof options)[K]['type'] extends 'string' ? K : never;
}[keyof typeof options];

/** Throws SettingsError. */
export function readSettings(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Command {
  const given = parse(args);
  if (given.help === true) return { name: 'help' };
  if (given.version === true) return { name: 'version' };
  const value = (option: TextOption): string | undefined =>
    given[option] ??
    (environment[`SIGHTLINE_EXPORTER_${option.toUpperCase().replaceAll('-', '_')}`] || undefined);

  const address = value('address') ?? '127.0.0.1';
  if (isIP(address) === 0)
    throw new SettingsError(`--address: "${address}" is no IP address; write 127.0.0.1, 0.0.0.0 or ::`);
  const accessToken = readToken('--access-file', value('access-file'));
  if (accessToken === undefined && !isLoopback(address))
    throw new SettingsError(
      `--address: ${address} opens the metrics to others; give them a token with --access-file FILE`,
    );
  return {
    name: 'run',
    settings: {
      address,
      port: toPort(value('port') ?? '8642'),
      accessToken,
      on: toCollectors('--on', value('on')),
      off: toCollectors('--off', value('off')),
      hostRoot: toHostRoot(value('host-root')),
      relay: toRelay(value('relay'), value('token-file')),
    },
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new SettingsError(error instanceof Error ? error.message : String(error));
  }
}

function toPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) throw new SettingsError(`--port: "${text}" is no port; use 0 to 65535`);
  return port;
}

function toCollectors(option: string, text: string | undefined): CollectorName[] {
  return (text ?? '').split(',').flatMap((part) => {
    const name = part.trim();
    if (name === '') return [];
    const known = collectorNames.find((candidate) => candidate === name);
    if (known === undefined)
      throw new SettingsError(`${option}: there is no collector "${name}"; use ${collectorNames.join(', ')}`);
    return [known];
  });
}

function toHostRoot(folder: string | undefined): string | undefined {
  if (folder === undefined) return undefined;
  try {
    readFileSync(join(folder, 'proc/1/mountinfo'));
    return folder;
  } catch (error) {
    throw new SettingsError(
      `--host-root: ${folder}/proc/1/mountinfo cannot be read (${codeOf(error)}); mount / of the host there, with all that is mounted below it`,
    );
  }
}

function toRelay(text: string | undefined, tokenFile: string | undefined): ServiceSettings['relay'] {
  if (text === undefined) return undefined;
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw new SettingsError('--relay: this is no web address; write http://host:8640/');
  const url = new URL(text.endsWith('/') ? text : `${text}/`);
  if (url.username !== '' || url.password !== '')
    throw new SettingsError(
      '--relay: the address holds credentials; put the token into a file, --token-file FILE',
    );
  return { url, token: readToken('--token-file', tokenFile) };
}

function readToken(option: string, file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  let text: string;
  try {
    text = readFileSync(file, 'utf8').slice(0, 4096).trim();
  } catch (error) {
    throw new SettingsError(
      `${option}: ${file} cannot be read (${codeOf(error)}); check the path and the permissions`,
    );
  }
  if (!/^[A-Za-z0-9._~+/-]{16,512}=*$/.test(text))
    throw new SettingsError(`${option}: ${file} holds no token; use 16 to 512 of A-Z a-z 0-9 . _ ~ + / -`);
  return text;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}
