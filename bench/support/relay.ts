import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { RelayObserver } from '../../media-relay/src/testing/relay-observer.ts';
import { freeTcpPort } from './free-port.ts';
import { repositoryRoot } from './paths.ts';
import { startProcess } from './process.ts';
import { until } from './until.ts';

export interface RelayOptions {
  /** Name and source address of each stream, or both of its addresses. None is fine: the API takes more. */
  readonly streams: Readonly<Record<string, string | { readonly url: string; readonly substream: string }>>;
  readonly transport?: 'auto' | 'tcp' | 'udp';
  /** For Node itself: a profiler. */
  readonly nodeArguments?: readonly string[];
  /** Media threads. */
  readonly threads?: number;
  /** Without its pacer. */
  readonly unpaced?: boolean;
  /** Enters it, with all its children to come, before it begins: a cgroup. */
  readonly cgroupProcs?: string;
  /** Streams besides, on demand: nobody watches them. */
  readonly idleStreams?: Readonly<Record<string, string>>;
}

export interface Relay {
  readonly url: string;
  readonly pid: number;
  /** Of the first start: it may do everything. */
  readonly adminToken: string;
  /** Asks what users cannot. */
  readonly observer: RelayObserver;
  /** May read /metrics. */
  readonly metricsToken: string;
  stop(): Promise<void>;
}

interface StreamList {
  readonly streams: readonly {
    readonly name: string;
    readonly state: string;
    readonly reason: string | null;
  }[];
}

const liveTimeoutMs = 20_000;
/** As the command `sightline` passes them. */
const nodeFlags = path.join(repositoryRoot, 'media-relay/node-flags.json');

/** The real relay, as a user starts it (the back door costs nothing while nobody asks), on free ports of loopback; resolves when all its streams are live. */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-relay-'));
  const port = await freeTcpPort();
  const config = path.join(folder, 'relay.yaml');
  const { transport = 'tcp', unpaced = false } = options;
  const streams = [
    ...Object.entries(options.streams).map(([name, source]) => {
      const addresses = typeof source === 'string' ? { url: source } : source;
      return [name, { ...addresses, transport }] as const;
    }),
    ...Object.entries(options.idleStreams ?? {}).map(
      ([name, url]) => [name, { url, onDemand: true }] as const,
    ),
  ];
  writeFileSync(
    config,
    JSON.stringify({
      http: { port, address: '127.0.0.1' },
      media: { port: 0, addresses: ['127.0.0.1'] },
      engine: { threads: options.threads ?? 1 },
      stateDir: path.join(folder, 'state'),
      log: { level: 'warn', format: 'json' },
      streams: Object.fromEntries(streams),
    }),
  );
  const main = path.join(repositoryRoot, 'media-relay/src/testing/observed-relay.ts');
  const process_ = await startProcess({
    ...command(options.cgroupProcs, [
      process.execPath,
      ...(JSON.parse(readFileSync(nodeFlags, 'utf8')) as string[]),
      '--expose-gc',
      ...(options.nodeArguments ?? []),
      main,
      config,
      ...(unpaced ? ['unpaced'] : []),
    ]),
    hasIpc: true,
  });
  const observer = new RelayObserver(process_.child);
  const url = `http://127.0.0.1:${port}`;
  const stop = async (): Promise<void> => {
    await process_.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  let gone: string | undefined;
  process_.onExit((message) => {
    gone = message;
  });
  try {
    await until(
      'all streams live',
      liveTimeoutMs,
      async () => gone ?? ((await allLive(url, streams.length)) || undefined),
    );
    if (gone !== undefined) throw new Error(gone);
  } catch (error) {
    await stop();
    throw new Error(`The relay did not come up\n${process_.output()}`, { cause: error });
  }
  return {
    url,
    pid: process_.pid,
    adminToken: adminTokenIn(folder),
    metricsToken: readMetricsToken(path.join(folder, 'state')),
    observer,
    stop,
  };
}

/** The shell writes its own id into `cgroup.procs` and becomes the relay. */
function command(
  cgroupProcs: string | undefined,
  [program = '', ...args]: readonly string[],
): { readonly command: string; readonly args: readonly string[] } {
  if (cgroupProcs === undefined) return { command: program, args };
  return { command: '/bin/sh', args: ['-c', 'echo $$ > "$0" && exec "$@"', cgroupProcs, program, ...args] };
}

function adminTokenIn(folder: string): string {
  const file = readFileSync(path.join(folder, 'state', 'tokens.json'), 'utf8');
  const { tokens } = JSON.parse(file) as { tokens: { name: string; secret: string }[] };
  return tokens.find(({ name }) => name === 'admin')?.secret ?? '';
}

async function allLive(url: string, count: number): Promise<boolean> {
  const response = await fetch(`${url}/api/v1/streams`);
  const { streams } = (await response.json()) as StreamList;
  const waiting = streams.filter(({ state }) => state !== 'live' && state !== 'idle');
  if (waiting[0]) throw new Error(`${waiting[0].name} is ${waiting[0].state}: ${waiting[0].reason ?? ''}`);
  return streams.length >= count;
}

interface TokenFile {
  readonly tokens: readonly { readonly name: string; readonly secret: string }[];
}

function readMetricsToken(stateDir: string): string {
  const { tokens } = JSON.parse(readFileSync(path.join(stateDir, 'tokens.json'), 'utf8')) as TokenFile;
  return tokens.find(({ name }) => name === 'prometheus')?.secret ?? '';
}
