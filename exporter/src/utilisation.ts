import type { MetricName } from './catalogue.ts';
import type { Samples } from './samples.ts';

const minIntervalMs = 500;

/**
 * What the thresholds of alerts are about: how much of the CPU and the memory that may be used is in use. With a limit on the own
 * control group that is the group's share of it, else the host's: a limit beyond what the host has limits nothing. Runs after the
 * collectors, on what they found.
 */
export class Utilisation {
  readonly #isOfHost: boolean;
  #lastMs: number | undefined;
  #lastUsed = { group: 0, busy: 0, total: 0 };
  #ratio: number | undefined;

  /** @param isOfHost of the host in any case: it is watched from a container whose limits are for the watcher alone */
  constructor(isOfHost = false) {
    this.#isOfHost = isOfHost;
  }

  derive(out: Samples, nowMs = performance.now()): void {
    this.#deriveCpu(out, nowMs);
    out.set('sightline_cpu_utilisation_ratio', this.#ratio);
    out.set('sightline_memory_utilisation_ratio', this.#memoryRatio(out));
  }

  #deriveCpu(out: Samples, nowMs: number): void {
    const modes = out.values.get('sightline_host_cpu_seconds_total') ?? [];
    const total = modes.reduce((sum, { value }) => sum + value, 0);
    const idle = modes
      .filter(({ labels: { mode } }) => mode === 'idle' || mode === 'iowait')
      .reduce((sum, { value }) => sum + value, 0);
    const used = {
      group: out.find('sightline_cgroup_cpu_usage_seconds_total') ?? 0,
      busy: total - idle,
      total,
    };
    const elapsedMs = this.#lastMs === undefined ? undefined : nowMs - this.#lastMs;
    if (elapsedMs !== undefined && elapsedMs < minIntervalMs) return;
    const last = this.#lastUsed;
    this.#lastMs = nowMs;
    this.#lastUsed = used;
    if (elapsedMs === undefined) return;

    const cores = this.#limit(out, 'sightline_cgroup_cpu_limit_cores', 'sightline_host_cpus');
    const ratio =
      cores !== undefined
        ? (used.group - last.group) / (cores * (elapsedMs / 1000))
        : (used.busy - last.busy) / (used.total - last.total);
    if (Number.isFinite(ratio)) this.#ratio = Math.min(1, Math.max(0, ratio));
  }

  #memoryRatio(out: Samples): number | undefined {
    const limit = this.#limit(
      out,
      'sightline_cgroup_memory_limit_bytes',
      'sightline_host_memory_total_bytes',
    );
    const workingSet = out.find('sightline_cgroup_memory_working_set_bytes');
    if (limit !== undefined && workingSet !== undefined) return workingSet / limit;
    const total = out.find('sightline_host_memory_total_bytes');
    const available = out.find('sightline_host_memory_available_bytes');
    return total === undefined || available === undefined ? undefined : 1 - available / total;
  }

  /** A limit of the group, unless the host has no more than that. */
  #limit(out: Samples, group: MetricName, host: MetricName): number | undefined {
    if (this.#isOfHost) return undefined;
    const limit = out.find(group);
    return limit !== undefined && limit < (out.find(host) ?? Infinity) ? limit : undefined;
  }
}
