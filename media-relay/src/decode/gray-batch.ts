/** Key frames of many cameras to small grey pictures, in one process. */
import { ProtocolError } from '../media/protocol-error.ts';
import { grayArguments, grayBytes } from './arguments.ts';
import { DecodeError } from './decode-error.ts';
import { flvConfiguration, flvHeader, flvPicture } from './flv.ts';
import type { DecodePool } from './pool.ts';

export interface GrayResult {
  /** Luma, full range, grayWidth x grayHeight. */
  readonly pixels: Uint8Array;
  /** Of pixels of the picture before it was made small. */
  readonly checksum: string;
}

/** Far enough from each other for any rounding of time. */
const distanceMs = 1000;
const deadlineMs = 20_000;

/**
 * One entry for each key frame (NAL units, each after its length in four bytes); undefined for one that could not be
 * decoded. Rejects with DecodeError.
 */
export async function decodeGray(
  pool: Pick<DecodePool, 'run' | 'ffmpeg'>,
  keyFrames: readonly Uint8Array[],
): Promise<readonly (GrayResult | undefined)[]> {
  const { ffmpeg } = pool;
  if (!ffmpeg.isThere) throw new DecodeError('no-ffmpeg', ffmpeg.reason);
  const configuration = keyFrames.map(flvConfiguration).find((found) => found !== undefined);
  if (configuration === undefined) return keyFrames.map(() => undefined);
  const { output, side } = await pool.run({
    key: 'picture health',
    arguments: grayArguments(ffmpeg.version),
    input: [
      flvHeader,
      configuration,
      ...keyFrames.map((units, index) => flvPicture(units, true, index * distanceMs)),
    ],
    maxOutputBytes: grayBytes * (keyFrames.length + 1),
    deadlineMs,
    withSide: true,
  });
  const results: (GrayResult | undefined)[] = keyFrames.map(() => undefined);
  for (const [n, { atMs, checksum }] of listedFrames(side).entries()) {
    const pixels = output.subarray(n * grayBytes, (n + 1) * grayBytes);
    const index = Math.round(atMs / distanceMs);
    if (pixels.length === grayBytes && index < results.length) results[index] = { pixels, checksum };
  }
  return results;
}

function listedFrames(side: string): ListedFrame[] {
  try {
    return readFrameList(side);
  } catch (error) {
    throw error instanceof ProtocolError
      ? new DecodeError('failed', 'ffmpeg gave no list of pictures.')
      : error;
  }
}

export interface ListedFrame {
  readonly atMs: number;
  readonly checksum: string;
}

/**
 * What ffmpeg's `framecrc` muxer writes: `#tb 0: 1/25`, then `stream, dts, pts, duration, size, checksum` for each frame.
 * Throws ProtocolError 'FRAMECRC_BAD_LINE'.
 */
export function readFrameList(text: string): ListedFrame[] {
  const lines = text.split('\n').filter((line) => line !== '');
  if (lines.length === 0) return [];
  const [, numerator, denominator] =
    lines.map((line) => /^#tb 0: (\d{1,9})\/(\d{1,9})$/.exec(line)).find(Boolean) ?? [];
  const tickMs = (Number(numerator) * 1000) / Number(denominator);
  if (!(tickMs > 0 && Number.isFinite(tickMs)))
    throw new ProtocolError('FRAMECRC_BAD_LINE', 'there is no time base');
  return lines
    .filter((line) => !line.startsWith('#'))
    .map((line) => {
      const fields = line.split(',').map((field) => field.trim());
      const [, , pts = '', , , checksum = ''] = fields;
      if (!/^\d{1,15}$/.test(pts) || !/^0x[0-9a-f]{1,8}$/.test(checksum))
        throw new ProtocolError('FRAMECRC_BAD_LINE', 'a frame has no time or no checksum');
      return { atMs: Number(pts) * tickMs, checksum };
    });
}
