/** The gauges of host, container and relay: what is used of what there is. Pure. */
import type { Figures } from './overview.ts';

export const gaugeLevels = ['ok', 'raised', 'high', 'critical'] as const;
export type GaugeLevel = (typeof gaugeLevels)[number];

export const gaugeWords = {
  ok: 'OK',
  raised: 'Raised',
  high: 'High',
  critical: 'Critical',
} as const satisfies Record<GaugeLevel, string>;

export interface Gauge {
  readonly name: string;
  /** 0 to 100 and beyond: a load can be more than there are processors. Whole, so that word and number agree. */
  readonly percent: number;
  readonly level: GaugeLevel;
  readonly detail: string;
}

/** 0-50 ok, 50-75 raised, 75-90 high, 90 and more critical. */
export function levelOf(percent: number): GaugeLevel {
  if (percent >= 90) return 'critical';
  if (percent >= 75) return 'high';
  return percent >= 50 ? 'raised' : 'ok';
}

/** Only what this host tells: a gauge without a figure is left out. */
export function gaugesOf(figures: Figures, limits: Figures): Gauge[] {
  const one = (name: string): number | undefined => (figures.get(name) ?? limits.get(name))?.[0]?.value;
  const cpus = one('sightline_host_cpus');
  const quota = one('sightline_cgroup_cpu_limit_cores');
  const total = one('sightline_host_memory_total_bytes');
  const limit = one('sightline_cgroup_memory_limit_bytes');
  const available = one('sightline_host_memory_available_bytes');
  const load = one('sightline_host_load1');
  const workingSet = one('sightline_cgroup_memory_working_set_bytes');
  const heap = one('nodejs_heap_size_used_bytes');
  const threads = figures.get('sightline_event_loop_utilisation_ratio') ?? [];
  const files = one('process_open_fds');
  const resident = one('process_resident_memory_bytes');

  return [
    gauge('CPU', one('sightline_cpu_utilisation_ratio'), coresText(quota ?? cpus, quota !== undefined)),
    gauge('Load', ratio(load, cpus), `${(load ?? 0).toFixed(2)}, mean of 1 min`),
    gauge('Host memory', ratio(minus(total, available), total), `${bytesText(available)} free`),
    ...diskGauges(figures),
    ...(figures.get('sightline_host_gpu_utilisation_ratio') ?? []).map(({ labels, value }) =>
      gauge(`GPU ${labels['gpu'] ?? ''}`, value, 'busy'),
    ),
    gauge(
      'Container memory',
      ratio(workingSet, limit ?? total),
      `${bytesText(workingSet)} of ${bytesText(limit ?? total)}`,
    ),
    // Without a quota nobody is held back by it.
    quota === undefined
      ? undefined
      : gauge('CPU throttled', one('sightline_cgroup_cpu_throttled_seconds_total'), 'held back by the quota'),
    ...threads.map(({ labels, value }) =>
      gauge(threadText(labels['thread'] ?? '', threads.length), value, 'event loop busy'),
    ),
    gauge('Heap', ratio(heap, one('sightline_heap_limit_bytes')), `${bytesText(resident)} resident`),
    gauge('Open files', ratio(files, one('process_max_fds')), `${files ?? 0} open`),
  ].filter((candidate) => candidate !== undefined);
}

/** The fullest volume: the one that runs out first. */
function diskGauges(figures: Figures): (Gauge | undefined)[] {
  const available = figures.get('sightline_storage_available_bytes') ?? [];
  const volumes = (figures.get('sightline_storage_size_bytes') ?? []).map(({ labels, value: size }) => {
    const free = available.find((other) => other.labels['volume'] === labels['volume'])?.value;
    return { name: labels['volume'] ?? '', free, used: ratio(minus(size, free), size) ?? 0 };
  });
  const fullest = volumes.toSorted((a, b) => b.used - a.used)[0];
  return fullest === undefined
    ? []
    : [gauge('Disk', fullest.used, `${fullest.name}: ${bytesText(fullest.free)} free`)];
}

function gauge(name: string, share: number | undefined, detail: string): Gauge | undefined {
  if (share === undefined || !Number.isFinite(share)) return undefined;
  const percent = Math.max(0, Math.round(100 * share));
  return { name, percent, level: levelOf(percent), detail };
}

function minus(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a - b;
}

function ratio(part: number | undefined, whole: number | undefined): number | undefined {
  return part === undefined || whole === undefined || whole <= 0 ? undefined : part / whole;
}

function threadText(thread: string, count: number): string {
  if (thread === 'media-0' && count === 2) return 'Media thread';
  return `${thread.slice(0, 1).toUpperCase()}${thread.slice(1)} thread`;
}

function coresText(cores: number | undefined, isQuota: boolean): string {
  if (cores === undefined) return 'in use';
  return `of ${Number(cores.toFixed(2))} ${cores === 1 ? 'core' : 'cores'}${isQuota ? ' allowed' : ''}`;
}

/** Decimal, as disks and networks are sold: '512 MB', '7.9 GB'. */
export function bytesText(bytes: number | undefined): string {
  if (bytes === undefined) return '?';
  const [size, unit] =
    bytes >= 1e12 ? [bytes / 1e12, 'TB'] : bytes >= 1e9 ? [bytes / 1e9, 'GB'] : [bytes / 1e6, 'MB'];
  return `${size.toFixed(size >= 10 || unit === 'MB' ? 0 : 1)} ${unit}`;
}
