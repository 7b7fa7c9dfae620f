/** The real relay as its users start it: a process with a configuration file, reached by HTTP only. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, vi } from 'vitest';
import type { RelayEvent } from '../../src/telemetry/events.ts';
import type { StreamView } from '../../src/http/schemas.ts';
import { RelayObserver } from '../../src/testing/relay-observer.ts';
import { freePort } from './free-port.ts';

export type StreamsConfig = Readonly<Record<string, string | Readonly<Record<string, unknown>>>>;

export interface TestRelayOptions {
  /** Media threads; each has a port of its own. */
  readonly threads?: number;
  /** With a back door for this process: see `observer`. */
  readonly isObserved?: boolean;
  /** Nobody reads its standard error, as when the `tee` behind it is gone. */
  readonly isErrorOutputGone?: boolean;
  /** Keys of the configuration besides those that a test relay sets itself. */
  readonly config?: object;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Exit {
  readonly code: number | null;
  readonly tookMs: number;
}

const main = new URL('../../src/main.ts', import.meta.url).pathname;
const observed = new URL('../../src/testing/observed-relay.ts', import.meta.url).pathname;
const startTimeoutMs = 15_000;
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export class TestRelay implements AsyncDisposable {
  readonly port: number;
  readonly #folder = mkdtempSync(join(tmpdir(), 'sightline-e2e-'));
  readonly #options: TestRelayOptions;
  #child: ChildProcess | undefined;
  #observer: RelayObserver | undefined;
  #log = '';
  #mediaPort = 0;

  static async start(streams: StreamsConfig, options: TestRelayOptions = {}): Promise<TestRelay> {
    const relay = new TestRelay(await freePort(), options);
    relay.writeConfig(streams, options.config);
    await relay.start();
    return relay;
  }

  private constructor(port: number, options: TestRelayOptions) {
    this.port = port;
    this.#options = options;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/`;
  }

  /** Of the first media thread, since it started: the system chose it, for what is free on TCP may be taken on UDP. */
  get mediaPort(): number {
    return this.#mediaPort;
  }

  /** Everything that it wrote so far, standard error included. */
  get log(): string {
    return this.#log;
  }

  /** A running relay takes the change over by itself. */
  writeConfig(streams: StreamsConfig, more: object = {}): void {
    const config = {
      http: { port: this.port },
      engine: { threads: this.#options.threads ?? 1 },
      media: { port: 0, addresses: ['127.0.0.1'] },
      stateDir: join(this.#folder, 'state'),
      log: { level: 'debug', format: 'json' },
      ...more,
      streams,
    };
    // JSON is YAML.
    writeFileSync(join(this.#folder, 'sightline.yaml'), JSON.stringify(config, undefined, 2));
  }

  /** On the HTTP port of the last time. Resolves once it says that it has started. */
  async start(): Promise<void> {
    const before = this.#log.length;
    const config = join(this.#folder, 'sightline.yaml');
    const { isObserved = false, isErrorOutputGone = false } = this.#options;
    const child = isObserved
      ? spawn(process.execPath, ['--expose-gc', observed, config], {
          stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        })
      : spawn(process.execPath, [main, 'start', '--config', config], { stdio: ['ignore', 'pipe', 'pipe'] });
    if (isErrorOutputGone) child.stderr?.destroy();
    this.#child = child;
    this.#observer = isObserved ? new RelayObserver(child) : undefined;
    running.add(child);
    child.once('exit', () => running.delete(child));
    for (const output of [child.stdout, child.stderr])
      output?.setEncoding('utf8').on('data', (piece: string) => (this.#log += piece));
    const deadlineMs = performance.now() + startTimeoutMs;
    while (!this.#log.includes('"relay started"', before)) {
      if (child.exitCode !== null || performance.now() > deadlineMs) {
        child.kill('SIGKILL');
        throw new Error(`The relay did not start:\n${this.#log.slice(before)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    this.#mediaPort = Number(/"mediaPort":(\d+)/.exec(this.#log.slice(before))?.[1]);
  }

  /** The back door of a relay that was started with `isObserved`. */
  get observer(): RelayObserver {
    if (this.#observer === undefined) throw new Error('it is not observed');
    return this.#observer;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    const child = this.#child;
    if (child === undefined) throw new Error('it does not run');
    this.#child = undefined;
    const startMs = performance.now();
    const closed = once(child, 'close');
    child.kill(signal);
    const last = setTimeout(() => child.kill('SIGKILL'), 15_000);
    await closed;
    clearTimeout(last);
    return { code: child.exitCode, tookMs: performance.now() - startMs };
  }

  /** The path goes out as it is written here. A connection of its own, so that none lingers. */
  ask(path: string, { method = 'GET', headers = {}, body }: Ask = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const asking = request(
        { host: '127.0.0.1', port: this.port, path, method, headers, agent: false },
        (response) => {
          text(response).then(
            (body) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
            reject,
          );
        },
      );
      asking.once('error', reject);
      asking.end(body);
    });
  }

  offer(stream: string, sdp: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.ask(`/api/v1/whep/${stream}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/sdp', ...headers },
      body: sdp,
    });
  }

  /** Path of a session, from the answer that made it. */
  sessionPath(answer: Answer): string {
    return `/api/v1/whep/${answer.headers.location ?? ''}`;
  }

  async stream(name: string): Promise<StreamView> {
    return JSON.parse((await this.ask(`/api/v1/streams/${name}`)).body) as StreamView;
  }

  async events(query = ''): Promise<RelayEvent[]> {
    const { body } = await this.ask(`/api/v1/events${query}`);
    return (JSON.parse(body) as { events: RelayEvent[] }).events;
  }

  /** Resolves once all of them are. */
  async live(...names: readonly string[]): Promise<void> {
    for (const name of names) await this.#until(name, (stream) => expect(stream.state).toBe('live'));
  }

  /** Resolves once the stream has so many. A busy browser may kill a page that is closed: 30 s of silence end its session. */
  viewers(name: string, count: number): Promise<void> {
    return this.#until(name, (stream) => expect(stream.viewers).toBe(count), 40_000);
  }

  #until(name: string, check: (stream: StreamView) => void, timeout = 15_000): Promise<void> {
    return vi.waitFor(async () => check(await this.stream(name)), { timeout, interval: 50 });
  }

  /** Of the state file, by name. */
  token(name: 'admin' | 'grafana' | 'prometheus'): string {
    const file = readFileSync(join(this.#folder, 'state', 'tokens.json'), 'utf8');
    const { tokens } = JSON.parse(file) as { tokens: { name: string; secret: string }[] };
    const found = tokens.find((token) => token.name === name);
    if (found === undefined) throw new Error(`no token ${name}`);
    return found.secret;
  }

  /** Without those of the kernel that the exporter keeps open: they are bounded by themselves. */
  get openFiles(): number {
    const folder = `/proc/${this.#child?.pid}/fd`;
    return readdirSync(folder).filter((name) => {
      try {
        return !/^\/(proc|sys)\//.test(readlinkSync(`${folder}/${name}`));
      } catch {
        return false;
      }
    }).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child !== undefined) await this.stop('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
