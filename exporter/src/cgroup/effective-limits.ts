import { HostFiles } from '../host-files.ts';
import type { MemoryLimit } from './limits.ts';
import { cpuLimitCores, memoryLimits, memoryUse } from './limits.ts';
import type { ControllerGroup } from './locate.ts';
import { locateController } from './locate.ts';

export interface HostFacts {
  readonly cpus: number;
  readonly memoryBytes: number;
}

export interface MemoryReading {
  readonly limitBytes: number;
  /** Of what counts against that limit: resident memory, or the control group's working set when that is more. */
  readonly usedBytes: number;
}

/** Limits are set by people, and processes are moved by them. */
const rereadMs = 10_000;

/** What this process may really use: the host's figures cut down by its control groups (version 1, 2 or both). */
export class EffectiveLimits {
  readonly #files: HostFiles;
  readonly #host: HostFacts;
  #group: ControllerGroup | undefined;
  #limits: readonly MemoryLimit[] = [];
  #readAtMs = -Infinity;

  constructor(host: HostFacts, files = new HostFiles()) {
    this.#host = host;
    this.#files = files;
  }

  /** Cores; a fraction where a quota says so. */
  get cpus(): number {
    const group = locateController(this.#files, 'cpu');
    const cores = group && cpuLimitCores(this.#files, group);
    return Math.min(this.#host.cpus, cores ?? Infinity);
  }

  get memoryBytes(): number {
    return this.#smallest(this.#memoryLimits());
  }

  /** The tightest of all limits above this process, by share used. A handful of small kernel files at most. */
  readMemory(residentBytes: number): MemoryReading {
    const limits = this.#memoryLimits();
    let tightest: MemoryReading = { limitBytes: this.#smallest(limits), usedBytes: residentBytes };
    for (const { directory, bytes } of limits) {
      const { workingSetBytes } = memoryUse(this.#files, this.#group?.version ?? 2, directory);
      if (workingSetBytes === undefined) continue;
      const reading = { limitBytes: bytes, usedBytes: workingSetBytes };
      if (share(reading) > share(tightest)) tightest = reading;
    }
    return tightest;
  }

  close(): void {
    this.#files.close();
  }

  #smallest(limits: readonly MemoryLimit[]): number {
    return Math.min(this.#host.memoryBytes, ...limits.map(({ bytes }) => bytes));
  }

  /** Those beyond the host's memory limit nothing. */
  #memoryLimits(): readonly MemoryLimit[] {
    const nowMs = performance.now();
    if (nowMs - this.#readAtMs <= rereadMs) return this.#limits;
    this.#readAtMs = nowMs;
    this.#group = locateController(this.#files, 'memory');
    const limits = this.#group === undefined ? [] : memoryLimits(this.#files, this.#group);
    this.#limits = limits.filter(({ bytes }) => bytes < this.#host.memoryBytes);
    return this.#limits;
  }
}

const share = ({ usedBytes, limitBytes }: MemoryReading): number => usedBytes / limitBytes;
