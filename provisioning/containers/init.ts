/**
 * Runs before the other containers of docker-compose.yml, at every `up`: makes the secrets that are missing, hands each container its own as
 * files that its user alone may read, and writes Grafana's alerting with the contact points that the environment names. Says where
 * to read the secrets, never what they are. Twice is as good as once.
 */
import { randomBytes } from 'node:crypto';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { loadTokenFile } from '../../media-relay/src/auth/token-file.ts';
import type { Environment } from '../src/contact-points.ts';
import { writeAlerting } from '../src/write-alerting.ts';

/** Users of the images, as numbers: each reads its own files and nobody else's. */
export const users = { relay: 1000, exporter: 1000, grafana: 472, prometheus: 65_534 } as const;

export interface InitFolders {
  /** State of the relay. */
  readonly state: string;
  /** One folder per container, mounted at /var/lib/sightline-secrets in it. */
  readonly handover: string;
  /** What Grafana reads as provisioning/alerting. */
  readonly alerting: string;
}

export interface InitOptions {
  readonly environment: Environment;
  readonly say: (line: string) => void;
  /** Replaced where the tests are not root. */
  readonly chown?: (path: string, user: number) => void;
}

/** Rejects with Error when a folder cannot be written, or a variable of the alerting is wrong. */
export async function init(
  { state, handover, alerting }: InitFolders,
  { environment, say, chown = (path, user) => chownSync(path, user, user) }: InitOptions,
): Promise<void> {
  const tokens = await loadTokenFile(state, { warn: say });
  const token = (name: string): string => {
    const found = tokens.find((candidate) => candidate.name === name);
    if (found === undefined)
      throw new Error(`tokens.json holds no token "${name}"; delete the file: all are made anew.`);
    return found.secret;
  };
  chown(state, users.relay);
  for (const name of readdirSync(state)) chown(join(state, name), users.relay);

  const hand = (user: keyof typeof users, name: string, secret: string): void =>
    writeSecret(join(handover, user, name), secret, (path) => chown(path, users[user]));
  const keep = (user: keyof typeof users, name: string): void =>
    hand(user, name, readSecret(join(handover, user, name)) ?? randomBytes(32).toString('base64url'));

  keep('grafana', 'grafana-admin-password');
  keep('grafana', 'grafana-secret-key');
  hand('grafana', 'grafana-token', token('grafana'));
  // Prometheus asks relay and exporter with the same one.
  hand('prometheus', 'prometheus-token', token('prometheus'));
  hand('exporter', 'prometheus-token', token('prometheus'));

  writeAlerting(alerting, environment);
  for (const name of readdirSync(alerting)) chown(join(alerting, name), users.grafana);

  say('Grafana: http://localhost:3000/, user admin. Its first password:');
  say('  docker compose exec grafana cat /var/lib/sightline-secrets/grafana-admin-password');
  say('Relay: http://localhost:8640/, for those who have a token:');
  say('  docker compose exec relay node media-relay/src/main.ts tokens');
}

function readSecret(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8').trim() || undefined : undefined;
}

/** Whole or not at all: who reads it meanwhile reads the old one. */
function writeSecret(path: string, secret: string, own: (path: string) => void): void {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.new`;
  writeFileSync(temporary, `${secret}\n`, { mode: 0o400 });
  own(temporary);
  renameSync(temporary, path);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folders = { state: '/var/lib/sightline', handover: '/handover', alerting: '/handover/alerting' };
  try {
    await init(folders, { environment: process.env, say: (line) => process.stdout.write(`${line}\n`) });
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
