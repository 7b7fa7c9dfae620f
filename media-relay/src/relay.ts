import { join } from 'node:path';

import type { LogCounter } from '@sightline/exporter';

import type { Authoriser } from './auth/authoriser.ts';
import { createAuthoriser } from './auth/authoriser.ts';
import { createGrafanaVerifier } from './auth/grafana-identity.ts';
import type { StoredToken } from './auth/token-file.ts';
import { loadTokenFile, tokenFileName } from './auth/token-file.ts';
import type { TokenSpec } from './auth/tokens.ts';
import { TokenBook } from './auth/tokens.ts';
import { buildPages } from './client/build.ts';
import type { ConfigDiff } from './config/diff.ts';
import type { ReloadCause, ReloadResult } from './config/keeper.ts';
import { ConfigKeeper } from './config/keeper.ts';
import type { Config } from './config/schema.ts';
import { secretsOf, secretsOfUrl } from './config/secrets.ts';
import { watchConfigFile } from './config/watch.ts';
import { startEngine } from './engine/engine-client.ts';
import type { EngineEvent, EngineSpec } from './engine/messages.ts';
import { RestartingEngine } from './engine/restarting-engine.ts';
import { healthOf } from './health.ts';
import type { AdminResult, HttpDeps } from './http/deps.ts';
import type { HttpServer } from './http/server.ts';
import { createHttpServer } from './http/server.ts';
import { systemClock } from './media/clock.ts';
import { listenFailure, StartError, stateDirFailure } from './start-error.ts';
import { RelayStreams } from './stream-directory.ts';
import { EventLog, eventsFileName } from './telemetry/events.ts';
import type { Logger } from './telemetry/log.ts';
import { RelayMetrics } from './telemetry/metrics/relay-metrics.ts';
import { PrometheusRange } from './telemetry/prometheus-range.ts';

export interface RelayOptions {
  readonly config: Config;
  /** Reads the configuration again; rejects with ConfigError. */
  readonly loadConfig: () => Promise<Config>;
  /** Watched for changes; undefined with the built-in configuration. */
  readonly configFile: string | undefined;
  readonly version: string;
  readonly log: Logger;
  /** Counts what the log writes. */
  readonly logs: LogCounter;
  /** Those of the log: the relay adds what it learns. */
  readonly secrets: Set<string>;
}

export interface Relay {
  /** Where the wall page is, as a browser on this host reaches it. */
  readonly url: string;
  readonly mediaPort: number;
  readonly tokenFile: string;
  reload(cause: ReloadCause): Promise<ReloadResult>;
  /** Refuses new viewers, says goodbye to the others, keeps what has to be kept. Idempotent. */
  close(reason: string): Promise<void>;
}

/** Wires the parts together; nobody else does. Rejects with StartError when something outside is in the way. */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  const { config, configFile, version, log, logs, secrets } = options;
  await using started = new AsyncDisposableStack();
  const warn = (message: string): void => log.warn(message);

  const stored = await loadTokenFile(config.stateDir, { warn }).catch((error: unknown) => {
    throw stateDirFailure(error, config.stateDir);
  });
  remember(secrets, config, stored);
  const tokens = new TokenBook(tokensOf(config, stored));
  let authoriser = authoriserOf(config, tokens, log);

  const events = await EventLog.open({
    path: join(config.stateDir, eventsFileName),
    clock: systemClock,
    warn,
  });
  started.defer(() => events.close());

  const engine = await startRestartingEngine(config, log, () => metrics.engineDied());
  started.defer(() => engine.close());
  engine.onEvent((event) => {
    events.recordEngine(event);
    logEvent(log, event);
  });
  const streams = new RelayStreams(engine);
  streams.replaceConfigured(config.streams, [...config.streams.keys()], []);

  let isStopping = false;
  const health = () =>
    healthOf({
      isEngineRunning: engine.isRunning,
      isStopping,
      snapshot: engine.snapshot(),
      alerts: metrics.alerts,
      nowMs: systemClock(),
    });
  const metrics = new RelayMetrics({
    streams,
    engine,
    health,
    isStopping: () => isStopping,
    logs,
    collectors: config.metrics,
    alerts: config.alerts,
    longRange: config.prometheus.url === undefined ? undefined : new PrometheusRange(config.prometheus.url),
    version,
    clock: systemClock,
    log,
  });
  started.defer(() => metrics.close());

  const keeper = new ConfigKeeper({
    initial: config,
    load: options.loadConfig,
    apply(next, diff) {
      remember(secrets, next, stored);
      tokens.replace(tokensOf(next, stored));
      authoriser = authoriserOf(next, tokens, log);
      streams.replaceConfigured(
        next.streams,
        [...diff.addedStreams, ...diff.changedStreams],
        diff.removedStreams,
      );
      log.level = next.log.level;
      events.record({ kind: 'config-change', ...changesOf(diff) });
    },
    onError: (message) => events.record({ kind: 'config-error', message }),
    log,
  });
  const reload = async (cause: ReloadCause): Promise<ReloadResult> => {
    const result = await keeper.reload(cause);
    metrics.reloaded(result.ok);
    return result;
  };

  const deps: HttpDeps = {
    engine,
    streams,
    events,
    auth: { identify: (request) => authoriser.identify(request) },
    admin: {
      addStream(stream) {
        for (const secret of secretsOfUrl(stream.url)) secrets.add(secret);
        return Promise.resolve(streams.add(stream));
      },
      removeStream: (name) => Promise.resolve(streams.remove(name)),
      reload: async () => adminResult(await reload('api')),
    },
    metrics,
    pages: await buildPages(),
    log,
    clock: systemClock,
    version,
    corsOrigins: config.http.corsOrigins,
    health,
  };
  const http = await listen(deps, config);
  started.defer(() => http.close());

  const watching = new AbortController();
  started.defer(() => watching.abort());
  if (configFile !== undefined) {
    const onChange = async (): Promise<void> => {
      await reload('file');
    };
    await watchConfigFile({ file: configFile, onChange, warn, signal: watching.signal });
    // For a change between the first reading and now.
    await reload('start');
  }
  events.record({ kind: 'relay-start', version });

  const stack = started.move();
  let closing: Promise<void> | undefined;
  async function close(reason: string): Promise<void> {
    isStopping = true;
    watching.abort();
    events.record({ kind: 'relay-stop', reason });
    // Together: requests that wait for the engine end with it, and neither has to wait for the other.
    await Promise.allSettled([http.close(), engine.close()]);
    await stack.disposeAsync();
  }
  return {
    url: http.url,
    mediaPort: engine.mediaPort,
    tokenFile: join(config.stateDir, tokenFileName),
    reload,
    close: (reason) => (closing ??= close(reason)),
  };
}

function startRestartingEngine(
  { media }: Config,
  log: Logger,
  onDeath: () => void,
): Promise<RestartingEngine> {
  const spec: EngineSpec = {
    mediaPort: media.port,
    mediaAddresses: media.addresses,
    announcedAddresses: media.announce,
  };
  return RestartingEngine.start({
    start: (mediaPort = media.port, onCrash) =>
      startEngine({
        spec: { ...spec, mediaPort },
        log: (level, message, fields) => log[level](fields, message),
        onCrash,
      }),
    onCrash(error, restartInMs) {
      onDeath();
      log.error({ err: error, restartInMs }, 'the media engine died; starting it again');
    },
    clock: systemClock,
  }).catch((error: unknown) => {
    throw new StartError(
      `The media engine cannot start: ${error instanceof Error ? error.message : 'unknown error'}`,
      {
        cause: error,
      },
    );
  });
}

async function listen(deps: HttpDeps, { http: { address: host, port, tls } }: Config): Promise<HttpServer> {
  const server = createHttpServer(deps, { host, port, tls });
  try {
    await server.listen();
    return server;
  } catch (error) {
    throw listenFailure(error, host, port);
  }
}

function remember(secrets: Set<string>, config: Config, stored: readonly StoredToken[]): void {
  for (const secret of secretsOf(config)) secrets.add(secret);
  for (const { secret } of stored) secrets.add(secret);
}

function tokensOf(config: Config, stored: readonly StoredToken[]): TokenSpec[] {
  const configured = config.tokens.map(({ name, token, permissions, streams, forGrafana }) => ({
    name,
    secret: token,
    grants: permissions.map((permission) => ({ permission, streams })),
    forGrafana,
  }));
  return [...stored, ...configured];
}

function authoriserOf({ access, grafana }: Config, tokens: TokenBook, log: Logger): Authoriser {
  return createAuthoriser({
    tokens,
    rules: access,
    verifyGrafanaIdentity:
      grafana.url === undefined ? undefined : createGrafanaVerifier({ url: grafana.url }),
    debug: (message) => log.debug(message),
  });
}

function changesOf(diff: ConfigDiff) {
  const { addedStreams: added, removedStreams: removed, changedStreams, relabelledStreams } = diff;
  return { added, removed, changed: [...changedStreams, ...relabelledStreams] };
}

function adminResult(result: ReloadResult): AdminResult {
  return result.ok ? { ok: true } : { ok: false, code: 'config-invalid', detail: result.message };
}

const eventLevels = {
  'stream-up': 'info',
  'stream-down': 'warn',
  'stream-stalled': 'warn',
  'stream-refused': 'warn',
  'stream-warning': 'warn',
  reconnect: 'info',
  'viewer-joined': 'info',
  'viewer-left': 'info',
} as const satisfies Record<EngineEvent['kind'], 'info' | 'warn'>;

function logEvent(log: Logger, event: EngineEvent): void {
  // A session's id lets its holder end the session: a part of it tells two apart as well.
  const session = 'sessionId' in event ? { session: event.sessionId.slice(0, 8) } : {};
  const { atMs: _atMs, kind, ...fields } = event;
  log[eventLevels[kind]]({ ...fields, sessionId: undefined, ...session }, kind);
}
