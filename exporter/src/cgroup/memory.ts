import type { HostFiles } from '../host-files.ts';
import { numberAfter, toNumber, toTable } from '../host-files.ts';
import { memoryEvents } from '../known-labels.ts';
import type { Samples } from '../samples.ts';
import type { ControllerGroup } from './locate.ts';

/** What version 1 writes for "no limit": the largest whole number of pages. */
const unlimitedBytes = 2 ** 62;

/** The smallest of the limits from the own group up to the top; undefined when nothing limits. */
export function smallestLimit(
  limits: readonly (number | undefined)[],
  unlimited = Infinity,
): number | undefined {
  const known = limits.filter((limit) => limit !== undefined && limit > 0 && limit < unlimited);
  return known.length === 0 ? undefined : Math.min(...(known as number[]));
}

/** cgroup-v1/memory.rst and cgroup-v2.rst "Memory Interface Files". */
export function collectMemory(
  files: HostFiles,
  { version, directories }: ControllerGroup,
  out: Samples,
): void {
  const [own = ''] = directories;
  const read = (file: string): string | undefined => files.read(`${own}/${file}`);
  const limits = (file: string): (number | undefined)[] =>
    directories.map((directory) => toNumber(files.read(`${directory}/${file}`)));
  const stat = read('memory.stat') ?? '';
  if (version === 1) {
    const usage = toNumber(read('memory.usage_in_bytes'));
    out.set(
      'sightline_cgroup_memory_limit_bytes',
      smallestLimit(limits('memory.limit_in_bytes'), unlimitedBytes),
    );
    tell(out, usage, numberAfter(stat, 'total_inactive_file'));
    out.set('sightline_cgroup_memory_peak_bytes', toNumber(read('memory.max_usage_in_bytes')));
    out.set('sightline_cgroup_memory_swap_bytes', numberAfter(stat, 'total_swap'));
    const kills = numberAfter(read('memory.oom_control') ?? '', 'oom_kill');
    out.set('sightline_cgroup_memory_events_total', kills, { event: 'oom_kill' });
    const hits = toNumber(read('memory.failcnt'));
    out.set('sightline_cgroup_memory_events_total', hits, { event: 'max' });
    return;
  }
  out.set('sightline_cgroup_memory_limit_bytes', smallestLimit(limits('memory.max')));
  out.set('sightline_cgroup_memory_high_bytes', smallestLimit(limits('memory.high')));
  tell(out, toNumber(read('memory.current')), numberAfter(stat, 'inactive_file'));
  out.set('sightline_cgroup_memory_peak_bytes', toNumber(read('memory.peak')));
  out.set('sightline_cgroup_memory_swap_bytes', toNumber(read('memory.swap.current')));
  const events = toTable(read('memory.events') ?? '');
  for (const event of memoryEvents)
    out.set('sightline_cgroup_memory_events_total', events.get(event), { event });
}

/** The working set as Kubernetes and cAdvisor have it: usage without file pages that nobody touched for a while. */
function tell(out: Samples, usage: number | undefined, inactiveFile: number | undefined): void {
  out.set('sightline_cgroup_memory_usage_bytes', usage);
  if (usage !== undefined)
    out.set('sightline_cgroup_memory_working_set_bytes', Math.max(0, usage - (inactiveFile ?? 0)));
}
