import type { HostFiles } from '../host-files.ts';
import type { Collector } from '../source.ts';

/** /proc/loadavg (proc_loadavg(5)). */
export function loadCollector(files: HostFiles): Collector {
  return {
    name: 'load',
    collect(out) {
      const fields = files.read('proc/loadavg')?.split(' ') ?? [];
      if (fields.length < 3) return;
      out.set('sightline_host_load1', Number(fields[0]));
      out.set('sightline_host_load5', Number(fields[1]));
      out.set('sightline_host_load15', Number(fields[2]));
    },
  };
}
