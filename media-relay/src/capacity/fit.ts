/** From what windows of load used to what single things cost. Pure. */
import type { MediaCost } from './model.ts';

/** What something used in a second. */
export interface Rate {
  readonly cores: number;
  readonly framesPerSecond: number;
  readonly packetsPerSecond: number;
}

/**
 * The two costs by which both loads are explained exactly: one of many, one of few packets per picture. Where noise makes
 * one of them negative, it is 0 and the other explains the richer load alone.
 */
export function fitMediaCost(rich: Rate, poor: Rate): MediaCost {
  const determinant =
    rich.packetsPerSecond * poor.framesPerSecond - poor.packetsPerSecond * rich.framesPerSecond;
  const packet = (rich.cores * poor.framesPerSecond - poor.cores * rich.framesPerSecond) / determinant;
  const frame = (poor.cores * rich.packetsPerSecond - rich.cores * poor.packetsPerSecond) / determinant;
  if (packet >= 0 && frame >= 0) return { usPerFrame: frame * 1e6, usPerPacket: packet * 1e6 };
  if (packet >= 0) return { usPerFrame: 0, usPerPacket: micro(rich.cores / rich.packetsPerSecond) };
  return { usPerFrame: micro(rich.cores / rich.framesPerSecond), usPerPacket: 0 };
}

const micro = (seconds: number): number => Math.max(0, seconds * 1e6);

/** CPU that a load needs by these costs. */
export const explainedCores = (
  { usPerFrame, usPerPacket }: MediaCost,
  { framesPerSecond, packetsPerSecond }: Omit<Rate, 'cores'>,
): number => (usPerFrame * framesPerSecond + usPerPacket * packetsPerSecond) / 1e6;
