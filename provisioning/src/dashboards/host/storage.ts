import { spaceLimits } from '../panels.ts';
import { finest, promql } from '../queries.ts';
import type { Line } from './lines.ts';
import { graphs, of, one, rate } from './lines.ts';

/** Disks that hold nothing, such as loop devices of snaps, have size 0. */
const usedSpace = finest({
  record: 'volume:sightline_storage_available_bytes:min',
  selector: one,
  raw: `min_over_time(sightline_storage_available_bytes${one}[$__rate_interval])`,
});

/** Disks and network. */
export const storage: readonly Line[] = [
  graphs(
    {
      title: 'Disk usage',
      description:
        'Of each file system. Alerts fire at 80 and 90 %. Beyond a day: 5 minutes, an hour or a day.',
      unit: 'percentunit',
      max: 1,
      limits: spaceLimits,
      queries: [
        promql(
          `1 - (${usedSpace}) / on (job, instance, volume) group_left () (last_over_time(sightline_storage_size_bytes${one}[1d]) > 0)`,
          '{{instance}} {{volume}}',
        ),
      ],
    },
    {
      title: 'Files left',
      description: 'Share of the inodes that are free. An alert fires below 5 %.',
      unit: 'percentunit',
      max: 1,
      limits: ['red', [0.05, 'orange'], [0.2, 'green']],
      queries: [
        promql(
          `${of('sightline_storage_inodes_free')} / (${of('sightline_storage_inodes')} > 0)`,
          '{{instance}} {{volume}}',
        ),
      ],
    },
    {
      title: 'Busy disks',
      description: 'Share of the time in which each device worked.',
      unit: 'percentunit',
      max: 1,
      queries: [promql(rate('sightline_host_disk_io_seconds_total'), '{{instance}} {{device}}')],
    },
    {
      title: 'Disk queues',
      description: 'Mean number of requests that waited or were served.',
      unit: 'short',
      queries: [promql(rate('sightline_host_disk_io_weighted_seconds_total'), '{{instance}} {{device}}')],
    },
  ),
  graphs(
    {
      title: 'Disk errors',
      description: 'File systems that do not answer (a hung mount) or are read-only.',
      unit: 'short',
      queries: [
        promql(`sum by (instance) (${of('sightline_storage_error')})`, '{{instance}} hang'),
        promql(`sum by (instance) (${of('sightline_storage_readonly')})`, '{{instance}} read-only'),
      ],
    },
    {
      title: 'Network',
      description: 'Bits received and sent, by device.',
      unit: 'bps',
      queries: [
        promql(`8 * ${rate('sightline_host_network_receive_bytes_total')}`, '{{instance}} {{device}} in'),
        promql(`8 * ${rate('sightline_host_network_transmit_bytes_total')}`, '{{instance}} {{device}} out'),
      ],
    },
    {
      title: 'Network errors',
      description: 'Packets that a device dropped or got broken.',
      unit: 'pps',
      queries: [
        promql(
          `sum by (instance) (${rate('sightline_host_network_receive_drops_total')} + ${rate('sightline_host_network_receive_errors_total')})`,
          '{{instance}} in',
        ),
        promql(
          `sum by (instance) (${rate('sightline_host_network_transmit_drops_total')} + ${rate('sightline_host_network_transmit_errors_total')})`,
          '{{instance}} out',
        ),
      ],
    },
    {
      title: 'UDP datagrams lost',
      description: 'A receive buffer was full: raise net.core.rmem_max. An alert fires at one in a second.',
      unit: 'pps',
      limits: ['green', [1, 'red']],
      queries: [
        promql(rate('sightline_host_udp_receive_buffer_errors_total'), '{{instance}} receive buffer'),
        promql(rate('sightline_host_udp_send_buffer_errors_total'), '{{instance}} send buffer'),
        promql(rate('sightline_host_softnet_dropped_total'), "{{instance}} kernel's queue"),
      ],
    },
  ),
];
