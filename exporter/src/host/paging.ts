import type { HostFiles } from '../host-files.ts';
import { toTable } from '../host-files.ts';
import type { Collector } from '../source.ts';

/** /proc/vmstat: swapping, faults, and processes killed for want of memory. */
export function pagingCollector(files: HostFiles): Collector {
  return {
    name: 'paging',
    collect(out) {
      const table = toTable(files.read('proc/vmstat') ?? '');
      out.set('sightline_host_swap_in_pages_total', table.get('pswpin'));
      out.set('sightline_host_swap_out_pages_total', table.get('pswpout'));
      out.set('sightline_host_page_faults_total', table.get('pgfault'));
      out.set('sightline_host_major_page_faults_total', table.get('pgmajfault'));
      out.set('sightline_host_oom_kills_total', table.get('oom_kill'));
    },
  };
}
