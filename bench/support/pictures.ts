import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { cacheDirectory } from './paths.ts';

export interface PictureOptions {
  readonly width?: number;
  readonly height?: number;
  readonly fps?: number;
  readonly bitrateBps?: number;
  readonly gopSeconds?: number;
  readonly slices?: 1 | 4;
  readonly profile?: 'baseline' | 'high';
  readonly bframes?: number;
  readonly seconds?: number;
  /** Every IDR slice is as large as this, filled up with cabac_zero_words (H.264 7.4.2.10). */
  readonly keyBytes?: number;
}

export interface Picture {
  /** Annex-B H.264, parameter sets before every IDR. It loops: its length is a whole number of GOPs. */
  readonly path: string;
  readonly fps: number;
  readonly bitrateBps: number;
}

/** A picture as one camera sends it. */
export interface SentPicture extends Picture {
  /** In the file. */
  readonly frames: number;
  /** When it sent its first one, of CLOCK_MONOTONIC, and which one that was. */
  readonly startMs: number;
  readonly firstFrame: number;
  /** Cameras that send the same file, out of step. */
  readonly cameras: number;
}

/** A camera's pictures by x264: motion and sensor noise, so that the bitrate is really filled. Made once, then reused. */
export function makePicture(options: PictureOptions = {}): Picture {
  const { width = 1280, height = 720, fps = 30, bitrateBps = 4_000_000, gopSeconds = 4 } = options;
  const { slices = 1, profile = 'high', bframes = 0, seconds = 20, keyBytes = 0 } = options;
  const name = `${width}x${height}-${fps}fps-${bitrateBps}bps-gop${gopSeconds}s-${slices}slices-${profile}-b${bframes}-${seconds}s-key${keyBytes}.h264`;
  const file = path.join(cacheDirectory(), name);
  if (existsSync(file)) return { path: file, fps, bitrateBps };

  const fresh = `${file}.${process.pid}`;
  const gop = Math.round(gopSeconds * fps);
  const source = `testsrc2=size=${width}x${height}:rate=${fps},noise=alls=12:allf=t:all_seed=1`;
  const encoder = `-c:v libx264 -preset veryfast -pix_fmt yuv420p -threads 2 -profile:v ${profile} -bf ${bframes}`;
  const gopOptions = `-g ${gop} -keyint_min ${gop} -sc_threshold 0 -x264-params slices=${slices}`;
  const rate = `-b:v ${bitrateBps} -maxrate ${bitrateBps} -bufsize ${bitrateBps}`;
  const input = `-hide_banner -loglevel error -y -f lavfi -i ${source} -t ${seconds}`;
  const args = [...`${input} ${encoder} ${gopOptions} ${rate} -f h264`.split(' '), fresh];
  const result = spawnSync('ffmpeg', args, { encoding: 'utf8', timeout: 120_000 });
  if (result.error)
    throw new Error(`The benches need ffmpeg: apt-get install -y ffmpeg (${result.error.message})`);
  if (result.status !== 0) throw new Error(`ffmpeg could not make ${name}: ${result.stderr}`);
  if (keyBytes > 0) writeFileSync(fresh, enlargeKeyFrames(readFileSync(fresh), keyBytes));
  renameSync(fresh, file);
  return { path: file, fps, bitrateBps };
}

/** `annexB` with one slice per picture. Decoders pass over what follows the slice data of a CABAC picture. */
function enlargeKeyFrames(annexB: Buffer, keyBytes: number): Buffer {
  const parts: Buffer[] = [];
  let start = 0;
  while (start < annexB.length) {
    const following = annexB.indexOf('000001', start + 4, 'hex');
    // A start code of four bytes begins one before.
    const isLong = following > 0 && annexB[following - 1] === 0;
    const end = following < 0 ? annexB.length : following - (isLong ? 1 : 0);
    const unit = annexB.subarray(start, end);
    parts.push(unit);
    const type = (unit[unit.indexOf(1) + 1] ?? 0) & 31;
    if (type === 5)
      parts.push(Buffer.alloc(3 * Math.ceil(Math.max(0, keyBytes - unit.length) / 3), '000003', 'hex'));
    start = end;
  }
  return Buffer.concat(parts);
}
