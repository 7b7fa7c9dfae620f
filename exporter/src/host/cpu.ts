import type { HostFiles } from '../host-files.ts';
import { cpuModes } from '../known-labels.ts';
import type { Samples } from '../samples.ts';
import type { Collector } from '../source.ts';

/** USER_HZ: what the kernel counts in towards user space is 100 a second on every architecture that Node runs on. */
const ticksPerSecond = 100;
const modeLabels = cpuModes.map((mode) => ({ mode }));

/** /proc/stat (proc_stat(5)): the sum over all processors, and what the scheduler counts. */
export function cpuCollector(files: HostFiles): Collector {
  return {
    name: 'cpu',
    collect(out) {
      const text = files.read('proc/stat');
      if (text === undefined) return;
      let cpus = 0;
      for (const line of text.split('\n')) {
        const [key = '', ...fields] = line.split(/ +/, 9);
        if (key === 'cpu') modeLabels.forEach((labels, at) => setTime(out, labels, fields[at]));
        else if (key.startsWith('cpu')) cpus++;
        else if (key === 'ctxt') out.set('sightline_host_context_switches_total', Number(fields[0]));
        else if (key === 'btime') out.set('sightline_host_boot_timestamp_seconds', Number(fields[0]));
        else if (key === 'processes') out.set('sightline_host_forks_total', Number(fields[0]));
        else if (key === 'procs_running') out.set('sightline_host_processes_running', Number(fields[0]));
        else if (key === 'procs_blocked') out.set('sightline_host_processes_blocked', Number(fields[0]));
      }
      out.set('sightline_host_cpus', cpus);
    },
  };
}

function setTime(out: Samples, labels: (typeof modeLabels)[number], ticks: string | undefined): void {
  out.set('sightline_host_cpu_seconds_total', Number(ticks) / ticksPerSecond, labels);
}

/** Each processor by itself: eight series for each, so only on request. */
export function cpuCoresCollector(files: HostFiles): Collector {
  return {
    name: 'cpu-cores',
    collect(out) {
      for (const line of files.read('proc/stat')?.split('\n') ?? []) {
        const [key = '', ...fields] = line.split(/ +/, 9);
        const cpu = /^cpu(\d+)$/.exec(key)?.[1];
        if (cpu === undefined) continue;
        cpuModes.forEach((mode, at) =>
          out.set('sightline_host_cpu_core_seconds_total', Number(fields[at]) / ticksPerSecond, {
            cpu,
            mode,
          }),
        );
      }
    },
  };
}
