import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freeTcpPort } from './free-port.ts';
import { repositoryRoot } from './paths.ts';
import { startProcess } from './process.ts';
import { until } from './until.ts';

export interface RelayOptions {
  /** Name and source address of each stream. */
  readonly streams: Readonly<Record<string, string>>;
  readonly transport?: 'auto' | 'tcp' | 'udp';
}

export interface Relay {
  readonly url: string;
  readonly pid: number;
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

/** The real relay, as a user starts it, on free ports of loopback; resolves when all its streams are live. */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-relay-'));
  const port = await freeTcpPort();
  const config = path.join(folder, 'relay.yaml');
  const { transport = 'tcp' } = options;
  const streams = Object.entries(options.streams).map(([name, url]) => [name, { url, transport }] as const);
  writeFileSync(
    config,
    JSON.stringify({
      http: { port, address: '127.0.0.1' },
      media: { port: 0, addresses: ['127.0.0.1'] },
      stateDir: path.join(folder, 'state'),
      log: { level: 'warn', format: 'json' },
      streams: Object.fromEntries(streams),
    }),
  );
  const main = path.join(repositoryRoot, 'media-relay/src/main.ts');
  const process_ = await startProcess({
    command: process.execPath,
    args: [main, 'start', '--config', config],
  });
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
    await until('all streams live', liveTimeoutMs, async () => gone ?? ((await allLive(url)) || undefined));
    if (gone !== undefined) throw new Error(gone);
  } catch (error) {
    await stop();
    throw new Error(`The relay did not come up\n${process_.output()}`, { cause: error });
  }
  return { url, pid: process_.pid, stop };
}

async function allLive(url: string): Promise<boolean> {
  const response = await fetch(`${url}/api/v1/streams`);
  const { streams } = (await response.json()) as StreamList;
  const waiting = streams.filter((stream) => stream.state !== 'live');
  if (waiting[0]) throw new Error(`${waiting[0].name} is ${waiting[0].state}: ${waiting[0].reason ?? ''}`);
  return streams.length > 0;
}
