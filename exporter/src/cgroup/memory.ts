import type { HostFiles } from '../host-files.ts';
import { numberAfter, toNumber, toTable } from '../host-files.ts';
import { memoryEvents } from '../known-labels.ts';
import type { Samples } from '../samples.ts';
import { memoryUse } from './limits.ts';
import type { ControllerGroup } from './locate.ts';

/** cgroup-v1/memory.rst and cgroup-v2.rst "Memory Interface Files". */
export function collectMemory(
  files: HostFiles,
  { version, directories }: ControllerGroup,
  out: Samples,
): void {
  const [own = ''] = directories;
  const read = (file: string): string | undefined => files.read(`${own}/${file}`);
  const { usageBytes, workingSetBytes, stat } = memoryUse(files, version, own);
  out.set('sightline_cgroup_memory_usage_bytes', usageBytes);
  out.set('sightline_cgroup_memory_working_set_bytes', workingSetBytes);
  if (!out.wants('sightline_cgroup_memory_peak_bytes')) return;
  if (version === 1) {
    out.set('sightline_cgroup_memory_peak_bytes', toNumber(read('memory.max_usage_in_bytes')));
    out.set('sightline_cgroup_memory_swap_bytes', numberAfter(stat, 'total_swap'));
    const kills = numberAfter(read('memory.oom_control') ?? '', 'oom_kill');
    out.set('sightline_cgroup_memory_events_total', kills, { event: 'oom_kill' });
    const hits = toNumber(read('memory.failcnt'));
    out.set('sightline_cgroup_memory_events_total', hits, { event: 'max' });
    return;
  }
  out.set('sightline_cgroup_memory_peak_bytes', toNumber(read('memory.peak')));
  out.set('sightline_cgroup_memory_swap_bytes', toNumber(read('memory.swap.current')));
  const events = toTable(read('memory.events') ?? '');
  for (const event of memoryEvents)
    out.set('sightline_cgroup_memory_events_total', events.get(event), { event });
}
