/** What this process may really use: the host's figures cut down by its cgroup, v1 or v2. */
import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';

export interface HostLimits {
  /** Cores; a fraction where a quota says so. */
  readonly cpus: number;
  readonly memoryBytes: number;
}

export interface HostFacts {
  readonly cpus: number;
  readonly memoryBytes: number;
  /** Text of a file, undefined where there is none. */
  readonly read: (path: string) => string | undefined;
}

const systemFacts = (): HostFacts => ({
  cpus: availableParallelism(),
  memoryBytes: totalmem(),
  read(path) {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return undefined;
    }
  },
});

export function hostLimits(facts: HostFacts = systemFacts()): HostLimits {
  const places = cgroupPlaces(facts.read('/proc/self/cgroup') ?? '');
  const memory = places.memory.flatMap((folder) =>
    ['memory.max', 'memory.limit_in_bytes'].map((file) => numberOf(facts.read(`${folder}/${file}`))),
  );
  const cpus = places.cpu.map((folder) => quotaOf(folder, facts.read));
  return {
    cpus: Math.min(facts.cpus, ...cpus.filter((value) => value !== undefined)),
    memoryBytes: Math.min(facts.memoryBytes, ...memory.filter((value) => value !== undefined)),
  };
}

/** Folders whose limits hold for this process: its own cgroup and all above it, and the mount as containers see it. */
function cgroupPlaces(text: string): { memory: string[]; cpu: string[] } {
  const memory = new Set<string>();
  const cpu = new Set<string>();
  for (const line of text.split('\n')) {
    // cgroups(7): hierarchy-ID:controller-list:path; v2 has an empty list.
    const [, controllers = '', path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === undefined) continue;
    for (const folder of upwards(path)) {
      if (controllers === '') {
        for (const root of ['/sys/fs/cgroup', '/sys/fs/cgroup/unified']) {
          memory.add(root + folder);
          cpu.add(root + folder);
        }
      } else {
        const names = controllers.split(',');
        if (names.includes('memory')) memory.add(`/sys/fs/cgroup/memory${folder}`);
        if (names.includes('cpu'))
          for (const mount of ['cpu', 'cpu,cpuacct']) cpu.add(`/sys/fs/cgroup/${mount}${folder}`);
      }
    }
  }
  return { memory: [...memory], cpu: [...cpu] };
}

/** `/a/b`, `/a`, and the root as an empty text. */
function upwards(path: string): string[] {
  const steps = path.split('/').filter((step) => step !== '' && step !== '..');
  return [...steps.keys(), steps.length].map((count) =>
    steps
      .slice(0, count)
      .map((step) => `/${step}`)
      .join(''),
  );
}

function quotaOf(folder: string, read: HostFacts['read']): number | undefined {
  const [quota, period] = (
    read(`${folder}/cpu.max`) ??
    `${read(`${folder}/cpu.cfs_quota_us`)} ${read(`${folder}/cpu.cfs_period_us`)}`
  )
    .trim()
    .split(/\s+/)
    .map(Number);
  const cpus = (quota ?? NaN) / (period ?? NaN);
  return cpus > 0 && Number.isFinite(cpus) ? cpus : undefined;
}

function numberOf(text: string | undefined): number | undefined {
  const value = text === undefined ? NaN : Number(text.trim());
  return value > 0 ? value : undefined;
}
