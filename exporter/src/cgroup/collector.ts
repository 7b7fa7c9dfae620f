import type { HostFiles } from '../host-files.ts';
import { toNumber } from '../host-files.ts';
import { parsePressure } from '../host/pressure.ts';
import { pressureResources } from '../known-labels.ts';
import type { Samples } from '../samples.ts';
import type { Collector } from '../source.ts';
import { collectCpu, collectCpuTimeV1 } from './cpu.ts';
import type { ControllerGroup } from './locate.ts';
import { locateController } from './locate.ts';
import { collectMemory, smallestLimit } from './memory.ts';

/** A process can be moved to another group while it runs. */
const relocateMs = 60_000;

/** The limits that hold for this process: its own control group, version 1 or 2, and those around it. */
export function cgroupCollector(files: HostFiles): Collector {
  let groups = locate(files);
  let locatedAtMs = performance.now();
  return {
    name: 'cgroup',
    collect(out) {
      if (performance.now() - locatedAtMs > relocateMs) {
        groups = locate(files);
        locatedAtMs = performance.now();
      }
      const { memory, cpu, cpuacct, pids } = groups;
      const version = (memory ?? cpu)?.version;
      if (version !== undefined) out.set('sightline_cgroup_info', 1, { version: version === 1 ? '1' : '2' });
      if (memory !== undefined) collectMemory(files, memory, out);
      if (cpu !== undefined) collectCpu(files, cpu, out);
      if (cpuacct?.version === 1) collectCpuTimeV1(files, cpuacct, out);
      if (pids !== undefined) collectPids(files, pids, out);
      if (memory?.version === 2) collectPressure(files, memory.directories[0] ?? '', out);
    },
  };
}

function locate(files: HostFiles) {
  return {
    memory: locateController(files, 'memory'),
    cpu: locateController(files, 'cpu'),
    cpuacct: locateController(files, 'cpuacct'),
    pids: locateController(files, 'pids'),
  };
}

function collectPids(files: HostFiles, { directories }: ControllerGroup, out: Samples): void {
  const [own = ''] = directories;
  out.set('sightline_cgroup_pids', toNumber(files.read(`${own}/pids.current`)));
  const limits = directories.map((directory) => toNumber(files.read(`${directory}/pids.max`)));
  out.set('sightline_cgroup_pids_limit', smallestLimit(limits));
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
