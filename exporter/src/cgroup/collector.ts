import type { HostFiles } from '../host-files.ts';
import { toNumber } from '../host-files.ts';
import { parsePressure } from '../host/pressure.ts';
import { pressureResources } from '../known-labels.ts';
import type { Samples } from '../samples.ts';
import type { Collector } from '../source.ts';
import { collectCpu, collectCpuTimeV1 } from './cpu.ts';
import { cpuLimitCores, memoryLimits, smallestLimit } from './limits.ts';
import type { ControllerGroup } from './locate.ts';
import { locateController } from './locate.ts';
import { collectMemory } from './memory.ts';

/** A process can be moved to another group while it runs. */
const relocateMs = 60_000;
/** Limits are set by people. */
const rereadLimitsMs = 5_000;

/** The limits that hold for this process: its own control group, version 1 or 2, and those around it. */
export function cgroupCollector(files: HostFiles): Collector {
  let groups = locate(files);
  let locatedAtMs = performance.now();
  let limits = readLimits(files, groups);
  let limitsAtMs = locatedAtMs;
  return {
    name: 'cgroup',
    collect(out) {
      const nowMs = performance.now();
      const isMoving = nowMs - locatedAtMs > relocateMs;
      if (isMoving) {
        groups = locate(files);
        locatedAtMs = nowMs;
      }
      if (isMoving || nowMs - limitsAtMs > rereadLimitsMs) {
        limits = readLimits(files, groups);
        limitsAtMs = nowMs;
      }
      const { memory, cpu, cpuacct, pids } = groups;
      const version = (memory ?? cpu)?.version;
      if (version !== undefined) out.set('sightline_cgroup_info', 1, { version: version === 1 ? '1' : '2' });
      out.set('sightline_cgroup_memory_limit_bytes', limits.memoryBytes);
      out.set('sightline_cgroup_memory_high_bytes', limits.memoryHighBytes);
      if (memory !== undefined) collectMemory(files, memory, out);
      out.set('sightline_cgroup_cpu_limit_cores', limits.cores);
      if (cpu !== undefined) collectCpu(files, cpu, out);
      if (cpuacct?.version === 1) collectCpuTimeV1(files, cpuacct, out);
      if (pids !== undefined && out.wants('sightline_cgroup_pids'))
        out.set('sightline_cgroup_pids', toNumber(files.read(`${pids.directories[0] ?? ''}/pids.current`)));
      out.set('sightline_cgroup_pids_limit', limits.pids);
      if (memory?.version === 2 && out.wants('sightline_cgroup_pressure_waiting_seconds_total'))
        collectPressure(files, memory.directories[0] ?? '', out);
    },
  };
}

type Groups = ReturnType<typeof locate>;

function locate(files: HostFiles) {
  return {
    memory: locateController(files, 'memory'),
    cpu: locateController(files, 'cpu'),
    cpuacct: locateController(files, 'cpuacct'),
    pids: locateController(files, 'pids'),
  };
}

/** Each the smallest; undefined where nothing limits. */
function readLimits(files: HostFiles, { memory, cpu, pids }: Groups) {
  const smallest = (group: ControllerGroup | undefined, file: string): number | undefined =>
    smallestLimit(group?.directories.map((directory) => toNumber(files.read(`${directory}/${file}`))) ?? []);
  return {
    memoryBytes: memory && smallestLimit(memoryLimits(files, memory).map(({ bytes }) => bytes)),
    memoryHighBytes: memory?.version === 2 ? smallest(memory, 'memory.high') : undefined,
    cores: cpu && cpuLimitCores(files, cpu),
    pids: smallest(pids, 'pids.max'),
  };
}

function collectPressure(files: HostFiles, directory: string, out: Samples): void {
  for (const resource of pressureResources) {
    const text = files.read(`${directory}/${resource}.pressure`);
    if (text === undefined) continue;
    const { waitingSeconds, stalledSeconds } = parsePressure(text);
    out.set('sightline_cgroup_pressure_waiting_seconds_total', waitingSeconds, { resource });
    out.set('sightline_cgroup_pressure_stalled_seconds_total', stalledSeconds, { resource });
  }
}
