// bench: CPU of looking at one key frame, 40 cameras of 1080p in batches, ffmpeg and main thread apart
import { readFileSync } from 'node:fs';
import { grayHeight, grayWidth } from '../media-relay/src/decode/arguments.ts';
import { findFfmpeg } from '../media-relay/src/decode/find-ffmpeg.ts';
import { decodeGray } from '../media-relay/src/decode/gray-batch.ts';
import { DecodePool, poolLimits } from '../media-relay/src/decode/pool.ts';
import { hostLimits } from '../media-relay/src/host-limits.ts';
import { splitAnnexB } from '../media-relay/src/media/annex-b.ts';
import { nalType, nalTypeAt } from '../media-relay/src/media/h264.ts';
import { pictureFacts } from '../media-relay/src/pictures/picture-facts.ts';
import { createSilentLog } from '../media-relay/src/telemetry/log.ts';
import { makePicture } from './support/pictures.ts';
import { runBench } from './support/run-bench.ts';
import { round } from './support/stats.ts';

const cameras = 40;
const batch = 20;
const rounds = 5;

/** CPU seconds of all children that have ended: proc(5), fields 16 and 17, in hundredths of a second. */
function childrenCpuSeconds(): number {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

await runBench(120, {}, async () => {
  const picture = makePicture({ width: 1920, height: 1080, fps: 25, bitrateBps: 4_000_000, gopSeconds: 2 });
  const nals: Uint8Array[] = [];
  for (const nal of splitAnnexB(readFileSync(picture.path))) {
    const type = nalTypeAt(nal, 0);
    if (type === nalType.sps || type === nalType.pps || type === nalType.idr) nals.push(nal);
    if (type === nalType.idr) break;
  }
  const units = Buffer.concat(
    nals.flatMap((nal) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(nal.length);
      return [length, nal];
    }),
  );
  const pool = new DecodePool({
    ffmpeg: await findFfmpeg('ffmpeg'),
    limits: poolLimits(hostLimits(), undefined),
    log: createSilentLog(),
  });
  const before = childrenCpuSeconds();
  let factsMs = 0;
  let pictures = 0;
  for (let n = 0; n < (rounds * cameras) / batch; n++) {
    const results = await decodeGray(
      pool,
      Array.from({ length: batch }, () => units),
    );
    const startMs = performance.now();
    for (const result of results) {
      if (result === undefined) throw new Error('a key frame was not decoded');
      pictureFacts({ pixels: result.pixels, width: grayWidth, height: grayHeight });
      pictures++;
    }
    factsMs += performance.now() - startMs;
  }
  const ffmpegMs = ((childrenCpuSeconds() - before) * 1000) / pictures;
  await pool.close();
  return {
    ffmpegCpuMsPerPicture: round(ffmpegMs),
    mainThreadMsPerPicture: round(factsMs / pictures, 2),
    coreShareFor40CamerasEvery10s: round((cameras * (ffmpegMs + factsMs / pictures)) / 10_000, 3),
    keyFrameKB: round(units.length / 1000),
  };
});
