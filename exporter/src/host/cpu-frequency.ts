import type { HostFiles } from '../host-files.ts';
import { toNumber } from '../host-files.ts';
import type { Collector } from '../source.ts';

const cpuRoot = 'sys/devices/system/cpu';

/** /sys/devices/system/cpu/cpu<n>/{cpufreq,thermal_throttle}; kilohertz. Some drivers ask the other processor: thread pool. */
export function cpuFrequencyCollector(files: HostFiles): Collector {
  return {
    name: 'cpu-frequency',
    async collect(out) {
      const cpus = (await files.listSlow(cpuRoot)).filter((name) => /^cpu\d+$/.test(name));
      const read = async (file: string): Promise<number[]> => {
        const values = await Promise.all(
          cpus.map(async (cpu) => toNumber(await files.readSlow(`${cpuRoot}/${cpu}/${file}`))),
        );
        return values.filter((value) => value !== undefined);
      };
      const current = await read('cpufreq/scaling_cur_freq');
      if (current.length > 0)
        out.set('sightline_host_cpu_frequency_hertz', (1000 * total(current)) / current.length);
      const highest = await read('cpufreq/cpuinfo_max_freq');
      if (highest.length > 0) out.set('sightline_host_cpu_frequency_max_hertz', 1000 * Math.max(...highest));
      const throttles = await read('thermal_throttle/core_throttle_count');
      if (throttles.length > 0) out.set('sightline_host_cpu_thermal_throttles_total', total(throttles));
    },
  };
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
