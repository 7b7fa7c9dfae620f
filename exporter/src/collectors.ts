import { cgroupCollector } from './cgroup/collector.ts';
import { HostFiles } from './host-files.ts';
import { cpuFrequencyCollector } from './host/cpu-frequency.ts';
import { cpuCollector, cpuCoresCollector } from './host/cpu.ts';
import { disksCollector } from './host/disks.ts';
import { filesystemsCollector } from './host/filesystems.ts';
import { gpuCollector } from './host/gpu.ts';
import { loadCollector } from './host/load.ts';
import { memoryCollector } from './host/memory.ts';
import { networkCollector } from './host/network.ts';
import { pagingCollector } from './host/paging.ts';
import { pressureCollector } from './host/pressure.ts';
import { slowly } from './host/slowly.ts';
import { socketsCollector } from './host/sockets.ts';
import { tcpStatesCollector } from './host/tcp-states.ts';
import { temperaturesCollector } from './host/temperatures.ts';
import { inventoryCollector, portableCollector } from './inventory/collectors.ts';
import type { CollectorName } from './known-labels.ts';
import { processCollector } from './process/process.ts';
import type { Collector } from './source.ts';

export interface CollectorChoice {
  /** Those that are off by default and wanted: `cpu-cores`. */
  readonly on?: readonly CollectorName[];
  /** Those that are on by default and not wanted. */
  readonly off?: readonly CollectorName[];
  /** Where /proc and /sys are; tests pass a directory of fixtures. */
  readonly root?: string;
  /** Where the host's / is mounted, for a container that tells of its host; its own group and process stay its own. */
  readonly hostRoot?: string | undefined;
  readonly platform?: NodeJS.Platform;
}

const offByDefault: readonly CollectorName[] = ['cpu-cores'];
/** What asks hardware, or makes the kernel walk long tables. */
const hardware = { everyMs: 10_000, waitMs: 50 };
/** No disk fills within seconds. The wait is longer than the deadline for one that hangs. */
const storage = { everyMs: 5_000, waitMs: 150 };

/** What this system can tell. On Linux from the kernel's own files; elsewhere by systeminformation in a child process. */
export function createCollectors(choice: CollectorChoice = {}): Collector[] {
  const { on = [], off = [], root, hostRoot, platform = process.platform } = choice;
  const files = new HostFiles(root);
  const host = hostRoot === undefined ? files : new HostFiles(hostRoot, 'proc/1');
  const makers: Partial<Record<CollectorName, () => Collector>> =
    platform === 'linux'
      ? { ...linux(host), cgroup: () => cgroupCollector(files) }
      : { portable: portableCollector };
  const all = { ...makers, process: () => processCollector(files), inventory: inventoryCollector };
  return (Object.entries(all) as [CollectorName, () => Collector][])
    .filter(([name]) => !off.includes(name) && (!offByDefault.includes(name) || on.includes(name)))
    .map(([, make]) => closing(make(), [files, host]));
}

/** The files that they share stay open no longer than any of them. */
function closing(collector: Collector, shared: readonly HostFiles[]): Collector {
  return {
    ...collector,
    close() {
      collector.close?.();
      for (const files of shared) files.close();
    },
  };
}

function linux(files: HostFiles): Partial<Record<CollectorName, () => Collector>> {
  return {
    cpu: () => cpuCollector(files),
    'cpu-cores': () => cpuCoresCollector(files),
    'cpu-frequency': () => slowly(cpuFrequencyCollector(files), hardware),
    load: () => loadCollector(files),
    memory: () => memoryCollector(files),
    paging: () => pagingCollector(files),
    pressure: () => pressureCollector(files),
    filesystems: () => slowly(filesystemsCollector(files), storage),
    disks: () => disksCollector(files),
    network: () => networkCollector(files),
    sockets: () => socketsCollector(files),
    'tcp-states': () => slowly(tcpStatesCollector(files), hardware),
    temperatures: () => slowly(temperaturesCollector(files), hardware),
    gpu: () => slowly(gpuCollector(files), hardware),
  };
}
