/** Snapshots of several media threads, and of one after another, as if there were one engine. Pure. */
import type { EngineSnapshot, ThreadSnapshot } from './messages.ts';

/** What must not fall back when a media thread dies and another one counts from 0. */
export type EngineTotals = Pick<
  EngineSnapshot,
  'joinsTotal' | 'sendCallsTotal' | 'sendErrorsTotal' | 'cpuUserSeconds' | 'cpuSystemSeconds'
>;

export const noTotals: EngineTotals = {
  joinsTotal: {},
  sendCallsTotal: 0,
  sendErrorsTotal: 0,
  cpuUserSeconds: 0,
  cpuSystemSeconds: 0,
};

export function addTotals(a: EngineTotals, b: EngineTotals): EngineTotals {
  return {
    joinsTotal: addCounts(a.joinsTotal, b.joinsTotal),
    sendCallsTotal: a.sendCallsTotal + b.sendCallsTotal,
    sendErrorsTotal: a.sendErrorsTotal + b.sendErrorsTotal,
    cpuUserSeconds: a.cpuUserSeconds + b.cpuUserSeconds,
    cpuSystemSeconds: a.cpuSystemSeconds + b.cpuSystemSeconds,
  };
}

/** A thread that has died, or has only just begun: it has no streams and nothing but its past. */
export function emptySnapshot(
  atMs: number,
  thread: Pick<ThreadSnapshot, 'index' | 'isRunning' | 'restartsTotal'>,
): EngineSnapshot {
  return {
    ...noTotals,
    atMs,
    threads: [
      {
        ...thread,
        eventLoopUtilisation: 0,
        eventLoopDelayMaxMs: 0,
        eventLoopDelay: { counts: [], sumSeconds: 0 },
        cpuUserSeconds: 0,
        cpuSystemSeconds: 0,
        arenaBytes: 0,
        arenaBlocks: 0,
        streams: 0,
        sessions: 0,
      },
    ],
    streams: [],
    sessions: 0,
    eventLoopUtilisation: 0,
    arenaBytes: 0,
    arenaBlocks: 0,
    firstPacketP50Ms: 0,
    firstPacketP99Ms: 0,
    firstPacketMaxMs: 0,
  };
}

/** Undefined for none. */
export function mergeSnapshots(snapshots: readonly EngineSnapshot[]): EngineSnapshot | undefined {
  return snapshots.length === 0 ? undefined : snapshots.reduce(merge);
}

function merge(a: EngineSnapshot, b: EngineSnapshot): EngineSnapshot {
  return {
    ...addTotals(a, b),
    atMs: Math.max(a.atMs, b.atMs),
    threads: [...a.threads, ...b.threads],
    streams: [...a.streams, ...b.streams],
    sessions: a.sessions + b.sessions,
    eventLoopUtilisation: Math.max(a.eventLoopUtilisation, b.eventLoopUtilisation),
    arenaBytes: a.arenaBytes + b.arenaBytes,
    arenaBlocks: a.arenaBlocks + b.arenaBlocks,
    firstPacketP50Ms: Math.max(a.firstPacketP50Ms, b.firstPacketP50Ms),
    firstPacketP99Ms: Math.max(a.firstPacketP99Ms, b.firstPacketP99Ms),
    firstPacketMaxMs: Math.max(a.firstPacketMaxMs, b.firstPacketMaxMs),
  };
}

function addCounts(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>) {
  const sum: Record<string, number> = { ...a };
  for (const [key, count] of Object.entries(b)) sum[key] = (sum[key] ?? 0) + count;
  return sum;
}
