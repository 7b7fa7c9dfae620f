import { readFileSync } from 'node:fs';
import { jpegArguments, mjpegArguments } from '../decode/arguments.ts';
import type { Ffmpeg } from '../decode/find-ffmpeg.ts';
import { flvConfiguration, flvHeader, flvPicture } from '../decode/flv.ts';
import { DecodePool, type PoolOptions } from '../decode/pool.ts';
import { mjpegFramesPerSecond } from '../pictures/mjpeg.ts';
import type { Clip } from './clip.ts';
import type { DecodeCosts } from './model.ts';

const snapshots = 5;
/** Of video, for the shorter of the two runs; the other is `moreSeconds` longer, and the difference is what counts. */
const lessSeconds = 1;
const moreSeconds = 3;
const maxOutputBytes = 64 * 2 ** 20;
const deadlineMs = 15_000;

/**
 * CPU of the relay's own ffmpeg command lines on a clip. On Linux the kernel's account of ended children, elsewhere the time
 * that they took. Rejects with DecodeError.
 */
export async function measureDecoding(
  ffmpeg: Extract<Ffmpeg, { isThere: true }>,
  limits: PoolOptions['limits'],
  clip: Clip,
): Promise<DecodeCosts> {
  const log = { debug: () => undefined, warn: () => undefined };
  const pool = new DecodePool({ ffmpeg, limits, log });
  const input = (pictures: number): Uint8Array[] => {
    const looped = Array.from(
      { length: pictures },
      (_, index) => clip.pictures[index % clip.pictures.length],
    );
    const configuration = clip.pictures[0] && flvConfiguration(clip.pictures[0].units);
    return [
      flvHeader,
      ...(configuration === undefined ? [] : [configuration]),
      ...looped.flatMap((picture, index) =>
        picture === undefined
          ? []
          : [flvPicture(picture.units, picture.isKey, (index * 1000) / clip.framesPerSecond)],
      ),
    ];
  };
  const run = async (key: string, args: readonly string[], pictures: number): Promise<number> => {
    const from = childSeconds();
    await pool.run({ key, arguments: args, input: input(pictures), maxOutputBytes, deadlineMs });
    return childSeconds() - from;
  };
  try {
    await run('warm', jpegArguments(undefined), 1);
    let snapshotSeconds = 0;
    for (let done = 0; done < snapshots; done++)
      snapshotSeconds += await run('snapshot', jpegArguments(undefined), 1);
    const moving = mjpegArguments(ffmpeg.version, undefined, mjpegFramesPerSecond);
    const short = await run('short', moving, lessSeconds * clip.framesPerSecond);
    const long = await run('long', moving, (lessSeconds + moreSeconds) * clip.framesPerSecond);
    return {
      snapshotMs: (snapshotSeconds * 1000) / snapshots,
      mjpegCores: Math.max(0, long - short) / moreSeconds,
    };
  } finally {
    await pool.close();
  }
}

const clockTicksPerSecond = 100;

/** CPU of all children that have ended: cutime and cstime, fields 16 and 17 of proc_pid_stat(5). */
function childSeconds(): number {
  if (process.platform !== 'linux') return performance.now() / 1000;
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) / clockTicksPerSecond;
}
