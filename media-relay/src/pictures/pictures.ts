/** Everything that looks into pictures, over one pool of decoders; relay.ts makes one of it. */
import type { Config } from '../config/schema.ts';
import { findFfmpeg } from '../decode/find-ffmpeg.ts';
import { hostLimits } from '../decode/host-limits.ts';
import { DecodePool, poolLimits, type PoolStatistics } from '../decode/pool.ts';
import type { EnginePort } from '../engine/engine-port.ts';
import type { Clock } from '../media/clock.ts';
import type { Logger } from '../telemetry/log.ts';
import { MjpegStreams, type MjpegStatistics } from './mjpeg.ts';
import { Snapshots } from './snapshots.ts';

export interface PicturesOptions {
  readonly config: Pick<Config, 'decode'>;
  readonly engine: EnginePort;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Pictures {
  readonly snapshots: Pick<Snapshots, 'get'>;
  readonly mjpeg: Pick<MjpegStreams, 'watch'>;
  readonly statistics: () => PicturesStatistics;
  /** Another camera, or none, has this name from now on. */
  forget(stream: string): void;
  /** Ends every decoder. Idempotent. */
  close(): Promise<void>;
}

/** For metrics: plain numbers. */
export interface PicturesStatistics {
  readonly pool: PoolStatistics;
  readonly snapshotCacheBytes: number;
  readonly mjpeg: MjpegStatistics;
}

export async function startPictures(options: PicturesOptions): Promise<Pictures> {
  const { config, engine, clock, log } = options;
  const ffmpeg = await findFfmpeg(config.decode.ffmpeg);
  const limits = poolLimits(hostLimits(), config.decode.processes);
  if (ffmpeg.isThere)
    log.info({ version: ffmpeg.version, processes: limits.slots }, 'pictures are decoded by ffmpeg');
  else log.warn(`No snapshots, no MJPEG and no picture health: ${ffmpeg.reason}`);

  const pool = new DecodePool({ ffmpeg, limits, log });
  const snapshots = new Snapshots({ engine, pool, clock });
  const mjpeg = new MjpegStreams({ engine, pool });
  let closing: Promise<void> | undefined;
  return {
    snapshots,
    mjpeg,
    statistics: () => ({
      pool: pool.statistics,
      snapshotCacheBytes: snapshots.cachedBytes,
      mjpeg: mjpeg.statistics,
    }),
    forget: (stream) => snapshots.forget(stream),
    close() {
      mjpeg.close();
      return (closing ??= pool.close());
    },
  };
}
