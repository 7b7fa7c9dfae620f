/** What this process may use of its host, on the main thread: the effective limits, and how busy the thread is. */
import { availableParallelism, totalmem } from 'node:os';
import { performance, type EventLoopUtilization } from 'node:perf_hooks';
import { EffectiveLimits, type MemoryReading } from '@sightline/exporter';

export interface HostLimits {
  /** Cores; a fraction where a quota says so. */
  readonly cpus: number;
  readonly memoryBytes: number;
}

export interface HostReading {
  readonly memory: MemoryReading;
  /** Of the calling thread's event loop since the last reading, 0..1. */
  readonly mainUtilisation: number;
}

export function hostLimits(): HostLimits {
  const limits = new EffectiveLimits(hostFacts());
  const { cpus, memoryBytes } = limits;
  limits.close();
  return { cpus, memoryBytes };
}

/** Well under a tenth of a millisecond. */
export class HostMeter {
  readonly #limits = new EffectiveLimits(hostFacts());
  #utilisation: EventLoopUtilization = performance.eventLoopUtilization();

  read(): HostReading {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#utilisation);
    this.#utilisation = now;
    return {
      memory: this.#limits.readMemory(process.memoryUsage.rss()),
      mainUtilisation: utilization,
    };
  }

  close(): void {
    this.#limits.close();
  }
}

function hostFacts(): HostLimits {
  return { cpus: availableParallelism(), memoryBytes: totalmem() };
}
