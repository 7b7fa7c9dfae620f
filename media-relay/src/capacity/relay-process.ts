/** A relay of our own to be measured: a process as users start it, on loopback, in a folder that is removed afterwards. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { MetricName } from '@sightline/exporter';
import { StartError } from '../start-error.ts';

const startTimeoutMs = 20_000;
const askTimeoutMs = 5_000;
const liveTimeoutMs = 15_000;
const main = fileURLToPath(new URL('../main.ts', import.meta.url));

/** What its /metrics tell: all figures of the media thread are of the same second. */
export interface Reading {
  readonly mediaCpuSeconds: number;
  readonly processCpuSeconds: number;
  readonly framesIn: number;
  readonly packetsOut: number;
  readonly residentBytes: number;
  readonly arenaBytes: number;
}

export class RelayProcess {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #tokens = new Map<string, string>();
  #url = '';
  #isOver = false;

  /** Rejects with StartError; nothing is left then. */
  static async start(): Promise<RelayProcess> {
    const folder = mkdtempSync(join(tmpdir(), 'sightline-capacity-'));
    const config = join(folder, 'relay.yaml');
    const stateDir = join(folder, 'state');
    // JSON is YAML.
    const settings = {
      http: { port: 0, address: '127.0.0.1' },
      media: { port: 0, addresses: ['127.0.0.1'] },
      // A picture check in the middle of a window would be measured as something else.
      pictureHealth: { everySeconds: 0 },
      stateDir,
      log: { level: 'info', format: 'json' },
      streams: {},
    };
    writeFileSync(config, JSON.stringify(settings));
    const child = spawn(process.execPath, [main, 'start', '--config', config], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: withoutOurVariables(process.env),
    });
    const relay = new RelayProcess(child, folder);
    try {
      relay.#url = await started(child);
      const { tokens } = JSON.parse(readFileSync(join(stateDir, 'tokens.json'), 'utf8')) as {
        tokens: { name: string; secret: string }[];
      };
      for (const { name, secret } of tokens) relay.#tokens.set(name, secret);
      return relay;
    } catch (error) {
      await relay.close();
      throw error;
    }
  }

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
    for (const event of ['exit', 'error']) child.once(event, () => (this.#isOver = true));
    // Also when a signal ends this process: then nobody can wait any more.
    process.once('exit', this.#killNow);
  }

  get url(): string {
    return this.#url;
  }

  /** Resolves when all of them are live. */
  async addStreams(streams: ReadonlyMap<string, string>): Promise<void> {
    for (const [name, url] of streams)
      await this.#ask('api/v1/streams', 'admin', 'POST', { name, url, transport: 'tcp' });
    const deadlineMs = performance.now() + liveTimeoutMs;
    for (;;) {
      const { streams: views } = JSON.parse(await this.#ask('api/v1/streams', 'admin')) as {
        streams: { name: string; state: string; reason: string | null }[];
      };
      const waiting = views.find(({ name, state }) => streams.has(name) && state !== 'live');
      if (waiting === undefined) return;
      if (performance.now() > deadlineMs)
        throw new StartError(`The measured relay gets no pictures: ${waiting.reason ?? waiting.state}.`);
      await delay(100);
    }
  }

  async removeStreams(names: Iterable<string>): Promise<void> {
    for (const name of names) await this.#ask(`api/v1/streams/${name}`, 'admin', 'DELETE');
  }

  async read(): Promise<Reading> {
    const text = await this.#ask('metrics', 'prometheus');
    const sum = (name: MetricName): number => sumOf(text, name);
    return {
      mediaCpuSeconds: sum('sightline_media_thread_cpu_seconds_total'),
      processCpuSeconds: sum('process_cpu_seconds_total'),
      framesIn: sum('sightline_stream_frames_total'),
      packetsOut: sum('sightline_egress_packets_total'),
      residentBytes: sum('process_resident_memory_bytes'),
      arenaBytes: sum('sightline_media_arena_bytes'),
    };
  }

  async close(): Promise<void> {
    process.off('exit', this.#killNow);
    if (!this.#isOver) {
      const closed = once(this.#child, 'close');
      this.#child.kill('SIGTERM');
      const last = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
      await closed;
      clearTimeout(last);
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  readonly #killNow = (): void => {
    this.#child.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  };

  async #ask(path: string, token: string, method = 'GET', body?: object): Promise<string> {
    if (this.#isOver) throw new StartError('The measured relay ended by itself.');
    const response = await fetch(new URL(path, this.url), {
      method,
      headers: {
        Authorization: `Bearer ${this.#tokens.get(token) ?? ''}`,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(askTimeoutMs),
    });
    const text = await response.text();
    if (response.ok) return text;
    throw new StartError(
      `The measured relay answered ${method} /${path} with status ${response.status}: ${text.slice(0, 300)}`,
    );
  }
}

/** Sum over all series of a name, in the text of an exposition. */
export function sumOf(text: string, name: string): number {
  let sum = 0;
  for (const [, value] of text.matchAll(new RegExp(`^${name}(?:\\{[^\\n]*\\})? (\\S+)$`, 'gm')))
    sum += Number(value);
  return sum;
}

async function started(child: ChildProcess): Promise<string> {
  let words = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (words = (words + text).slice(-2000)));
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<string>((resolve, reject) => {
      const fail = (reason: string): void =>
        reject(new StartError(`The relay to be measured ${reason}. ${words}`.trim()));
      timer = setTimeout(() => fail(`did not start within ${startTimeoutMs / 1000} s`), startTimeoutMs);
      child.once('error', (error) => fail(`cannot be started: ${error.message}`));
      child.once('close', (code) => fail(`ended with ${code}`));
      if (child.stdout === null) return;
      createInterface({ input: child.stdout }).on('line', (line) => {
        const url = /"url":"([^"]+)".*"relay started"/.exec(line)?.[1];
        // By address: a name may lead to IPv6 first.
        if (url !== undefined) resolve(url.replace('localhost', '127.0.0.1'));
      });
    });
  } finally {
    clearTimeout(timer);
  }
}

/** The user's SIGHTLINE_* variables configure the user's relay. */
function withoutOurVariables(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('SIGHTLINE_')));
}
