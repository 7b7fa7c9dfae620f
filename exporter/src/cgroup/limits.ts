// What limits a control group, and how much of it is used: cgroup-v2.rst; cgroup-v1/memory.rst; scheduler/sched-bwc.rst.
import type { HostFiles } from '../host-files.ts';
import { numberAfter, toNumber } from '../host-files.ts';
import type { ControllerGroup } from './locate.ts';

/** What version 1 writes for "no limit": the largest whole number of pages. */
const unlimitedBytes = 2 ** 62;

export interface MemoryLimit {
  readonly directory: string;
  readonly bytes: number;
}

/** The limits of the own group and of those around it; none for those that have none. */
export function memoryLimits(files: HostFiles, { version, directories }: ControllerGroup): MemoryLimit[] {
  const file = version === 1 ? 'memory.limit_in_bytes' : 'memory.max';
  return directories.flatMap((directory) => {
    const bytes = toNumber(files.read(`${directory}/${file}`));
    return bytes !== undefined && bytes > 0 && bytes < unlimitedBytes ? [{ directory, bytes }] : [];
  });
}

/** Quota by period, in cores, the smallest one. Version 1 keeps them in two files (-1: no quota), version 2 in one (`max 100000`). */
export function cpuLimitCores(
  files: HostFiles,
  { version, directories }: ControllerGroup,
): number | undefined {
  return smallestLimit(directories.map((directory) => quotaCores(files, version, directory)));
}

/** The smallest of the limits from the own group up to the top; undefined when nothing limits. */
export function smallestLimit(limits: readonly (number | undefined)[]): number | undefined {
  const known = limits.filter((limit) => limit !== undefined && limit > 0);
  return known.length === 0 ? undefined : Math.min(...(known as number[]));
}

export interface MemoryUse {
  /** Page cache included; undefined where there is no such group. */
  readonly usageBytes: number | undefined;
  /** As Kubernetes and cAdvisor have it: usage without file pages that nobody touched for a while. */
  readonly workingSetBytes: number | undefined;
  /** memory.stat */
  readonly stat: string;
}

export function memoryUse(files: HostFiles, version: 1 | 2, directory: string): MemoryUse {
  const usageBytes = toNumber(
    files.read(`${directory}/${version === 1 ? 'memory.usage_in_bytes' : 'memory.current'}`),
  );
  const stat = files.read(`${directory}/memory.stat`) ?? '';
  const inactiveBytes = numberAfter(stat, version === 1 ? 'total_inactive_file' : 'inactive_file') ?? 0;
  return {
    usageBytes,
    workingSetBytes: usageBytes === undefined ? undefined : Math.max(0, usageBytes - inactiveBytes),
    stat,
  };
}

function quotaCores(files: HostFiles, version: 1 | 2, directory: string): number | undefined {
  const quota = version === 2 ? readPair(files, directory) : readTwo(files, directory);
  const { quotaUs, periodUs } = quota;
  return quotaUs === undefined || periodUs === undefined || quotaUs < 0 || periodUs <= 0
    ? undefined
    : quotaUs / periodUs;
}

function readPair(files: HostFiles, directory: string) {
  const [quotaUs, periodUs] = (files.read(`${directory}/cpu.max`) ?? '').split(' ').map(toNumber);
  return { quotaUs, periodUs };
}

function readTwo(files: HostFiles, directory: string) {
  const quotaUs = toNumber(files.read(`${directory}/cpu.cfs_quota_us`));
  const periodUs = toNumber(files.read(`${directory}/cpu.cfs_period_us`));
  return { quotaUs, periodUs };
}
