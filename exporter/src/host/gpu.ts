import type { HostFiles } from '../host-files.ts';
import { toNumber } from '../host-files.ts';
import type { Collector } from '../source.ts';

const maxGpus = 16;

/**
 * /sys/class/drm/card<n>/device: presence for every kernel driver; load and memory where the driver shows them (amdgpu). NVIDIA's
 * own driver shows neither: NVIDIA's exporter does.
 */
export function gpuCollector(files: HostFiles): Collector {
  return {
    name: 'gpu',
    async collect(out) {
      const cards = (await files.listSlow('sys/class/drm')).filter((name) => /^card\d+$/.test(name));
      for (const gpu of cards.slice(0, maxGpus)) {
        const device = `sys/class/drm/${gpu}/device`;
        const uevent = (await files.readSlow(`${device}/uevent`)) ?? '';
        const driver = /^DRIVER=(.+)$/m.exec(uevent)?.[1] ?? 'unknown';
        out.set('sightline_host_gpu_info', 1, { gpu, driver });
        const percent = toNumber(await files.readSlow(`${device}/gpu_busy_percent`));
        if (percent !== undefined) out.set('sightline_host_gpu_utilisation_ratio', percent / 100, { gpu });
        const read = async (file: string) => toNumber(await files.readSlow(`${device}/${file}`));
        out.set('sightline_host_gpu_memory_total_bytes', await read('mem_info_vram_total'), { gpu });
        out.set('sightline_host_gpu_memory_used_bytes', await read('mem_info_vram_used'), { gpu });
      }
    },
  };
}
