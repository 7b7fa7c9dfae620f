import type { Environment } from '../config/environment.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { readTlsPair } from '../http/tls.ts';
import { StartError } from '../start-error.ts';

/** What the configuration does, for people. Rejects with ConfigError, or with StartError for TLS files that are wrong. */
export async function checkConfig(file: string, environment: Environment): Promise<string> {
  const config = await loadConfig(file, environment);
  if (config.http.tls !== undefined)
    await readTlsPair(config.http.tls).catch((error: unknown) => {
      throw new StartError(error instanceof Error ? error.message : 'http.tls cannot be used');
    });
  return `${file}: ok\n${summary(config)}`;
}

function summary({ http, media, streams, tokens, access, stateDir }: Config): string {
  const onDemand = [...streams.values()].filter((stream) => stream.onDemand).length;
  const demand = onDemand > 0 ? `, ${onDemand} of them on demand` : '';
  const lines = [
    `streams   ${streams.size}${demand}${streams.size > 0 ? `: ${[...streams.keys()].join(', ')}` : ''}`,
    `HTTP      ${http.tls === undefined ? 'http' : 'https'} on ${http.address}, port ${http.port}`,
    `media     port ${media.port}, UDP and TCP`,
    `tokens    ${tokens.length} besides those in ${stateDir}`,
  ];
  if (access.length > 0) lines.push(`access    ${access.length} rules for Grafana users`);
  return lines.map((line) => `  ${line}\n`).join('');
}
