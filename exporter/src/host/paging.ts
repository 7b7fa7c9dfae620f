import type { HostFiles } from '../host-files.ts';
import { numberAfter } from '../host-files.ts';
import type { Collector } from '../source.ts';

/** /proc/vmstat: swapping, faults, and processes killed for want of memory. */
export function pagingCollector(files: HostFiles): Collector {
  return {
    name: 'paging',
    collect(out) {
      const text = files.read('proc/vmstat') ?? '';
      out.set('sightline_host_swap_in_pages_total', numberAfter(text, 'pswpin'));
      out.set('sightline_host_swap_out_pages_total', numberAfter(text, 'pswpout'));
      out.set('sightline_host_page_faults_total', numberAfter(text, 'pgfault'));
      out.set('sightline_host_major_page_faults_total', numberAfter(text, 'pgmajfault'));
      out.set('sightline_host_oom_kills_total', numberAfter(text, 'oom_kill'));
    },
  };
}
