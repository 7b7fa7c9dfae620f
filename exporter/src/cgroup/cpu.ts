import type { HostFiles } from '../host-files.ts';
import { toNumber, toTable } from '../host-files.ts';
import type { Samples } from '../samples.ts';
import type { ControllerGroup } from './locate.ts';

export function collectCpu(files: HostFiles, { version, directories }: ControllerGroup, out: Samples): void {
  const [own = ''] = directories;
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

function scaled(value: number | undefined, perSecond: number): number | undefined {
  return value === undefined ? undefined : value / perSecond;
}
