import type { MetricName } from '../catalogue.ts';
import type { HostFiles } from '../host-files.ts';
import type { Collector } from '../source.ts';

const fields = {
  MemTotal: 'sightline_host_memory_total_bytes',
  MemFree: 'sightline_host_memory_free_bytes',
  MemAvailable: 'sightline_host_memory_available_bytes',
  Buffers: 'sightline_host_memory_buffers_bytes',
  Cached: 'sightline_host_memory_cached_bytes',
  Dirty: 'sightline_host_memory_dirty_bytes',
  Slab: 'sightline_host_memory_slab_bytes',
  SwapTotal: 'sightline_host_swap_total_bytes',
  SwapFree: 'sightline_host_swap_free_bytes',
} as const satisfies Readonly<Record<string, MetricName>>;

/** /proc/meminfo (proc_meminfo(5)), whose "kB" are 1,024 bytes. */
export function memoryCollector(files: HostFiles): Collector {
  return {
    name: 'memory',
    collect(out) {
      for (const line of files.read('proc/meminfo')?.split('\n') ?? []) {
        const key = line.slice(0, Math.max(0, line.indexOf(':')));
        if (!Object.hasOwn(fields, key)) continue;
        const kibibytes = Number.parseInt(line.slice(key.length + 1), 10);
        out.set(fields[key as keyof typeof fields], kibibytes * 1024);
      }
    },
  };
}
