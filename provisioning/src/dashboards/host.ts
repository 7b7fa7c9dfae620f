import type { Dashboard, Panel } from '@grafana/grafana-foundation-sdk/dashboard';

import { alertAnnotations, datasourceVariables, page, relayEvents, relayVariable } from './page.ts';
import { cpuLimits, graph, noneLimits, number, spaceLimits, timeline, valueMappings } from './panels.ts';
import type { GraphOptions } from './panels.ts';
import { finest, now, promql } from './queries.ts';
import { instanceVariable } from './streams.ts';

const one = '{instance=~"$instance"}';

function of(metric: string, matchers = ''): string {
  return `${metric}{instance=~"$instance"${matchers === '' ? '' : `,${matchers}`}}`;
}

function rate(metric: string, matchers = ''): string {
  return `rate(${of(metric, matchers)}[$__rate_interval])`;
}

function recorded(metric: string, kind: 'avg' | 'max'): string {
  return finest({
    record: `instance:${metric}:${kind}`,
    selector: one,
    raw: `${kind}_over_time(${metric}${one}[$__rate_interval])`,
  });
}

const upMappings = valueMappings({ 0: ['away', 'red'], 1: ['answers', 'green'] });
const configMappings = valueMappings({ 0: ['unreadable', 'red'], 1: ['read', 'green'] });
const readyMappings = valueMappings({ 0: ['no', 'orange'], 1: ['yes', 'green'] });
/** Disks that hold nothing, such as loop devices of snaps, have size 0. */
const usedSpace = finest({
  record: 'volume:sightline_storage_available_bytes:min',
  selector: one,
  raw: `min_over_time(sightline_storage_available_bytes${one}[$__rate_interval])`,
});

type Line = readonly [height: number, ...panels: readonly Panel[]];

function graphs(...options: readonly GraphOptions[]): Line {
  // The standalone exporter is scraped every 5 seconds.
  return [8, ...options.map((each) => graph({ ...each, step: '10s' }))];
}

const relay: readonly Line[] = [
  [
    4,
    number({
      title: 'Takes viewers',
      description: 'No while it starts or drains.',
      unit: 'none',
      mappings: readyMappings,
      queries: [now(of('sightline_ready'), '{{instance}}')],
    }),
    number({
      title: 'Runs since',
      description: 'Time since the process started.',
      unit: 's',
      queries: [now(`time() - ${of('process_start_time_seconds', 'job="sightline"')}`, '{{instance}}')],
    }),
    number({
      title: 'Sessions',
      description: 'Viewers of all streams, those that still connect included.',
      unit: 'short',
      queries: [now(of('sightline_viewer_sessions'), '{{instance}}')],
    }),
    number({
      title: 'Media threads away',
      description: 'Media threads that do not run now: their streams play for nobody.',
      unit: 'short',
      limits: noneLimits,
      queries: [now(`sum by (instance) (1 - ${of('sightline_media_thread_running')})`, '{{instance}}')],
    }),
    number({
      title: 'Configuration',
      description:
        'Whether the last reading of it worked. A relay goes on with the last good one, but could not start anew.',
      unit: 'none',
      mappings: configMappings,
      queries: [now(of('sightline_config_last_reload_successful'), '{{instance}}')],
    }),
    number({
      title: 'Cameras configured',
      description: 'Streams of the configuration and of the API.',
      unit: 'short',
      queries: [now(of('sightline_streams_configured'), '{{instance}}')],
    }),
  ],
  [
    4,
    timeline({
      title: 'Answers Prometheus',
      description: 'Whether each scrape worked. While it does not, nobody knows of the cameras.',
      unit: 'none',
      mappings: upMappings,
      queries: [promql(of('up', 'job="sightline"'), '{{instance}}')],
    }),
  ],
];

const processor: readonly Line[] = [
  graphs(
    {
      title: 'CPU',
      description:
        'In use, of what may be used: the quota of the control group, else the host. Alerts fire at 75 and 90 %.',
      unit: 'percentunit',
      max: 1,
      limits: cpuLimits,
      queries: [
        promql(recorded('sightline_cpu_utilisation_ratio', 'avg'), '{{instance}}'),
        promql(recorded('sightline_cpu_utilisation_ratio', 'max'), '{{instance}} highest'),
      ],
    },
    {
      title: 'CPU of the host by mode',
      description:
        'Processors that are busy. Steal is what the hypervisor gave to others, iowait what waits for disks.',
      unit: 'short',
      stacked: true,
      queries: [
        promql(`sum by (mode) (${rate('sightline_host_cpu_seconds_total', 'mode!="idle"')})`, '{{mode}}'),
      ],
    },
    {
      title: 'Load per processor',
      description: 'Processes that run or wait, of 1 minute, divided by processors. Above 1 some wait.',
      unit: 'short',
      limits: ['green', [1, 'orange'], [2, 'red']],
      queries: [promql(`${of('sightline_host_load1')} / ${of('sightline_host_cpus')}`, '{{instance}}')],
    },
    {
      title: 'Pressure',
      description:
        'Share of the time in which at least one task waited for the resource (PSI some): the earliest sign of too little.',
      unit: 'percentunit',
      queries: [promql(rate('sightline_host_pressure_waiting_seconds_total'), '{{instance}} {{resource}}')],
    },
  ),
];

const memory: readonly Line[] = [
  graphs(
    {
      title: 'Memory',
      description:
        'In use, of what may be used: the limit of the control group, else the host. Alerts fire at 80 and 90 %.',
      unit: 'percentunit',
      max: 1,
      limits: spaceLimits,
      queries: [promql(recorded('sightline_memory_utilisation_ratio', 'max'), '{{instance}}')],
    },
    {
      title: 'Memory of the process',
      description:
        'In RAM, and what of it is JavaScript heap, buffers and native memory of the media threads.',
      unit: 'bytes',
      queries: [
        promql(of('process_resident_memory_bytes', 'job="sightline"'), '{{instance}} in RAM'),
        promql(of('nodejs_heap_size_used_bytes', 'job="sightline"'), '{{instance}} heap'),
        promql(of('nodejs_external_memory_bytes', 'job="sightline"'), '{{instance}} buffers'),
        promql(`sum by (instance) (${of('sightline_media_arena_bytes')})`, '{{instance}} native'),
      ],
    },
    {
      title: 'Heap of its limit',
      description:
        'JavaScript heap of the main thread, of what it may have. At 100 % the process ends; an alert fires at 85 %.',
      unit: 'percentunit',
      max: 1,
      limits: ['green', [0.85, 'red']],
      queries: [
        promql(`${of('nodejs_heap_size_used_bytes')} / ${of('sightline_heap_limit_bytes')}`, '{{instance}}'),
      ],
    },
    {
      title: 'Killed for want of memory',
      description: 'Processes that the kernel killed on the host, and in the own control group.',
      unit: 'short',
      queries: [
        promql(`increase(${of('sightline_host_oom_kills_total')}[$__rate_interval])`, '{{instance}} host'),
        promql(
          `increase(${of('sightline_cgroup_memory_events_total', 'event="oom_kill"')}[$__rate_interval])`,
          '{{instance}} group',
        ),
      ],
    },
  ),
];

const group: readonly Line[] = [
  graphs(
    {
      title: 'Memory of the control group',
      description:
        'Working set is what counts against the limit; page cache can be dropped. No limit, no line.',
      unit: 'bytes',
      queries: [
        promql(of('sightline_cgroup_memory_working_set_bytes'), '{{instance}} working set'),
        promql(of('sightline_cgroup_memory_usage_bytes'), '{{instance}} with page cache'),
        promql(of('sightline_cgroup_memory_limit_bytes'), '{{instance}} limit'),
      ],
    },
    {
      title: 'CPU of the control group',
      description: 'Cores in use, and the quota. No quota, no line.',
      unit: 'short',
      queries: [
        promql(rate('sightline_cgroup_cpu_usage_seconds_total'), '{{instance}} used'),
        promql(of('sightline_cgroup_cpu_limit_cores'), '{{instance}} quota'),
      ],
    },
    {
      title: 'Held back by the quota',
      description:
        'Share of the periods in which the CPU quota was used up: pictures come late. An alert fires at 25 %.',
      unit: 'percentunit',
      max: 1,
      limits: ['green', [0.25, 'red']],
      queries: [
        promql(
          `${rate('sightline_cgroup_cpu_throttled_periods_total')} / (${rate('sightline_cgroup_cpu_periods_total')} > 0)`,
          '{{instance}}',
        ),
      ],
    },
    {
      title: 'Tasks of the control group',
      description: 'Processes and threads, and how many there may be.',
      unit: 'short',
      queries: [
        promql(of('sightline_cgroup_pids'), '{{instance}}'),
        promql(of('sightline_cgroup_pids_limit'), '{{instance}} limit'),
      ],
    },
  ),
];

const media: readonly Line[] = [
  graphs(
    {
      title: 'Event loops',
      description:
        'Share of the time in which the loop of each thread was busy. Alerts fire at 75 and 90 %; then more threads help.',
      unit: 'percentunit',
      max: 1,
      limits: cpuLimits,
      queries: [promql(of('sightline_event_loop_utilisation_ratio'), '{{instance}} {{thread}}')],
    },
    {
      title: 'Event loop delay',
      description:
        'How much later than due a thread got to a timer: 99 of 100 times it was earlier than this.',
      unit: 's',
      queries: [
        promql(
          `histogram_quantile(0.99, sum by (instance, thread, le) (${rate('sightline_event_loop_delay_seconds_bucket')}))`,
          '{{instance}} {{thread}}',
        ),
      ],
    },
    {
      title: 'CPU of media threads',
      description: 'Cores that each media thread uses, user and kernel together.',
      unit: 'short',
      queries: [
        promql(
          `sum by (instance, thread) (${rate('sightline_media_thread_cpu_seconds_total')})`,
          '{{instance}} {{thread}}',
        ),
      ],
    },
    {
      title: 'Forward delay',
      description:
        'From a whole live frame at the relay until its first packet left. An alert fires when one in a hundred takes 20 ms.',
      unit: 's',
      limits: ['green', [0.02, 'red']],
      queries: [
        promql(of('sightline_forward_delay_median_seconds'), '{{instance}} median'),
        promql(of('sightline_forward_delay_p99_seconds'), '{{instance}} p99'),
      ],
    },
  ),
  graphs(
    {
      title: 'Streams and sessions of media threads',
      description: 'How the work is spread over the threads.',
      unit: 'short',
      queries: [
        promql(of('sightline_media_thread_streams'), '{{instance}} {{thread}} streams'),
        promql(of('sightline_media_thread_sessions'), '{{instance}} {{thread}} sessions'),
      ],
    },
    {
      title: 'Restarts of media threads',
      description: 'Each one cuts off the viewers of its streams for a moment.',
      unit: 'short',
      queries: [
        promql(
          `increase(${of('sightline_media_thread_restarts_total')}[$__rate_interval])`,
          '{{instance}} {{thread}}',
        ),
      ],
    },
    {
      title: 'Sent and expected',
      description: 'What all sessions are sent, and what they would be while nothing is lost.',
      unit: 'bps',
      queries: [
        promql(`8 * sum by (instance) (${rate('sightline_egress_bytes_total')})`, '{{instance}} sent'),
        promql(`8 * ${of('sightline_egress_expected_bytes_per_second')}`, '{{instance}} expected'),
      ],
    },
    {
      title: 'Send errors',
      description: 'Calls that handed packets to the kernel and failed.',
      unit: 'cps',
      queries: [promql(rate('sightline_egress_send_errors_total'), '{{instance}}')],
    },
  ),
];

const viewers: readonly Line[] = [
  graphs(
    {
      title: 'Joins by outcome',
      description: 'Offers by how they ended; ok once media can flow.',
      unit: 'short',
      stacked: true,
      queries: [
        promql(
          `sum by (outcome) (increase(${of('sightline_viewer_joins_total')}[$__rate_interval]))`,
          '{{outcome}}',
        ),
      ],
    },
    {
      title: 'Refused for want of capacity',
      description: 'Viewers refused, by the limit that said no.',
      unit: 'short',
      stacked: true,
      queries: [
        promql(
          `sum by (reason) (increase(${of('sightline_admission_rejections_total')}[$__rate_interval]))`,
          '{{reason}}',
        ),
      ],
    },
    {
      title: 'Time to the first picture',
      description:
        'From the wish to watch to the first picture on the screen, told by browsers: median and one in twenty.',
      unit: 's',
      limits: ['green', [1, 'orange'], [3, 'red']],
      queries: [
        promql(
          `histogram_quantile(0.5, sum by (le) (${rate('sightline_time_to_first_frame_seconds_bucket')}))`,
          'median',
        ),
        promql(
          `histogram_quantile(0.95, sum by (le) (${rate('sightline_time_to_first_frame_seconds_bucket')}))`,
          'p95',
        ),
      ],
    },
    {
      title: 'Age of pictures on screens',
      description: 'Since they reached the relay, told by browsers: median and one in twenty.',
      unit: 's',
      queries: [
        promql(
          `histogram_quantile(0.5, sum by (le) (${rate('sightline_glass_to_glass_delay_seconds_bucket')}))`,
          'median',
        ),
        promql(
          `histogram_quantile(0.95, sum by (le) (${rate('sightline_glass_to_glass_delay_seconds_bucket')}))`,
          'p95',
        ),
      ],
    },
  ),
  graphs(
    {
      title: 'Viewers by transport',
      description:
        'What carries the media: UDP, or TCP for those whom UDP does not reach. Over TCP a lost packet holds up all that follow.',
      unit: 'short',
      stacked: true,
      queries: [
        promql(`sum by (transport) (${of('sightline_viewers_by_transport')})`, '{{transport}}'),
      ],
    },
    {
      title: 'Cameras watched over TCP',
      description:
        'The ten cameras with the most viewers over TCP. Many at one site: a firewall there lets no UDP through to the media port.',
      unit: 'short',
      queries: [
        promql(
          `topk(10, ${of('sightline_viewers_by_transport', 'transport="tcp"')})`,
          '{{instance}} {{stream}}',
        ),
      ],
    },
  ),
];

const decoders: readonly Line[] = [
  graphs(
    {
      title: 'Decoder processes',
      description: 'Processes of ffmpeg that run, how many may, and the jobs that wait for one.',
      unit: 'short',
      queries: [
        promql(of('sightline_child_processes'), '{{instance}} run'),
        promql(of('sightline_child_process_limit'), '{{instance}} limit'),
        promql(of('sightline_child_process_queue_length'), '{{instance}} wait'),
      ],
    },
    {
      title: 'Decoder jobs that came to nothing',
      description: 'Refused because the queue was full, ended by the relay, or without a result.',
      unit: 'short',
      queries: [
        promql(
          `increase(${of('sightline_child_process_rejections_total')}[$__rate_interval])`,
          '{{instance}} refused',
        ),
        promql(
          `increase(${of('sightline_child_process_kills_total')}[$__rate_interval])`,
          '{{instance}} ended',
        ),
        promql(
          `increase(${of('sightline_child_process_failures_total')}[$__rate_interval])`,
          '{{instance}} failed',
        ),
      ],
    },
    {
      title: 'Decoders at work',
      description: 'Mean number of decoders that ran, and how many were started in a second.',
      unit: 'short',
      queries: [
        promql(rate('sightline_child_process_run_seconds_total'), '{{instance}} at work'),
        promql(rate('sightline_child_process_starts_total'), '{{instance}} started per second'),
      ],
    },
    {
      title: 'Pictures looked at',
      description: 'For picture health: pictures in a second, and those that could not be, by reason.',
      unit: 'cps',
      queries: [
        promql(rate('sightline_picture_checks_total'), '{{instance}} looked at'),
        promql(rate('sightline_picture_check_failures_total'), '{{instance}} {{reason}}'),
      ],
    },
  ),
];

const storage: readonly Line[] = [
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

const service: readonly Line[] = [
  graphs(
    {
      title: 'Requests',
      description: 'HTTP requests in a second, by status.',
      unit: 'reqps',
      stacked: true,
      queries: [
        promql(`sum by (code) (${rate('sightline_http_request_duration_seconds_count')})`, '{{code}}'),
      ],
    },
    {
      title: 'Time of requests',
      description: 'Nineteen of twenty requests to the API were faster. An alert fires at 200 ms.',
      unit: 's',
      limits: ['green', [0.2, 'red']],
      queries: [
        promql(
          `histogram_quantile(0.95, sum by (instance, le) (${rate('sightline_http_request_duration_seconds_bucket', 'route=~"/api/.*"')}))`,
          '{{instance}}',
        ),
      ],
    },
    {
      title: 'Open files',
      description: 'Share of the file descriptors that are open; without one, nobody can connect.',
      unit: 'percentunit',
      limits: ['green', [0.8, 'red']],
      queries: [promql(`${of('process_open_fds')} / ${of('process_max_fds')}`, '{{instance}}')],
    },
    {
      title: 'Active resources',
      description:
        'Sockets, timers and requests that keep the process busy: a leak shows here. Alerts fire at 5,000 and 10,000.',
      unit: 'short',
      limits: ['green', [5000, 'orange'], [10_000, 'red']],
      queries: [promql(`sum by (instance) (${of('sightline_active_resources')})`, '{{instance}}')],
    },
  ),
  graphs(
    {
      title: 'Temperature',
      description: 'Of every sensor that the host has.',
      unit: 'celsius',
      queries: [promql(of('sightline_host_temperature_celsius'), '{{instance}} {{sensor}}')],
    },
    {
      title: 'Log messages',
      description: 'By level. Errors above one in five seconds make an alert.',
      unit: 'cps',
      stacked: true,
      queries: [promql(`sum by (level) (${rate('sightline_log_messages_total')})`, '{{level}}')],
    },
    {
      title: 'Time of a scrape',
      description: 'How long Prometheus waited. An alert fires at half a second.',
      unit: 's',
      limits: ['green', [0.5, 'red']],
      queries: [promql(of('scrape_duration_seconds', 'job="sightline"'), '{{instance}}')],
    },
    {
      title: 'Collectors that fail',
      description: 'Their figures are missing on this page.',
      unit: 'short',
      queries: [promql(`sum by (instance) (1 - ${of('sightline_host_collector_success')})`, '{{instance}}')],
    },
  ),
];

/** Utilisation, saturation and errors of a relay and the host under it. */
export function host(): Dashboard {
  return page({
    uid: 'sightline-host',
    title: 'Sightline relay and host',
    description:
      'Utilisation, saturation and errors of relays and the hosts under them: what is nearly used up, and by what.',
    from: 'now-3h',
    refresh: '30s',
    variables: [...datasourceVariables(), relayVariable(), instanceVariable()],
    annotations: [relayEvents(''), alertAnnotations('instance=~"$instance"')],
    content: [
      { title: 'Relay', lines: relay },
      { title: 'Processor', lines: processor },
      { title: 'Memory', lines: memory },
      { title: 'Control group', lines: group },
      { title: 'Event loops and media', lines: media },
      { title: 'Viewers', lines: viewers },
      { title: 'Decoders', lines: decoders },
      { title: 'Disks and network', lines: storage },
      { title: 'Service', lines: service },
    ],
  });
}
