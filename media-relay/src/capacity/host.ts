import { readFileSync } from 'node:fs';
import type { Config } from '../config/schema.ts';
import type { Ffmpeg } from '../decode/find-ffmpeg.ts';
import { hostLimits } from '../host-limits.ts';
import { poolLimits, type PoolOptions } from '../decode/pool.ts';
import { maxMjpegViewers } from '../pictures/mjpeg.ts';
import type { Host } from './model.ts';

/** What this process may use of its host, and what the configuration lets it use. */
export function hostFor(
  { engine, limits, decode }: Pick<Config, 'engine' | 'limits' | 'decode'>,
  ffmpeg: Ffmpeg,
): { readonly host: Host; readonly pool: PoolOptions['limits'] } {
  const effective = hostLimits();
  const pool = poolLimits(effective, decode.processes);
  const host = {
    ...effective,
    networkBps: networkSpeedBps(readText),
    mediaThreads: engine.threads,
    decoders: ffmpeg.isThere ? Math.min(pool.longSlots, maxMjpegViewers) : 0,
    maxViewers: limits.viewers,
    maxViewerBps: limits.bitrate,
  };
  return { host, pool };
}

type ReadFile = (path: string) => string | undefined;

/** Of the interface with the default route (proc_net_route(5), sysfs-class-net: `speed` in Mbit/s, -1 when unknown). */
export function networkSpeedBps(read: ReadFile): number | undefined {
  const routes = (read('/proc/net/route') ?? '').split('\n').slice(1);
  const name = routes
    .map((line) => line.split('\t'))
    .find(([, destination]) => destination === '00000000')?.[0];
  if (name === undefined || !/^[\w.@-]+$/.test(name)) return undefined;
  const mbps = Number(read(`/sys/class/net/${name}/speed`)?.trim() ?? NaN);
  return mbps > 0 ? mbps * 1e6 : undefined;
}

/** The kernel answers EINVAL where an interface has no speed. */
function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
