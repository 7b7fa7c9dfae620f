import {
  admissionReasons,
  beaconRefusals,
  childKinds,
  collectorNames,
  cpuModes,
  dropReasons,
  joinOutcomes,
  logLevels,
  memoryEvents,
  pictureCheckFailures,
  pressureResources,
  qualitySwitchReasons,
  reconnectReasons,
  streamStates,
  streamWarnings,
  tcpStates,
  viewerTransports,
} from './known-labels.ts';
import type { MetricSpec } from './metric.ts';
import { counter, gauge, histogram } from './metric.ts';
import { loopDelayBounds } from './process/loop-delay.ts';

/**
 * Every metric that exists. docs/METRICS.md is made from this table, the compiler checks all code against it, and tests fail
 * when code, docs or rules name a metric that is not here, or when one is here that nobody sets.
 *
 * Base units; ratios are 0 to 1; `_total` on counters alone; moments instead of ages. The only labels whose values the
 * hardware or the configuration chooses are `'open'`; no viewer, session or address is ever a label.
 */
export const catalogue = {
  // The exporter itself.
  sightline_build_info: gauge('info', 'Always 1; the labels say what runs', {
    version: 'open',
    node_version: 'open',
  }),
  sightline_host_collector_duration_seconds: gauge('seconds', 'How long this collector took at this scrape', {
    collector: collectorNames,
  }),
  sightline_host_collector_success: gauge('state', '1 when this collector worked at this scrape, 0 if not', {
    collector: collectorNames,
  }),

  sightline_history_series: gauge('count', 'Series whose last hour is kept in memory'),
  sightline_history_series_refused: gauge('count', 'Series for which that had no room'),

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

  // The own control group.
  sightline_cgroup_info: gauge('info', 'Always 1; the version of control groups that sets the limits', {
    version: ['1', '2'],
  }),
  sightline_cgroup_memory_limit_bytes: gauge(
    'bytes',
    'Smallest memory limit of the own control group and those around it; absent without a limit',
  ),
  sightline_cgroup_memory_high_bytes: gauge('bytes', 'Memory from which on the kernel slows the group down'),
  sightline_cgroup_memory_usage_bytes: gauge('bytes', 'Memory of the group, page cache included'),
  sightline_cgroup_memory_working_set_bytes: gauge(
    'bytes',
    'Memory of the group without page cache that can be dropped: what counts against the limit',
  ),
  sightline_cgroup_memory_peak_bytes: gauge('bytes', 'Most memory that the group ever had'),
  sightline_cgroup_memory_swap_bytes: gauge('bytes', 'Swap of the group'),
  sightline_cgroup_memory_events_total: counter('count', 'Memory events of the group', {
    event: memoryEvents,
  }),
  sightline_cgroup_cpu_limit_cores: gauge(
    'cores',
    'Smallest CPU quota of the own control group and those around it, in cores; absent without a quota',
  ),
  sightline_cgroup_cpu_usage_seconds_total: counter('seconds', 'CPU time of the group'),
  sightline_cgroup_cpu_periods_total: counter('count', 'Periods in which the quota counted'),
  sightline_cgroup_cpu_throttled_periods_total: counter('count', 'Periods in which the quota was used up'),
  sightline_cgroup_cpu_throttled_seconds_total: counter('seconds', 'Time for which tasks were held back'),
  sightline_cgroup_pids: gauge('count', 'Tasks in the group'),
  sightline_cgroup_pids_limit: gauge('count', 'Tasks that the group may have; absent without a limit'),
  sightline_cgroup_pressure_waiting_seconds_total: counter(
    'seconds',
    'Time in which at least one task of the group waited for the resource',
    { resource: pressureResources },
  ),
  sightline_cgroup_pressure_stalled_seconds_total: counter(
    'seconds',
    'Time in which no task of the group could go on',
    { resource: pressureResources },
  ),

  // What the thresholds of alerts are about: cgroup limits where they exist, else the host.
  sightline_cpu_utilisation_ratio: gauge(
    'ratio',
    'CPU in use, of what may be used (quota or host), over the time since the last collection',
  ),
  sightline_memory_utilisation_ratio: gauge('ratio', 'Memory in use, of what may be used (limit or host)'),

  // The process.
  process_cpu_user_seconds_total: counter('seconds', 'CPU time in user mode'),
  process_cpu_system_seconds_total: counter('seconds', 'CPU time in the kernel'),
  process_cpu_seconds_total: counter('seconds', 'CPU time'),
  process_start_time_seconds: gauge('timestamp', 'When the process started'),
  process_resident_memory_bytes: gauge('bytes', 'Memory that is in RAM'),
  process_open_fds: gauge('count', 'Open file descriptors'),
  process_max_fds: gauge('count', 'File descriptors that may be open'),
  nodejs_heap_size_total_bytes: gauge('bytes', 'JavaScript heap of the main thread, as allocated'),
  nodejs_heap_size_used_bytes: gauge('bytes', 'JavaScript heap of the main thread, in use'),
  nodejs_external_memory_bytes: gauge('bytes', 'Memory of buffers and other objects outside of the heap'),
  sightline_heap_limit_bytes: gauge('bytes', 'JavaScript heap of the main thread, at most'),
  sightline_active_resources: gauge(
    'count',
    'Sockets, timers, requests and others that keep the process busy: a leak shows here',
    { resource: 'open' },
  ),
  sightline_event_loop_utilisation_ratio: gauge(
    'ratio',
    'Share of time in which the event loop of the thread was busy since the last collection',
    { thread: 'open' },
  ),
  sightline_event_loop_delay_seconds: histogram(
    'seconds',
    'How much later than due the event loop of the thread got to a timer, sampled ten times a second',
    loopDelayBounds,
    { thread: 'open' },
  ),
  sightline_log_messages_total: counter('count', 'Log messages written, by level', { level: logLevels }),

  // The relay.
  sightline_ready: gauge('state', '1 when the relay takes new viewers'),
  sightline_draining: gauge('state', '1 while the relay is stopping'),
  sightline_config_last_reload_successful: gauge(
    'state',
    '1 when the last reading of the configuration worked',
  ),
  sightline_config_last_reload_timestamp_seconds: gauge(
    'timestamp',
    'When the configuration was last read with success',
  ),
  sightline_streams_configured: gauge('count', 'Streams of the configuration and of the API'),
  sightline_media_engine_running: gauge('state', '1 when the media engine runs'),
  sightline_media_engine_restarts_total: counter(
    'count',
    'Times that a media thread died and was started again',
  ),
  sightline_media_thread_running: gauge('state', '1 when the media thread runs', { thread: 'open' }),
  sightline_media_thread_restarts_total: counter('count', 'Times that this media thread was started again', {
    thread: 'open',
  }),
  sightline_media_thread_streams: gauge('count', 'Streams that live on the media thread', {
    thread: 'open',
  }),
  sightline_media_thread_sessions: gauge('count', 'Sessions of the media thread', { thread: 'open' }),
  sightline_media_thread_cpu_seconds_total: counter('seconds', 'CPU time of a media thread', {
    thread: 'open',
    mode: ['user', 'system'],
  }),
  sightline_media_arena_bytes: gauge('bytes', 'Native memory in use', { thread: 'open' }),
  sightline_media_arena_blocks: gauge('count', 'Blocks of native memory in use', { thread: 'open' }),
  sightline_forward_delay_median_seconds: gauge(
    'seconds',
    'Live frames of the last second: whole at the relay until its first packet left, median',
  ),
  sightline_forward_delay_p99_seconds: gauge('seconds', 'The same, exceeded by one frame in a hundred'),
  sightline_forward_delay_max_seconds: gauge('seconds', 'The same, the longest'),
  sightline_http_request_duration_seconds: histogram(
    'seconds',
    'How long requests took, by the pattern of their address',
    [0.005, 0.025, 0.1, 0.2, 0.5, 2, 5],
    { route: 'open', method: 'open', code: 'open' },
  ),

  // Streams: identity and state.
  sightline_stream_info: gauge('info', 'Always 1; how people know the stream', {
    stream: 'open',
    title: 'open',
    site: 'open',
  }),
  sightline_stream_codec_info: gauge('info', 'Always 1; what the camera sends, as far as it is known', {
    stream: 'open',
    codec: 'open',
    profile: 'open',
    audio: 'open',
    transport: 'open',
  }),
  sightline_stream_up: gauge('state', '1 when frames arrived in the last 5 seconds', { stream: 'open' }),
  sightline_stream_connected: gauge('state', '1 when the camera is connected, with or without frames', {
    stream: 'open',
  }),
  sightline_stream_expected: gauge(
    'state',
    '1 when the stream should be up: always, or when somebody watches an on-demand one',
    { stream: 'open' },
  ),
  sightline_stream_state: gauge('state', '1 for the state that the stream is in, 0 for the others', {
    stream: 'open',
    state: streamStates,
  }),
  sightline_stream_state_code: gauge(
    'state',
    'The state as a number: 0 idle, 1 connecting, 2 live, 3 stalled, 4 offline, 5 refused',
    { stream: 'open' },
  ),
  sightline_stream_state_since_timestamp_seconds: gauge('timestamp', 'When the state began', {
    stream: 'open',
  }),
  sightline_stream_warning: gauge('state', '1 while the warning holds', {
    stream: 'open',
    warning: streamWarnings,
  }),
  sightline_stream_up_seconds_total: counter('seconds', 'Time for which the stream was up and should have been', {
    stream: 'open',
  }),
  sightline_stream_expected_seconds_total: counter('seconds', 'Time for which it should have been up: always, or while somebody watched an on-demand one', {
    stream: 'open',
  }),
  sightline_stream_reconnects_total: counter('count', 'Connections to the camera that ended, by reason', {
    stream: 'open',
    reason: reconnectReasons,
  }),

  // Streams: what arrives.
  sightline_stream_last_frame_timestamp_seconds: gauge('timestamp', 'When the newest frame arrived', {
    stream: 'open',
  }),
  sightline_stream_frames_per_second: gauge('count', 'Frames of the last second', { stream: 'open' }),
  sightline_stream_nominal_frames_per_second: gauge('count', 'Frames per second that the camera announces', {
    stream: 'open',
  }),
  sightline_stream_video_bytes_per_second: gauge(
    'count',
    'Bytes of video in the last second: the bitrate by eight',
    {
      stream: 'open',
    },
  ),
  sightline_stream_video_width_pixels: gauge('pixels', 'Width of the picture', { stream: 'open' }),
  sightline_stream_video_height_pixels: gauge('pixels', 'Height of the picture', { stream: 'open' }),
  sightline_stream_capture_delay_seconds: gauge(
    'seconds',
    "From capture by the camera's clock to arrival by the relay's, mean of the last second: the way, and what the clocks differ",
    { stream: 'open' },
  ),
  sightline_stream_keyframe_interval_seconds: gauge('seconds', 'Time between the last two key frames', {
    stream: 'open',
  }),
  sightline_stream_frames_total: counter('count', 'Frames that arrived', { stream: 'open' }),
  sightline_stream_keyframes_total: counter('count', 'Key frames that arrived', { stream: 'open' }),
  sightline_stream_broken_frames_total: counter('count', 'Frames that arrived with a hole', {
    stream: 'open',
  }),
  sightline_stream_received_bytes_total: counter('bytes', 'Bytes from the camera', { stream: 'open' }),
  sightline_stream_received_packets_total: counter('count', 'RTP packets from the camera', {
    stream: 'open',
  }),
  sightline_stream_rtp_packets_expected_total: counter(
    'count',
    'RTP packets that the camera sent, by their numbers',
    {
      stream: 'open',
    },
  ),
  sightline_stream_rtp_packets_lost_total: counter('count', 'RTP packets that never came', {
    stream: 'open',
  }),
  sightline_stream_rtp_packets_reordered_total: counter('count', 'RTP packets that came late', {
    stream: 'open',
  }),
  sightline_stream_rtp_jitter_seconds: gauge('seconds', 'Interarrival jitter (RFC 3550)', { stream: 'open' }),
  sightline_stream_source_round_trip_seconds: gauge('seconds', 'Round trip to the camera', {
    stream: 'open',
  }),

  // Streams: the smaller picture of the same camera, where one is configured.
  sightline_substream_state_code: gauge(
    'state',
    'State of the substream as a number: 0 idle, 1 connecting, 2 live, 3 stalled, 4 offline, 5 refused',
    { stream: 'open' },
  ),
  sightline_substream_viewers: gauge('count', 'Viewers that see the substream', { stream: 'open' }),
  sightline_substream_frames_per_second: gauge('count', 'Frames of the substream in the last second', {
    stream: 'open',
  }),
  sightline_substream_video_bytes_per_second: gauge('count', 'Bytes of its video in the last second', {
    stream: 'open',
  }),
  sightline_substream_video_width_pixels: gauge('pixels', 'Width of its picture', { stream: 'open' }),
  sightline_substream_video_height_pixels: gauge('pixels', 'Height of its picture', { stream: 'open' }),
  sightline_substream_keyframe_interval_seconds: gauge('seconds', 'Time between its last two key frames', {
    stream: 'open',
  }),
  sightline_substream_last_frame_timestamp_seconds: gauge('timestamp', 'When its newest frame arrived', {
    stream: 'open',
  }),
  sightline_substream_frames_total: counter('count', 'Frames of the substream that arrived', {
    stream: 'open',
  }),
  sightline_substream_received_bytes_total: counter('bytes', 'Bytes of the substream', { stream: 'open' }),
  sightline_substream_received_packets_total: counter('count', 'RTP packets of the substream', {
    stream: 'open',
  }),
  sightline_substream_rtp_packets_lost_total: counter('count', 'Its RTP packets that never came', {
    stream: 'open',
  }),
  sightline_substream_reconnects_total: counter('count', 'Its connections that ended, by reason', {
    stream: 'open',
    reason: reconnectReasons,
  }),

  // Streams: what the pictures show. No series while the stream is not live, or was not looked at yet.
  sightline_stream_frozen: gauge('state', '1 while the same picture comes again and again', {
    stream: 'open',
  }),
  sightline_stream_black: gauge('state', '1 while there is nothing but black', { stream: 'open' }),
  sightline_stream_overexposed: gauge('state', '1 while more than half of the picture is burnt out', {
    stream: 'open',
  }),
  sightline_stream_underexposed: gauge('state', '1 while the picture is too dark to see much', {
    stream: 'open',
  }),
  sightline_stream_blurred: gauge('state', '1 while the picture has no fine detail', { stream: 'open' }),
  sightline_stream_frozen_seconds_total: counter('seconds', 'Time for which the picture was frozen', {
    stream: 'open',
  }),
  sightline_stream_black_seconds_total: counter('seconds', 'Time for which the picture was black', {
    stream: 'open',
  }),
  sightline_stream_overexposed_seconds_total: counter('seconds', 'Time for which it was overexposed', {
    stream: 'open',
  }),
  sightline_stream_underexposed_seconds_total: counter('seconds', 'Time for which it was underexposed', {
    stream: 'open',
  }),
  sightline_stream_blurred_seconds_total: counter('seconds', 'Time for which it was blurred', {
    stream: 'open',
  }),
  sightline_stream_picture_checked_timestamp_seconds: gauge(
    'timestamp',
    'When a picture of the stream was last looked at',
    { stream: 'open' },
  ),
  sightline_picture_checks_total: counter('count', 'Pictures that were looked at'),
  sightline_picture_check_failures_total: counter('count', 'Pictures that could not be, by reason', {
    reason: pictureCheckFailures,
  }),

  // Streams: viewers.
  sightline_viewers: gauge('count', 'Viewers', { stream: 'open' }),
  sightline_viewers_by_transport: gauge(
    'count',
    'Viewers by what carries their media to them now; those that still connect, and those whose TCP connection is lost, are in neither',
    { stream: 'open', transport: viewerTransports },
  ),
  sightline_viewers_limited: gauge('count', 'Viewers whose path carries less than they would be sent', {
    stream: 'open',
  }),
  sightline_viewer_path_loss_mean_ratio: gauge(
    'ratio',
    'Packets lost on the way to viewers by their last receiver reports, mean of the viewers that report',
    { stream: 'open' },
  ),
  sightline_viewer_path_loss_max_ratio: gauge('ratio', 'The same, of the worst viewer', { stream: 'open' }),
  sightline_viewer_path_jitter_mean_seconds: gauge(
    'seconds',
    'Interarrival jitter at viewers by their last receiver reports, mean of the viewers that report',
    { stream: 'open' },
  ),
  sightline_viewer_path_jitter_max_seconds: gauge('seconds', 'The same, of the worst viewer', {
    stream: 'open',
  }),
  sightline_viewer_path_round_trip_mean_seconds: gauge(
    'seconds',
    'Round trip to viewers by their last receiver reports, mean of the viewers that report',
    { stream: 'open' },
  ),
  sightline_viewer_path_round_trip_max_seconds: gauge('seconds', 'The same, of the worst viewer', {
    stream: 'open',
  }),
  sightline_viewer_quality_switches_total: counter(
    'count',
    'Times that a viewer was switched between stream and substream, by reason',
    { stream: 'open', reason: qualitySwitchReasons },
  ),
  sightline_viewer_sessions: gauge('count', 'Sessions of all streams, those that still connect included'),
  sightline_viewer_sessions_connecting: gauge('count', 'Sessions and offers that have no keys yet'),
  sightline_viewer_joins_total: counter('count', 'Offers by how they ended; ok once media can flow', {
    outcome: joinOutcomes,
  }),
  sightline_admission_rejections_total: counter(
    'count',
    'Viewers refused for want of capacity, by the limit',
    {
      reason: admissionReasons,
    },
  ),
  sightline_egress_expected_bytes_per_second: gauge(
    'count',
    'What all sessions together are sent while nothing is lost',
  ),
  sightline_egress_pacer_delay_mean_seconds: gauge(
    'seconds',
    'Live frames of the last second: how much later their last packet left than the path could have taken it, mean',
    { stream: 'open' },
  ),
  sightline_egress_pacer_delay_max_seconds: gauge('seconds', 'The same, the longest', { stream: 'open' }),
  sightline_egress_bytes_total: counter('bytes', 'Bytes sent to viewers', { stream: 'open' }),
  sightline_egress_packets_total: counter('count', 'Packets sent to viewers', { stream: 'open' }),
  sightline_egress_resent_packets_total: counter('count', 'Packets sent once more on request', {
    stream: 'open',
  }),
  sightline_egress_bursts_total: counter(
    'count',
    'Times that a viewer was sent the cached pictures at once',
    {
      stream: 'open',
    },
  ),
  sightline_egress_dropped_frames_total: counter('count', 'Frames not sent to a viewer, by reason', {
    stream: 'open',
    reason: dropReasons,
  }),
  sightline_egress_send_calls_total: counter('count', 'Calls that handed packets to the kernel'),
  sightline_egress_send_errors_total: counter('count', 'Such calls that failed'),

  // Pictures beside WebRTC, and the processes that decode them.
  sightline_child_processes: gauge('count', 'Child processes that run', { kind: childKinds }),
  sightline_child_process_limit: gauge('count', 'Child processes that may run at once', { kind: childKinds }),
  sightline_child_process_queue_length: gauge('count', 'Jobs that wait for a child process', {
    kind: childKinds,
  }),
  sightline_child_process_starts_total: counter('count', 'Child processes started', { kind: childKinds }),
  sightline_child_process_rejections_total: counter(
    'count',
    'Jobs refused for want of a decoder: the queue was full, the wait too long, or all for moving pictures were in use',
    { kind: childKinds },
  ),
  sightline_child_process_kills_total: counter(
    'count',
    'Child processes ended by the relay: late, with too much output, no longer needed, or because it stops',
    { kind: childKinds },
  ),
  sightline_child_process_failures_total: counter(
    'count',
    'Jobs that had a process and no result; where the relay ended it, it is among the kills, too',
    { kind: childKinds },
  ),
  sightline_child_process_run_seconds_total: counter('seconds', 'How long child processes ran, summed', {
    kind: childKinds,
  }),
  sightline_snapshot_cache_bytes: gauge('bytes', 'Snapshots that are kept in memory'),
  sightline_snapshot_files_written_total: counter('count', 'Snapshots written to files'),
  sightline_snapshot_files_failed_total: counter('count', 'Snapshots that could not be written'),
  sightline_snapshot_files_removed_total: counter('count', 'Snapshot files removed for their age or number'),
  sightline_mjpeg_viewers: gauge('count', 'Viewers of MJPEG'),
  sightline_mjpeg_streams: gauge('count', 'Streams, by width, that are decoded for MJPEG'),
  sightline_mjpeg_pictures_total: counter('count', 'Pictures sent to viewers of MJPEG'),
  sightline_mjpeg_dropped_pictures_total: counter('count', 'Pictures left out because a viewer was slow'),
  sightline_mjpeg_rejections_total: counter('count', 'Viewers of MJPEG refused because there are enough'),

  // What viewers see, told by their browsers and summed up.
  sightline_client_playback_seconds_total: counter('seconds', 'Time that viewers watched', {
    stream: 'open',
  }),
  sightline_client_freezes_total: counter('count', 'Times that a picture stood still', { stream: 'open' }),
  sightline_client_freeze_seconds_total: counter('seconds', 'Time for which pictures stood still', {
    stream: 'open',
  }),
  sightline_client_frames_decoded_total: counter('count', 'Frames decoded', { stream: 'open' }),
  sightline_client_frames_dropped_total: counter('count', 'Frames decoded and not shown', { stream: 'open' }),
  sightline_client_packets_received_total: counter('count', 'Packets that reached the browser', {
    stream: 'open',
  }),
  sightline_client_packets_lost_total: counter('count', 'Packets that did not', { stream: 'open' }),
  sightline_time_to_first_frame_seconds: histogram(
    'seconds',
    'From the wish to watch to the first picture on the screen',
    [0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10],
  ),
  sightline_client_round_trip_seconds: histogram(
    'seconds',
    'Round trip between browser and relay',
    [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1],
  ),
  sightline_client_jitter_buffer_delay_seconds: histogram(
    'seconds',
    'Mean time that frames waited in the jitter buffer',
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1],
  ),
  sightline_client_frames_per_second: histogram(
    'count',
    'Frames per second that browsers decode',
    [1, 5, 10, 14, 20, 24, 29, 50],
  ),
  sightline_glass_to_glass_delay_seconds: histogram(
    'seconds',
    "Age of a picture on the screen, since it reached the relay (from ingest), and since capture by the camera's clock where that is trusted (from glass)",
    [0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2, 5],
    { from: ['ingest', 'glass'] },
  ),
  sightline_client_beacons_total: counter('count', 'Reports of browsers that were taken in'),
  sightline_client_beacons_rejected_total: counter('count', 'Reports of browsers that were not', {
    reason: beaconRefusals,
  }),

  // What `sightline capacity --metrics` writes, for a textfile collector; the relay does not export them.
  sightline_capacity_measured_timestamp_seconds: gauge('timestamp', 'When the host was measured'),
  sightline_capacity_frame_cpu_seconds: gauge(
    'seconds',
    'CPU for a picture of a camera, or of a viewer, besides its packets (sightline capacity)',
    { direction: ['receive', 'send'] },
  ),
  sightline_capacity_packet_cpu_seconds: gauge(
    'seconds',
    'CPU for a packet of a camera, or of a viewer (sightline capacity)',
    { direction: ['receive', 'send'] },
  ),
  sightline_capacity_join_cpu_seconds: gauge('seconds', 'CPU for a join (sightline capacity)'),
  sightline_capacity_snapshot_cpu_seconds: gauge('seconds', 'CPU for a snapshot (sightline capacity)'),
  sightline_capacity_mjpeg_stream_cores: gauge(
    'cores',
    'Cores for a stream of 1080p as moving JPEGs (sightline capacity)',
  ),
  sightline_capacity_idle_memory_bytes: gauge('bytes', 'Memory without streams (sightline capacity)'),
  sightline_capacity_viewer_memory_bytes: gauge('bytes', 'Memory for a viewer (sightline capacity)'),
  sightline_capacity_media_threads: gauge('count', 'Media threads reckoned with (sightline capacity)'),
  sightline_capacity_use_ratio: gauge(
    'ratio',
    'What a scenario would use of what is planned; more than 1 does not fit (sightline capacity)',
    { of: ['table', 'configuration'], scenario: 'open', cameras: 'open', resource: 'open' },
  ),
  sightline_capacity_cameras_max: gauge(
    'count',
    'Cameras of this many bits per second that fit, each with a viewer (sightline capacity)',
    { bitrate: 'open' },
  ),
  sightline_capacity_crowd_max: gauge(
    'count',
    'Viewers of one camera of this many bits per second that fit (sightline capacity)',
    { bitrate: 'open' },
  ),

  // A relay that the service watches from outside.
  sightline_remote_relay_up: gauge('state', '1 when the watched relay answered its API', { relay: 'open' }),
  sightline_remote_relay_ready: gauge('state', '1 when the watched relay takes new viewers', {
    relay: 'open',
  }),
  sightline_remote_relay_streams: gauge('count', 'Streams of the watched relay by state', {
    relay: 'open',
    state: streamStates,
  }),
  sightline_remote_relay_response_seconds: gauge('seconds', 'How long the watched relay took to answer', {
    relay: 'open',
  }),
} as const satisfies Readonly<Record<string, MetricSpec>>;

export type Catalogue = typeof catalogue;
export type MetricName = keyof Catalogue;

export const metricNames = Object.keys(catalogue) as readonly MetricName[];

export function isMetricName(text: string): text is MetricName {
  return Object.hasOwn(catalogue, text);
}

export function specOf(name: MetricName): MetricSpec {
  return catalogue[name];
}
