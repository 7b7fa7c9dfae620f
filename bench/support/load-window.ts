import { setTimeout as delay } from 'node:timers/promises';
import { type Checked, checkPayloads } from './payloads.ts';
import { type CpuUse, cpuUse } from './process.ts';
import type { Sink } from './sink.ts';

export interface LoadWindow {
  readonly seconds: number;
  readonly cpu: CpuUse;
  /** That arrived at the sink in the window. */
  readonly packets: number;
  readonly cpuUsPerPacket: number;
  /** Holes in the sequence numbers that the server is to blame for. */
  readonly lost: number;
  /** Thrown away by this machine's kernel because the sink was slow: the figures of such a run are worth nothing. */
  readonly kernelDrops: number;
  /** Pictures of those who verify. */
  readonly checked: Checked;
}

/** What a server used, and what arrived at the sink, in the next `seconds`. */
export async function measureLoad(pid: number, sink: Sink, seconds: number): Promise<LoadWindow> {
  const cpuBefore = cpuUse(pid);
  const before = await sink.report();
  await delay(seconds * 1000);
  const cpuAfter = cpuUse(pid);
  const after = await sink.report();
  const cpu = {
    totalSeconds: cpuAfter.totalSeconds - cpuBefore.totalSeconds,
    userSeconds: cpuAfter.userSeconds - cpuBefore.userSeconds,
    kernelSeconds: cpuAfter.kernelSeconds - cpuBefore.kernelSeconds,
  };
  const packets = after.packets - before.packets;
  const kernelDrops = after.kernelDrops - before.kernelDrops;
  return {
    seconds: (after.atMs - before.atMs) / 1000,
    cpu,
    packets,
    cpuUsPerPacket: (cpu.totalSeconds * 1e6) / packets,
    lost: Math.max(0, after.lostByGap - before.lostByGap - kernelDrops),
    kernelDrops,
    checked: checkPayloads(after, before),
  };
}
