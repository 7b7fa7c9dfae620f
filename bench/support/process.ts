import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

export interface StartOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** A line of stdout that matches says that the program is up. Without it, `start` resolves at once. */
  readonly ready?: RegExp;
  readonly readyTimeoutMs?: number;
  /** Open a pipe for messages as well: `child.send`. */
  readonly hasIpc?: boolean;
}

export interface RunningProcess {
  readonly pid: number;
  readonly child: ChildProcess;
  /** What `ready` matched. */
  readonly readyMatch: RegExpMatchArray | undefined;
  /** The end of its stderr and of its stdout up to now, for error messages. */
  output(): string;
  onLine(listener: (line: string) => void): void;
  onExit(listener: (message: string) => void): void;
  writeLine(line: string): void;
  /** SIGTERM, then SIGKILL after 3 s. Resolves when the process is gone. */
  stop(): Promise<void>;
}

const running = new Set<ChildProcessWithoutNullStreams>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));

const keptOutputCharacters = 4000;

export async function startProcess(options: StartOptions): Promise<RunningProcess> {
  // Three pipes at least, so none of its streams is null.
  const child = spawn(options.command, options.args, {
    stdio: options.hasIpc ? ['pipe', 'pipe', 'pipe', 'ipc'] : 'pipe',
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...process.env, ...options.env },
  }) as ChildProcessWithoutNullStreams;
  running.add(child);
  let output = '';
  let over = false;
  const keep = (text: string): void => {
    output = (output + text).slice(-keptOutputCharacters);
  };
  const exited = new Promise<string>((resolve) => {
    const end = (message: string): void => {
      over = true;
      running.delete(child);
      resolve(message);
    };
    child.once('exit', (code, signal) => end(`${options.command} ended with ${signal ?? code}\n${output}`));
    child.once('error', (error) => end(`${options.command} cannot start: ${error.message}`));
  });
  child.stderr.setEncoding('utf8').on('data', keep);
  child.stdin.on('error', () => undefined); // a child that has gone says so by its exit
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => keep(`${line.slice(0, 500)}\n`));

  const stop = async (): Promise<void> => {
    if (over) return;
    child.kill('SIGTERM');
    await Promise.race([exited, delay(3000, undefined, { ref: false })]);
    if (over) return;
    child.kill('SIGKILL');
    await exited;
  };

  let readyMatch: RegExpMatchArray | undefined;
  const { ready } = options;
  if (ready) {
    const timeoutMs = options.readyTimeoutMs ?? 15_000;
    const abort = new AbortController();
    const seen = new Promise<undefined>((resolve) => {
      lines.on('line', (line) => {
        readyMatch ??= ready.exec(line) ?? undefined;
        if (readyMatch) resolve(undefined);
      });
    });
    const late = delay(timeoutMs, `${options.command} was not ready in ${timeoutMs} ms`, {
      ref: false,
      signal: abort.signal,
    }).catch(() => undefined);
    const problem = await Promise.race([seen, exited, late]);
    abort.abort();
    if (problem !== undefined) {
      await stop();
      throw new Error(`${problem}\n${output}`);
    }
  }
  if (child.pid === undefined) throw new Error(await exited);
  return {
    pid: child.pid,
    child,
    readyMatch,
    output: () => output,
    onLine: (listener) => void lines.on('line', listener),
    onExit: (listener) => void exited.then(listener),
    writeLine: (line) => void child.stdin.write(`${line}\n`),
    stop,
  };
}

export interface CpuUse {
  /** The scheduler's own account, summed over all threads that live now. */
  readonly totalSeconds: number;
  /** Sampled by the clock tick (10 ms): a split, not a measurement. */
  readonly userSeconds: number;
  readonly kernelSeconds: number;
}

const clockTicksPerSecond = 100;

/** What the process has used so far. Threads that ended in between are missing from `totalSeconds`. */
export function cpuUse(pid: number): CpuUse {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
    } catch {
      // it ended since the directory was read
    }
  }
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // proc(5): fields 14 and 15, counted from behind the command's name, which may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    totalSeconds: nanoseconds / 1e9,
    userSeconds: Number(fields[11]) / clockTicksPerSecond,
    kernelSeconds: Number(fields[12]) / clockTicksPerSecond,
  };
}

/** All threads of a process run on this core alone from now on (taskset of util-linux). */
export function pinToCore(pid: number, core: number): void {
  const result = spawnSync('taskset', ['-a', '-p', '-c', String(core), String(pid)], { encoding: 'utf8' });
  if (result.status !== 0)
    throw new Error(`taskset cannot pin ${pid} to core ${core}: ${result.error?.message ?? result.stderr}`);
}

export const cpuSeconds = (pid: number): number => cpuUse(pid).totalSeconds;

/** Resident memory in bytes, exact (smaps), not the kernel's batched counter. */
export function residentBytes(pid: number): number {
  const kilobytes = /^Rss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1];
  if (kilobytes === undefined) throw new Error(`/proc/${pid}/smaps_rollup has no Rss`);
  return Number(kilobytes) * 1024;
}

export const openFiles = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;
