import type { HostFiles } from '../host-files.ts';
import { toNumber, toTable } from '../host-files.ts';
import type { Samples } from '../samples.ts';
import type { ControllerGroup } from './locate.ts';
import { smallestLimit } from './memory.ts';

/** Quota by period, in cores. Version 1 keeps them in two files (-1: no quota), version 2 in one (`max 100000`). */
export function collectCpu(files: HostFiles, { version, directories }: ControllerGroup, out: Samples): void {
  const [own = ''] = directories;
  out.set(
    'sightline_cgroup_cpu_limit_cores',
    smallestLimit(directories.map((directory) => quotaCores(files, version, directory))),
  );
  const stat = toTable(files.read(`${own}/cpu.stat`) ?? '');
  out.set('sightline_cgroup_cpu_periods_total', stat.get('nr_periods'));
  out.set('sightline_cgroup_cpu_throttled_periods_total', stat.get('nr_throttled'));
  // Nanoseconds in version 1, microseconds in version 2.
  const throttled =
    version === 1 ? scaled(stat.get('throttled_time'), 1e9) : scaled(stat.get('throttled_usec'), 1e6);
  out.set('sightline_cgroup_cpu_throttled_seconds_total', throttled);
  if (version === 2) out.set('sightline_cgroup_cpu_usage_seconds_total', scaled(stat.get('usage_usec'), 1e6));
}

/** Version 1 counts the time in a controller of its own (cgroup-v1/cpuacct.rst), in nanoseconds. */
export function collectCpuTimeV1(files: HostFiles, { directories }: ControllerGroup, out: Samples): void {
  const [own = ''] = directories;
  out.set(
    'sightline_cgroup_cpu_usage_seconds_total',
    scaled(toNumber(files.read(`${own}/cpuacct.usage`)), 1e9),
  );
}

function quotaCores(files: HostFiles, version: 1 | 2, directory: string): number | undefined {
  if (version === 2) {
    const [quota, period] = (files.read(`${directory}/cpu.max`) ?? '').split(' ').map(toNumber);
    return quota === undefined || period === undefined ? undefined : quota / period;
  }
  const quota = toNumber(files.read(`${directory}/cpu.cfs_quota_us`));
  const period = toNumber(files.read(`${directory}/cpu.cfs_period_us`));
  return quota === undefined || period === undefined || quota < 0 ? undefined : quota / period;
}

function scaled(value: number | undefined, perSecond: number): number | undefined {
  return value === undefined ? undefined : value / perSecond;
}
