import { LogCounter } from '@sightline/exporter';

import type { Environment } from '../config/environment.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { systemClock } from '../media/clock.ts';
import type { Relay } from '../relay.ts';
import { startRelay } from '../relay.ts';
import { logFileFailure } from '../start-error.ts';
import { KnownSecrets } from '../telemetry/known-secrets.ts';
import { createLog } from '../telemetry/log.ts';
import type { Logger } from '../telemetry/log.ts';
import { RotatingFile } from '../telemetry/rotating-file.ts';
import type { FollowHangUps } from './hang-ups.ts';

/** Longer, and whoever stops the relay would kill it. */
const stopWithinMs = 9_500;

/** What only tests and benches want. */
export interface StartHooks {
  /** Gets the relay as soon as it runs. */
  readonly onStarted?: (relay: Relay) => void;
  readonly unpaced?: boolean;
}

/** Runs the relay until a signal ends it. Rejects with ConfigError or StartError when it cannot start. */
export async function start(
  configFile: string | undefined,
  environment: Environment,
  version: string,
  followHangUps: FollowHangUps,
  { onStarted, unpaced = false }: StartHooks = {},
): Promise<void> {
  // Whoever read the log is gone; the viewers are not.
  for (const output of [process.stdout, process.stderr]) output.on('error', () => undefined);
  const config = await loadConfig(configFile, environment);
  const secrets = new KnownSecrets(systemClock);
  const logs = new LogCounter();
  const file = await openLogFile(config.log.file);
  const log = createLog({ ...config.log, file, secrets, count: (level) => logs.count(level) });
  endOnUnforeseenErrors(log);
  const stop = stopOnSignals(log);

  const relay = await startRelay({
    config,
    loadConfig: () => loadConfig(configFile, environment),
    configFile,
    version,
    log,
    logs,
    secrets,
    unpaced,
  });
  onStarted?.(relay);
  followHangUps(() => void relay.reload('signal'));
  log.info(
    {
      version,
      url: relay.url,
      mediaPort: relay.mediaPort,
      threads: config.engine.threads,
      streams: config.streams.size,
    },
    'relay started',
  );
  for (const line of banner(relay, config)) log.info(line);

  await relay.close(await stop);
  log.info('relay stopped');
  await file?.close();
  process.exit(0);
}

async function openLogFile(settings: Config['log']['file']): Promise<RotatingFile | undefined> {
  if (settings === undefined) return undefined;
  const { path, maxSizeMB, keepFiles } = settings;
  const file = await RotatingFile.open({
    path,
    maxBytes: maxSizeMB * 1024 * 1024,
    keepFiles,
    // Days and file names are the system's, and so are the times of the file that is there.
    clock: () => Date.now(),
    // The log itself would come back here.
    warn: (message) => process.stderr.write(`${message}\n`),
  }).catch((error: unknown) => {
    throw logFileFailure(error, path);
  });
  process.on('exit', () => file.flushNow());
  return file;
}

function banner(relay: Relay, { streams, http }: Config): string[] {
  const names = [...streams.keys()];
  const shown =
    names.length > 8 ? `${names.slice(0, 8).join(', ')} and ${names.length - 8} more` : names.join(', ');
  const isLocal = ['127.0.0.1', '::1'].includes(http.address);
  return [
    `Open ${relay.url} to watch ${names.length === 0 ? '(no streams are configured yet)' : shown}`,
    isLocal
      ? 'It answers to this host only; http.address opens it to others, who need a token.'
      : 'Other hosts need a token.',
    `Tokens are in ${relay.tokenFile}; "npm run sightline -- tokens" shows them.`,
  ];
}

/** Resolves with the name of the first signal; the same one may come twice, from a terminal and from npm. */
function stopOnSignals(log: Logger): Promise<string> {
  return new Promise((resolve) => {
    const begin = (signal: string): void => {
      log.info({ signal }, 'stopping');
      setTimeout(() => {
        log.error('stopping took too long; what is left is cut off');
        process.exit(1);
      }, stopWithinMs).unref();
      resolve(signal);
    };
    let isFirst = true;
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.on(signal, () => {
        if (isFirst) begin(signal);
        isFirst = false;
      });
  });
}

function endOnUnforeseenErrors(log: Logger): void {
  process.on('uncaughtException', (error, origin) => {
    log.error({ err: error, origin }, 'unforeseen error; the relay ends');
    process.exit(1);
  });
}
