import { logLevels } from '../known-labels.ts';
import type { MetricSpec } from '../metric.ts';
import { counter, gauge, histogram } from '../metric.ts';
import { loopDelayBounds } from '../process/loop-delay.ts';

/** The process. */
export const processMetrics = {
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
} as const satisfies Readonly<Record<string, MetricSpec>>;
