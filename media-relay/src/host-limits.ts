/**
 * What this process may use of its host, on the main thread: memory against the effective limit, which is the least of the
 * host's memory and the limits of its control groups (v2 and v1), and how busy the thread is. Kernel documentation:
 * admin-guide/cgroup-v2.rst, admin-guide/cgroup-v1/memory.rst.
 */
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { performance, type EventLoopUtilization } from 'node:perf_hooks';

export interface MemoryReading {
  readonly limitBytes: number;
  /** Of what counts against that limit: resident memory, or the control group's working set when that is more. */
  readonly usedBytes: number;
}

export interface HostReading {
  readonly memory: MemoryReading;
  /** Of the calling thread's event loop since the last reading, 0..1. */
  readonly mainUtilisation: number;
}

/** Text of a file of /proc or /sys; undefined when it cannot be read. */
export type ReadFile = (path: string) => string | undefined;

/** Reads a handful of small kernel files: well under a millisecond. */
export class HostMeter {
  readonly #read: ReadFile;
  #utilisation: EventLoopUtilization = performance.eventLoopUtilization();

  constructor(read: ReadFile = readText) {
    this.#read = read;
  }

  read(): HostReading {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#utilisation);
    this.#utilisation = now;
    const memory = readMemory(this.#read, process.memoryUsage.rss(), totalmem());
    return { memory, mainUtilisation: utilization };
  }
}

interface GroupFiles {
  readonly root: string;
  readonly limit: string;
  readonly usage: string;
  /** Of memory.stat: page cache that the kernel gives back before anything else. */
  readonly inactiveFile: string;
}

const v2: GroupFiles = {
  root: '/sys/fs/cgroup',
  limit: 'memory.max',
  usage: 'memory.current',
  inactiveFile: 'inactive_file',
};
const v1: GroupFiles = {
  root: '/sys/fs/cgroup/memory',
  limit: 'memory.limit_in_bytes',
  usage: 'memory.usage_in_bytes',
  inactiveFile: 'total_inactive_file',
};

/** The tightest of all limits above this process, by share used. */
export function readMemory(read: ReadFile, residentBytes: number, hostBytes: number): MemoryReading {
  const readings: MemoryReading[] = [];
  for (const { files, path } of groupsOf(read('/proc/self/cgroup') ?? '')) {
    for (const folder of upwards(path)) {
      const reading = readGroup(read, files, `${files.root}${folder}`);
      // v1 says "no limit" by a number beyond any memory.
      if (reading !== undefined && reading.limitBytes < hostBytes) readings.push(reading);
    }
  }
  const limitBytes = Math.min(hostBytes, ...readings.map((reading) => reading.limitBytes));
  const own = { limitBytes, usedBytes: residentBytes };
  return readings.reduce((worst, reading) => (share(reading) > share(worst) ? reading : worst), own);
}

const share = ({ usedBytes, limitBytes }: MemoryReading): number => usedBytes / limitBytes;

function readGroup(read: ReadFile, files: GroupFiles, folder: string): MemoryReading | undefined {
  const limitBytes = toBytes(read(`${folder}/${files.limit}`));
  const usage = toBytes(read(`${folder}/${files.usage}`));
  if (limitBytes === undefined || usage === undefined) return undefined;
  const stat = read(`${folder}/memory.stat`) ?? '';
  const inactive = toBytes(new RegExp(`^${files.inactiveFile} (\\d+)$`, 'm').exec(stat)?.[1]) ?? 0;
  return { limitBytes, usedBytes: Math.max(0, usage - inactive) };
}

/** Lines of /proc/self/cgroup: `0::/path` (v2), `4:memory:/path` (v1); see cgroups(7). */
function groupsOf(text: string): { files: GroupFiles; path: string }[] {
  return text.split('\n').flatMap((line) => {
    const [, id, controllers, path] = /^(\d+):([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === undefined || path.split('/').includes('..')) return [];
    if (id === '0' && controllers === '') return [{ files: v2, path }];
    return controllers?.split(',').includes('memory') ? [{ files: v1, path }] : [];
  });
}

/** `/a/b`, `/a`, `` : a container often sees its own group as the root, whatever its path is outside. */
function upwards(path: string): string[] {
  const steps = path.split('/').filter((step) => step !== '');
  return Array.from({ length: steps.length + 1 }, (_, up) =>
    steps
      .slice(0, steps.length - up)
      .map((step) => `/${step}`)
      .join(''),
  );
}

/** `max` and everything that is not a number is no limit. */
function toBytes(text: string | undefined): number | undefined {
  const trimmed = text?.trim() ?? '';
  return /^\d+$/.test(trimmed) ? Number(trimmed) : undefined;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
