/** Somebody else's server as a child process: started, ready when its address answers 200, its log kept, ended with this process. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

const startTimeoutMs = 30_000;
const stopTimeoutMs = 30_000;
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export class Service implements AsyncDisposable {
  readonly #child: ChildProcess;
  #log = '';

  static async start(program: string, args: readonly string[], readyUrl: string): Promise<Service> {
    const service = new Service(program, args);
    const deadlineMs = performance.now() + startTimeoutMs;
    for (;;) {
      if (service.#hasEnded || performance.now() > deadlineMs) {
        await service.stop('SIGKILL');
        throw new Error(`${program} did not start:\n${service.#log}`);
      }
      const isReady = await fetch(readyUrl).then(
        async (response) => (await response.arrayBuffer(), response.ok),
        () => false,
      );
      if (isReady) return service;
      await delay(50);
    }
  }

  private constructor(program: string, args: readonly string[]) {
    this.#child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(this.#child);
    this.#child.once('error', (error) => (this.#log += error.message));
    this.#child.once('exit', () => running.delete(this.#child));
    for (const output of [this.#child.stdout, this.#child.stderr])
      output?.setEncoding('utf8').on('data', (piece: string) => (this.#log += piece));
  }

  /** Both outputs so far. */
  get log(): string {
    return this.#log;
  }

  get #hasEnded(): boolean {
    const { pid, exitCode, signalCode } = this.#child;
    return pid === undefined || exitCode !== null || signalCode !== null;
  }

  /** Resolves when it is gone. Nothing happens when it is gone already. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.#hasEnded) return;
    const closed = once(this.#child, 'close');
    this.#child.kill(signal);
    const last = setTimeout(() => this.#child.kill('SIGKILL'), stopTimeoutMs);
    await closed;
    clearTimeout(last);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL');
  }
}
