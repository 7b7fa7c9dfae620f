import { cpuModes, pressureResources, tcpStates } from '../known-labels.ts';
import type { MetricSpec } from '../metric.ts';
import { counter, gauge } from '../metric.ts';

/** The host: processor, memory, storage, network, hardware. */
export const hostMetrics = {
  // Host: processor.
  sightline_host_cpus: gauge('count', 'Processors that are online'),
  sightline_host_cpu_seconds_total: counter('seconds', 'Time of all processors together, by mode', {
    mode: cpuModes,
  }),
  sightline_host_cpu_core_seconds_total: counter(
    'seconds',
    'Time of one processor, by mode (collector cpu-cores, off by default)',
    { cpu: 'open', mode: cpuModes },
  ),
  sightline_host_cpu_frequency_hertz: gauge('hertz', 'Mean clock rate of the processors'),
  sightline_host_cpu_frequency_max_hertz: gauge('hertz', 'Highest clock rate that a processor allows'),
  sightline_host_cpu_thermal_throttles_total: counter('count', 'Times that a processor slowed down for heat'),
  sightline_host_load1: gauge('count', 'Processes that run or wait, mean of 1 minute'),
  sightline_host_load5: gauge('count', 'Processes that run or wait, mean of 5 minutes'),
  sightline_host_load15: gauge('count', 'Processes that run or wait, mean of 15 minutes'),
  sightline_host_processes_running: gauge('count', 'Tasks that run or could'),
  sightline_host_processes_blocked: gauge('count', 'Tasks that wait for a disk'),
  sightline_host_context_switches_total: counter('count', 'Context switches'),
  sightline_host_forks_total: counter('count', 'Processes and threads made'),
  sightline_host_boot_timestamp_seconds: gauge('timestamp', 'When the host started'),

  // Host: memory.
  sightline_host_memory_total_bytes: gauge('bytes', 'Memory of the host'),
  sightline_host_memory_available_bytes: gauge('bytes', 'Memory that new work can have without swapping'),
  sightline_host_memory_free_bytes: gauge('bytes', 'Memory that nothing uses'),
  sightline_host_memory_buffers_bytes: gauge('bytes', 'Memory that caches raw disk blocks'),
  sightline_host_memory_cached_bytes: gauge('bytes', 'Memory that caches files'),
  sightline_host_memory_dirty_bytes: gauge('bytes', 'Memory that waits to be written to disk'),
  sightline_host_memory_slab_bytes: gauge('bytes', "Memory of the kernel's own objects"),
  sightline_host_swap_total_bytes: gauge('bytes', 'Swap space'),
  sightline_host_swap_free_bytes: gauge('bytes', 'Swap space that nothing uses'),
  sightline_host_swap_in_pages_total: counter('count', 'Pages read from swap'),
  sightline_host_swap_out_pages_total: counter('count', 'Pages written to swap'),
  sightline_host_page_faults_total: counter('count', 'Page faults of any kind'),
  sightline_host_major_page_faults_total: counter('count', 'Page faults that had to read a disk'),
  sightline_host_oom_kills_total: counter('count', 'Processes that the kernel killed for want of memory'),
  sightline_host_pressure_waiting_seconds_total: counter(
    'seconds',
    'Time in which at least one task waited for the resource (PSI some)',
    { resource: pressureResources },
  ),
  sightline_host_pressure_stalled_seconds_total: counter(
    'seconds',
    'Time in which no task could go on for want of the resource (PSI full)',
    { resource: ['memory', 'io'] },
  ),

  // Host: storage.
  sightline_storage_size_bytes: gauge('bytes', 'Size of a file system', { volume: 'open' }),
  sightline_storage_available_bytes: gauge('bytes', 'Space that an ordinary user can have', {
    volume: 'open',
  }),
  sightline_storage_inodes: gauge('count', 'Files that the file system can hold', { volume: 'open' }),
  sightline_storage_inodes_free: gauge('count', 'Files that it can still take', { volume: 'open' }),
  sightline_storage_readonly: gauge('state', '1 when it is mounted read-only', { volume: 'open' }),
  sightline_storage_error: gauge('state', '1 when the file system does not answer: a hung mount', {
    volume: 'open',
  }),
  sightline_storage_info: gauge('info', 'Always 1; device and type of a file system', {
    volume: 'open',
    device: 'open',
    fstype: 'open',
  }),
  sightline_host_disk_read_bytes_total: counter('bytes', 'Bytes read', { device: 'open' }),
  sightline_host_disk_written_bytes_total: counter('bytes', 'Bytes written', { device: 'open' }),
  sightline_host_disk_reads_total: counter('count', 'Reads completed', { device: 'open' }),
  sightline_host_disk_writes_total: counter('count', 'Writes completed', { device: 'open' }),
  sightline_host_disk_read_seconds_total: counter('seconds', 'Time that reads took, summed', {
    device: 'open',
  }),
  sightline_host_disk_write_seconds_total: counter('seconds', 'Time that writes took, summed', {
    device: 'open',
  }),
  sightline_host_disk_io_seconds_total: counter('seconds', 'Time in which the device was busy', {
    device: 'open',
  }),
  sightline_host_disk_io_weighted_seconds_total: counter(
    'seconds',
    'Busy time weighted by the requests that waited; its rate is the mean queue length',
    { device: 'open' },
  ),

  // Host: network.
  sightline_host_network_receive_bytes_total: counter('bytes', 'Bytes received', { device: 'open' }),
  sightline_host_network_transmit_bytes_total: counter('bytes', 'Bytes sent', { device: 'open' }),
  sightline_host_network_receive_packets_total: counter('count', 'Packets received', { device: 'open' }),
  sightline_host_network_transmit_packets_total: counter('count', 'Packets sent', { device: 'open' }),
  sightline_host_network_receive_errors_total: counter('count', 'Errors while receiving', { device: 'open' }),
  sightline_host_network_transmit_errors_total: counter('count', 'Errors while sending', { device: 'open' }),
  sightline_host_network_receive_drops_total: counter('count', 'Packets received and dropped', {
    device: 'open',
  }),
  sightline_host_network_transmit_drops_total: counter('count', 'Packets dropped instead of sent', {
    device: 'open',
  }),
  sightline_host_network_speed_bytes: gauge('bytes', 'Speed of the link in bytes per second', {
    device: 'open',
  }),
  sightline_host_network_up: gauge('state', '1 when the link is up', { device: 'open' }),
  sightline_host_tcp_connections: gauge(
    'count',
    'TCP sockets by state; not told when there are more than 4,000',
    { state: tcpStates },
  ),
  sightline_host_tcp_retransmitted_segments_total: counter('count', 'TCP segments sent again'),
  sightline_host_tcp_listen_drops_total: counter('count', 'Connections lost because a listen queue was full'),
  sightline_host_udp_sockets: gauge('count', 'UDP sockets in use'),
  sightline_host_udp_received_datagrams_total: counter('count', 'UDP datagrams received'),
  sightline_host_udp_sent_datagrams_total: counter('count', 'UDP datagrams sent'),
  sightline_host_udp_no_port_total: counter('count', 'UDP datagrams for which nobody listened'),
  sightline_host_udp_in_errors_total: counter('count', 'UDP datagrams that could not be delivered'),
  sightline_host_udp_receive_buffer_errors_total: counter(
    'count',
    'UDP datagrams lost because a receive buffer was full: raise net.core.rmem_max',
  ),
  sightline_host_udp_send_buffer_errors_total: counter(
    'count',
    'UDP datagrams lost because a send buffer was full',
  ),
  sightline_host_softnet_dropped_total: counter('count', "Packets lost at the kernel's own input queue"),

  // Host: hardware.
  sightline_host_temperature_celsius: gauge('celsius', 'Temperature', { sensor: 'open' }),
  sightline_host_temperature_critical_celsius: gauge('celsius', 'Temperature that counts as critical', {
    sensor: 'open',
  }),
  sightline_host_gpu_info: gauge('info', 'Always 1 for each GPU that the kernel knows', {
    gpu: 'open',
    driver: 'open',
  }),
  sightline_host_gpu_utilisation_ratio: gauge('ratio', 'Share of time in which the GPU worked', {
    gpu: 'open',
  }),
  sightline_host_gpu_memory_total_bytes: gauge('bytes', "The GPU's own memory", { gpu: 'open' }),
  sightline_host_gpu_memory_used_bytes: gauge('bytes', "The GPU's own memory in use", { gpu: 'open' }),
  sightline_host_info: gauge('info', 'Always 1; what machine this is', {
    platform: 'open',
    distribution: 'open',
    kernel: 'open',
    arch: 'open',
    cpu: 'open',
    virtual: ['true', 'false'],
  }),
} as const satisfies Readonly<Record<string, MetricSpec>>;
