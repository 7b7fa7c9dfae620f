/**
 * One ffmpeg, as little trusted as what it decodes: fed by standard input only, in a process group of its own, with limited
 * memory, at low priority, first to die when memory runs out, and without the relay's environment.
 */
import { spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

export interface FfmpegProcess {
  readonly stdin: Writable;
  /** When it is gone, whatever ended it. */
  readonly ended: Promise<FfmpegEnd>;
  /** Ends the whole process group at once. Idempotent. */
  kill(): void;
}

export interface FfmpegEnd {
  /** It could not be started, or did not end with status 0: why, for the log. */
  readonly problem: string | undefined;
}

export interface FfmpegOptions {
  readonly path: string;
  readonly arguments: readonly string[];
  readonly onOutput: (bytes: Buffer) => void;
  /** What it writes to its file descriptor 3. */
  readonly onSide?: ((bytes: Buffer) => void) | undefined;
}

/** Address space, of which the program's libraries take 300 MB, and private memory: 4K needs 80 MB. */
const addressSpaceKiB = 1024 * 1024;
const dataKiB = 384 * 1024;

/**
 * A constant text: path and arguments are passed beside it, so nothing of them is ever read by the shell. It sets limits
 * before ffmpeg begins, with what every POSIX system has; a limit that cannot be set is not.
 */
const script = [
  `{ ulimit -c 0; ulimit -v ${addressSpaceKiB}; ulimit -d ${dataKiB}; echo 900 > /proc/self/oom_score_adj; } 2>/dev/null`,
  'exec nice -n 10 "$@"',
].join('; ');

const keptWords = 2000;

/** Throws Error when the system has no process or no file descriptors to spare. */
export function startFfmpeg({ path, arguments: args, onOutput, onSide }: FfmpegOptions): FfmpegProcess {
  const isPosix = process.platform !== 'win32';
  const [command, commandArguments] = isPosix
    ? ['/bin/sh', ['-c', script, 'sh', path, ...args]]
    : [path, [...args]];
  const child = spawn(command, commandArguments, {
    stdio: ['pipe', 'pipe', 'pipe', onSide === undefined ? 'ignore' : 'pipe'],
    detached: isPosix,
    windowsHide: true,
    cwd: '/',
    env: smallEnvironment(),
  });
  let words = '';
  const ended = new Promise<FfmpegEnd>((resolve) => {
    child.once('error', (error) => resolve({ problem: error.message }));
    child.once('close', (code, signal) =>
      resolve({ problem: code === 0 ? undefined : `ended with ${signal ?? code}: ${words.trim()}` }),
    );
  });
  // Where file descriptors run out Node makes no pipes, whatever its types say.
  const pipes = child.stdio as unknown as
    readonly [Writable, Readable, Readable, Readable | null] | undefined;
  if (pipes === undefined) throw new Error('there are no file descriptors for its pipes');
  const [stdin, stdout, stderr, side] = pipes;
  stderr.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-keptWords);
  });
  stdout.on('data', onOutput);
  if (onSide !== undefined) side?.on('data', onSide);
  // Whoever hung up says why by ending.
  for (const pipe of pipes) pipe?.on('error', () => undefined);

  let isOver = false;
  void ended.then(() => (isOver = true));

  return {
    stdin,
    ended,
    kill() {
      if (isOver || child.pid === undefined) return;
      try {
        if (isPosix) process.kill(-child.pid, 'SIGKILL');
        else child.kill('SIGKILL');
      } catch {
        // It went by itself.
      }
    },
  };
}

/** Tokens and camera passwords may stand in the relay's own. */
function smallEnvironment(): Record<string, string> {
  const kept = ['PATH', 'LD_LIBRARY_PATH', 'SystemRoot'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(kept), LC_ALL: 'C', AV_LOG_FORCE_NOCOLOR: '1' };
}
