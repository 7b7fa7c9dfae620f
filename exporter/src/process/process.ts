import { readdirSync, statSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';

import type { HostFiles } from '../host-files.ts';
import type { Samples } from '../samples.ts';
import type { Collector } from '../source.ts';

/** Kinds of resources that Node names; a bound, should it ever name more. */
const maxKinds = 40;

/** This process: time, memory, files, and what keeps it busy. */
export function processCollector(files: HostFiles): Collector {
  const startedSeconds = (performance.timeOrigin ?? Date.now()) / 1000;
  const maxFds = openFilesLimit(files.read('proc/self/limits'));
  const heapLimitBytes = getHeapStatistics().heap_size_limit;
  return {
    name: 'process',
    collect(out) {
      const { user, system } = process.cpuUsage();
      out.set('process_cpu_user_seconds_total', user / 1e6);
      out.set('process_cpu_system_seconds_total', system / 1e6);
      out.set('process_cpu_seconds_total', (user + system) / 1e6);
      out.set('process_start_time_seconds', startedSeconds);
      out.set('process_open_fds', openFiles());
      out.set('process_max_fds', maxFds);
      collectMemory(out, heapLimitBytes);
      collectResources(out);
    },
  };
}

function collectMemory(out: Samples, heapLimitBytes: number): void {
  const { rss, heapTotal, heapUsed, external } = process.memoryUsage();
  out.set('process_resident_memory_bytes', rss);
  out.set('nodejs_heap_size_total_bytes', heapTotal);
  out.set('nodejs_heap_size_used_bytes', heapUsed);
  out.set('nodejs_external_memory_bytes', external);
  out.set('sightline_heap_limit_bytes', heapLimitBytes);
}

function collectResources(out: Samples): void {
  const counts = new Map<string, number>();
  for (const resource of process.getActiveResourcesInfo())
    counts.set(resource, (counts.get(resource) ?? 0) + 1);
  if (counts.size === 0) counts.set('None', 0);
  for (const [resource, count] of [...counts].slice(0, maxKinds))
    out.set('sightline_active_resources', count, { resource });
}

/** Since Linux 6.2 the size of the directory is their number; before, it is 0 and they are counted. */
function openFiles(): number | undefined {
  try {
    const { size } = statSync('/proc/self/fd');
    return size > 0 ? size : readdirSync('/proc/self/fd').length;
  } catch {
    return undefined;
  }
}

function openFilesLimit(limits: string | undefined): number | undefined {
  const soft = /^Max open files +(\d+)/m.exec(limits ?? '')?.[1];
  return soft === undefined ? undefined : Number(soft);
}
