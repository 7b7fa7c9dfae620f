import { networkInterfaces } from 'node:os';
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
import { secretsOfStream } from './config/secrets.ts';
import { watchConfigFile } from './config/watch.ts';
import type { AdmissionLimits } from './engine/admission.ts';
import { AdmittingEngine } from './engine/admitting-engine.ts';
import { startEngine } from './engine/engine-client.ts';
import { EnginePool } from './engine/engine-pool.ts';
import type { EngineEvent, EngineSnapshot, EngineSpec } from './engine/messages.ts';
import { RestartingEngine, type Crash } from './engine/restarting-engine.ts';
import { threadSpec } from './engine/thread-spec.ts';
import { healthOf } from './health.ts';
import { HostMeter } from './host-limits.ts';
import type { AdminResult, HttpDeps } from './http/deps.ts';
import type { HttpServer } from './http/server.ts';
import { createHttpServer } from './http/server.ts';
import { systemClock } from './media/clock.ts';
import { startPictures } from './pictures/pictures.ts';
import { engineFailure, listenFailure, StartError, stateDirFailure } from './start-error.ts';
import { RelayStreams } from './stream-directory.ts';
import { EventLog, eventsFileName } from './telemetry/events.ts';
import type { KnownSecrets } from './telemetry/known-secrets.ts';
import type { Logger } from './telemetry/log.ts';
import { RelayMetrics } from './telemetry/metrics/relay-metrics.ts';
import { PrometheusRange } from './telemetry/prometheus-range.ts';
import { requireLocal } from './webrtc/addresses.ts';

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
  readonly secrets: KnownSecrets;
  /** As EngineSpec has it; no configuration says it. */
  readonly unpaced?: boolean;
}

export interface Relay {
  /** Where the wall page is, as a browser on this host reaches it. */
  readonly url: string;
  readonly mediaPort: number;
  readonly tokenFile: string;
  /** Of all media threads, a second old at most; undefined at first. */
  snapshot(): EngineSnapshot | undefined;
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
  rememberTokens(secrets, config, stored);
  const tokens = tokenBookOf(config, stored);
  let authoriser = authoriserOf(config, tokens, log);

  const events = await EventLog.open({
    path: join(config.stateDir, eventsFileName),
    clock: systemClock,
    warn,
  });
  started.defer(() => events.close());

  // A thread may die before there is anybody to count it.
  let counter: RelayMetrics | undefined;
  const pool = await startEngines(options, (error, crash) => {
    counter?.engineDied();
    if (crash.wasRunning)
      events.record({ kind: 'engine-restart', thread: crash.index, reason: error.message });
    const fields = { err: error, thread: crash.index, restartInMs: crash.restartInMs };
    log.error(fields, 'the media engine died; starting it again');
  });
  const meter = new HostMeter();
  started.defer(() => meter.close());
  const engine = new AdmittingEngine({
    engine: pool,
    limits: limitsOf(config),
    streamLimitsOf: (name) => streams.limitsOf(name),
    threadOf: (name) => pool.threadOf(name),
    readLoad: () => meter.read(),
    clock: systemClock,
    random: Math.random,
  });
  started.defer(() => engine.close());
  engine.onEvent((event) => {
    events.recordEngine(event);
    logEvent(log, event);
  });
  const pictures = await startPictures({
    config,
    engine,
    clock: systemClock,
    log,
    onFlag(stream, flag, on) {
      events.record({ kind: `picture-${flag}`, stream, on });
      log[on ? 'warn' : 'info']({ stream, on }, `picture-${flag}`);
    },
  });
  started.defer(() => pictures.close());
  const streams = new RelayStreams({
    setStream(spec) {
      secrets.set(ownerOf(spec.name), secretsOfStream(spec));
      pictures.forget(spec.name);
      engine.setStream(spec);
    },
    removeStream(name) {
      secrets.set(ownerOf(name), []);
      pictures.forget(name);
      engine.removeStream(name);
    },
  });
  streams.replaceConfigured(config.streams, [...config.streams.keys()], []);

  let isStopping = false;
  const health = () =>
    healthOf({
      engines: pool.running,
      isStopping,
      snapshot: engine.snapshot(),
      isFull: engine.fullHost.length > 0,
      alerts: metrics.alerts,
      nowMs: systemClock(),
    });
  const metrics = new RelayMetrics({
    streams,
    engine: {
      snapshot: () => engine.snapshot(),
      get isRunning() {
        return pool.running.running > 0;
      },
    },
    pictures,
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
  counter = metrics;
  started.defer(() => metrics.close());

  const keeper = new ConfigKeeper({
    initial: config,
    load: options.loadConfig,
    apply(next, diff) {
      tokens.replace(tokensOf(next, stored));
      rememberTokens(secrets, next, stored);
      authoriser = authoriserOf(next, tokens, log);
      streams.replaceConfigured(
        next.streams,
        [...diff.addedStreams, ...diff.changedStreams],
        diff.removedStreams,
      );
      engine.setLimits(limitsOf(next));
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
      addStream: (stream) => Promise.resolve(streams.add(stream)),
      removeStream: (name) => Promise.resolve(streams.remove(name)),
      reload: async () => adminResult(await reload('api')),
    },
    pictures,
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
    // HTTP goes on while viewers get their goodbye, so that whoever asks for a picture now is told to come later.
    await Promise.allSettled([pictures.close(), engine.close()]);
    await Promise.allSettled([http.close()]);
    await stack.disposeAsync();
  }
  return {
    url: http.url,
    mediaPort: engine.mediaPort,
    tokenFile: join(config.stateDir, tokenFileName),
    snapshot: () => engine.snapshot(),
    reload,
    close: (reason) => (closing ??= close(reason)),
  };
}

function limitsOf({
  limits: { viewers, bitrate: bitrateBps, memory: memoryShare },
}: Config): AdmissionLimits {
  return { viewers, bitrateBps, memoryShare };
}

async function startEngines(
  { config: { engine, media }, log, unpaced = false }: RelayOptions,
  onCrash: (error: Error, crash: Crash) => void,
): Promise<EnginePool> {
  const spec: EngineSpec = {
    mediaPort: media.port,
    mediaAddresses: media.addresses,
    announcedAddresses: media.announce,
    unpaced,
  };
  const startThread = (index: number): Promise<RestartingEngine> => {
    const own = threadSpec(spec, index);
    return RestartingEngine.start({
      index,
      start: (mediaPort = own.mediaPort, onThreadCrash) =>
        startEngine({
          spec: { ...own, mediaPort },
          log: (level, message, fields) => log[level](fields, message),
          onCrash: onThreadCrash,
        }),
      onCrash,
      clock: systemClock,
    });
  };
  try {
    requireLocal(networkInterfaces(), media.addresses);
    return await EnginePool.start(engine.threads, startThread);
  } catch (error) {
    throw engineFailure(error, { port: media.port, threads: engine.threads });
  }
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

function rememberTokens(secrets: KnownSecrets, config: Config, stored: readonly StoredToken[]): void {
  secrets.set(
    'tokens',
    tokensOf(config, stored).map(({ secret }) => secret),
  );
}

/** No stream's secrets are those of the tokens, however it is called. */
function ownerOf(stream: string): string {
  return `stream ${stream}`;
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

/** Among themselves those of the configuration differ; one can still be one of the first start. */
function tokenBookOf(config: Config, stored: readonly StoredToken[]): TokenBook {
  try {
    return new TokenBook(tokensOf(config, stored));
  } catch (error) {
    const problem = error instanceof Error ? error.message : 'the tokens cannot be used';
    throw new StartError(`${problem}; give each a token of its own.`, { cause: error });
  }
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
