import type { HostFiles } from '../host-files.ts';
import type { Collector } from '../source.ts';

/** Partitions count once more in their disk; loop, RAM and optical devices are none. */
const notDisks =
  /^(loop|ram|zram|sr|fd|nbd)\d+$|^(sd|hd|vd|xvd)[a-z]+\d+$|^(nvme\d+n\d+|mmcblk\d+)p\d+$|^dm-\d+$/;
const sectorBytes = 512;
const maxDisks = 64;

/** /proc/diskstats (Documentation/admin-guide/iostats.rst); sectors are 512 bytes whatever the device has. */
export function disksCollector(files: HostFiles): Collector {
  return {
    name: 'disks',
    collect(out) {
      const lines = files.read('proc/diskstats')?.split('\n') ?? [];
      let disks = 0;
      for (const line of lines) {
        const [, , device = '', ...counts] = line.trim().split(/ +/);
        if (device === '' || counts.length < 11 || notDisks.test(device) || ++disks > maxDisks) continue;
        const at = (index: number): number => Number(counts[index]);
        const labels = { device };
        out.set('sightline_host_disk_reads_total', at(0), labels);
        out.set('sightline_host_disk_read_bytes_total', at(2) * sectorBytes, labels);
        out.set('sightline_host_disk_read_seconds_total', at(3) / 1000, labels);
        out.set('sightline_host_disk_writes_total', at(4), labels);
        out.set('sightline_host_disk_written_bytes_total', at(6) * sectorBytes, labels);
        out.set('sightline_host_disk_write_seconds_total', at(7) / 1000, labels);
        out.set('sightline_host_disk_io_seconds_total', at(9) / 1000, labels);
        out.set('sightline_host_disk_io_weighted_seconds_total', at(10) / 1000, labels);
      }
    },
  };
}
