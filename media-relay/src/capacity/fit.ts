/** From what windows of load used to what single things cost. Pure. */
import type { MediaCost } from './model.ts';

/** What something used in a second. */
export interface Rate {
  readonly cores: number;
  readonly framesPerSecond: number;
  readonly packetsPerSecond: number;
}

/**
 * The two costs that explain all loads best: those with the least squares of relative errors, so that a small load counts as much as a
 * large one. Neither is negative: where noise would make one of them so, it is 0 and the other explains the loads alone. Loads
 * that used nothing or less say nothing.
 */
export function fitMediaCost(loads: readonly Rate[]): MediaCost {
  const sums = { frames: 0, packets: 0, both: 0, framesAlone: 0, packetsAlone: 0 };
  for (const { cores, framesPerSecond, packetsPerSecond } of loads) {
    if (!(cores > 0)) continue;
    // Per core: then each load is to come out as 1.
    const frames = framesPerSecond / cores;
    const packets = packetsPerSecond / cores;
    sums.frames += frames * frames;
    sums.packets += packets * packets;
    sums.both += frames * packets;
    sums.framesAlone += frames;
    sums.packetsAlone += packets;
  }
  if (sums.framesAlone === 0) return { usPerFrame: 0, usPerPacket: 0 };
  const determinant = sums.frames * sums.packets - sums.both * sums.both;
  // One load, or several alike: they cannot tell the two apart.
  if (!(determinant > 1e-9 * sums.frames * sums.packets))
    return { usPerFrame: 0, usPerPacket: (sums.packetsAlone / sums.packets) * 1e6 };
  const frame = (sums.framesAlone * sums.packets - sums.packetsAlone * sums.both) / determinant;
  const packet = (sums.packetsAlone * sums.frames - sums.framesAlone * sums.both) / determinant;
  if (frame >= 0 && packet >= 0) return { usPerFrame: frame * 1e6, usPerPacket: packet * 1e6 };
  if (packet >= 0) return { usPerFrame: 0, usPerPacket: (sums.packetsAlone / sums.packets) * 1e6 };
  return { usPerFrame: (sums.framesAlone / sums.frames) * 1e6, usPerPacket: 0 };
}

/** CPU that a load needs by these costs. */
export const explainedCores = (
  { usPerFrame, usPerPacket }: MediaCost,
  { framesPerSecond, packetsPerSecond }: Omit<Rate, 'cores'>,
): number => (usPerFrame * framesPerSecond + usPerPacket * packetsPerSecond) / 1e6;
