/** Everything that looks into pictures, over one pool of decoders; relay.ts makes one of it. */
import type { Config } from '../config/schema.ts';
import { findFfmpeg } from '../decode/find-ffmpeg.ts';
import { DecodePool, poolLimits, type PoolStatistics } from '../decode/pool.ts';
import type { EnginePort } from '../engine/engine-port.ts';
import { hostLimits } from '../host-limits.ts';
import type { Clock } from '../media/clock.ts';
import type { PictureFlag } from '../stream/states.ts';
import type { Logger } from '../telemetry/log.ts';
import { KeptStills } from './kept-stills.ts';
import { MjpegStreams, type MjpegStatistics } from './mjpeg.ts';
import { PictureChecker, type CheckerStatistics, type PictureHealth } from './picture-checker.ts';
import { SnapshotKeeper, type KeeperStatistics } from './snapshot-keeper.ts';
import { Snapshots } from './snapshots.ts';

export interface PicturesOptions {
  readonly config: Pick<Config, 'decode' | 'pictureHealth' | 'snapshots'>;
  readonly engine: EnginePort;
  readonly clock: Clock;
  readonly log: Logger;
  /** A flag of a stream's picture went on or off. */
  readonly onFlag: (stream: string, flag: PictureFlag, on: boolean) => void;
}

export interface Pictures {
  readonly snapshots: Pick<Snapshots, 'get'>;
  readonly mjpeg: Pick<MjpegStreams, 'watch'>;
  /** Undefined when no snapshots are kept. */
  readonly stills: Pick<KeptStills, 'everySeconds' | 'times' | 'read'> | undefined;
  /** Undefined for a stream that is not live, or was not looked at yet. */
  readonly health: (stream: string) => PictureHealth | undefined;
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
  readonly checker: CheckerStatistics;
  /** Undefined when no snapshots are kept. */
  readonly keeper: KeeperStatistics | undefined;
}

export async function startPictures(options: PicturesOptions): Promise<Pictures> {
  const { config, engine, clock, log, onFlag } = options;
  const ffmpeg = await findFfmpeg(config.decode.ffmpeg);
  const limits = poolLimits(hostLimits(), config.decode.processes);
  if (ffmpeg.isThere)
    log.info({ version: ffmpeg.version, processes: limits.slots }, 'pictures are decoded by ffmpeg');
  else log.warn(`No snapshots, no MJPEG and no picture health: ${ffmpeg.reason}`);

  const pool = new DecodePool({ ffmpeg, limits, log });
  const snapshots = new Snapshots({ engine, pool, clock });
  const mjpeg = new MjpegStreams({ engine, pool });
  const { everySeconds } = config.pictureHealth;
  const checker = new PictureChecker({ engine, pool, clock, everySeconds, onFlag, log });
  const keeper =
    config.snapshots && new SnapshotKeeper({ ...config.snapshots, engine, snapshots, clock, log });
  if (ffmpeg.isThere) {
    checker.start();
    keeper?.start();
  }

  async function end(): Promise<void> {
    mjpeg.close();
    checker.close();
    await Promise.all([pool.close(), keeper?.close()]);
  }
  let closing: Promise<void> | undefined;
  return {
    snapshots,
    mjpeg,
    stills: config.snapshots && new KeptStills(config.snapshots),
    health: (stream) => checker.health(stream),
    statistics: () => ({
      pool: pool.statistics,
      snapshotCacheBytes: snapshots.cachedBytes,
      mjpeg: mjpeg.statistics,
      checker: checker.statistics,
      keeper: keeper?.statistics,
    }),
    forget(stream) {
      snapshots.forget(stream);
      checker.forget(stream);
    },
    close: () => (closing ??= end()),
  };
}
